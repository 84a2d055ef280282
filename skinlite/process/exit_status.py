"""How another process ended, in words."""

import signal


def how_it_ended(code: int, errors: str) -> str:
    """An exit code or a signal, and the last line of what the process wrote to standard error.

    Args:
        code: as `subprocess` has it: below 0 for a signal.
        errors: what it wrote.
    """
    if code < 0:
        end = signal.Signals(-code).name
        if end == "SIGKILL":
            end += ", probably for lack of memory"
    else:
        end = f"exit code {code}"
    last = errors.strip().rpartition("\n")[2]
    return f"its process ended with {end}" + (f" ({last})" if last else "")
