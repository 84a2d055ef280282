"""`need`: import what only some installations have; `installed_version`: of what is there."""

import importlib
import importlib.metadata
import importlib.util

from skinlite.errors import MissingExtraError
from skinlite.process.quiet import silenced


def need(module: str, extra: str) -> None:
    """Import an optional part of the installation, without its start-up chatter.

    Raises:
        MissingExtraError: names the ``pip install`` line.
    """
    need_all({module: extra})


def need_all(extras: dict[str, str]) -> None:
    """`need` for several modules, each with its extra: the first imports can take ten seconds, and
    what is missing is told before them.

    Raises:
        MissingExtraError: as of `need`, for the first one that is missing.
    """
    for module, extra in extras.items():
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(module, extra)
    with silenced():
        for module in extras:
            importlib.import_module(module)


def installed_version(package: str) -> str | None:
    """By the name that pip knows it by; None where it isn't installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
