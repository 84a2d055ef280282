"""`Report`: how the library tells a progress bar, or whoever listens, where it is."""

from collections.abc import Callable

Report = Callable[[str, int, int], None]
"""Called with what is being done, the steps done and the steps in all."""


def silent(what: str, done: int, total: int) -> None:
    """Report to nobody."""
