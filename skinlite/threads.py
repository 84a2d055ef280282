"""Threads for what is done to many pictures."""

from concurrent.futures import ThreadPoolExecutor
from types import TracebackType


class Threads(ThreadPoolExecutor):
    """A pool that an exception ends, Ctrl-C too: what has not begun is not done any more.

    The one of the standard library does all that was given to it first, which may take minutes.
    """

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown(cancel_futures=kind is not None)
