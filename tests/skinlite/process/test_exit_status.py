"""How a process ended is told by its code, and by the last line that it wrote."""

import signal

import pytest

from skinlite.process.exit_status import how_it_ended


@pytest.mark.parametrize(
    ("code", "errors", "expected"),
    [
        (1, "", "exit code 1"),
        (2, "Traceback\nValueError: no layer\n\n", "exit code 2 (ValueError: no layer)"),
        (-signal.SIGTERM, "", "SIGTERM"),
        (-signal.SIGKILL, "half", "SIGKILL, probably for lack of memory (half)"),
    ],
)
def test_code_and_last_line(code: int, errors: str, expected: str) -> None:
    assert how_it_ended(code, errors) == f"its process ended with {expected}"
