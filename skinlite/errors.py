"""The errors a user can meet, each with the exit code the command line gives it.

A message says what is wrong, where (file, row, layer, setting) and what to do next.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class SkinliteError(Exception):
    """Base of every error that is told to the user without a traceback."""

    exit_code = 1


class SkinliteWarning(UserWarning):
    """Something the user should know though the work goes on."""


class InputError(SkinliteError):
    """The input or a flag is wrong: a path, a file, a column, a value. Exit code 2."""

    exit_code = 2


class MissingExtraError(InputError):
    """A command needs an optional part of the installation."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(
            f"This command needs {module}, which is not installed. "
            f"Install it with: pip install 'skinlite[{extra}]'"
        )


class GateError(SkinliteError):
    """A gate failed: the exported file did not keep the diagnosis. Exit code 3."""

    exit_code = 3


@contextmanager
def told() -> Iterator[None]:
    """Around a ``main`` of its own: an error of ours ends it with its message and exit code."""
    try:
        yield
    except SkinliteError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
