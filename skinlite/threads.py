"""Threads for what is done to many pictures."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def threads(most: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """A pool that an exception ends, Ctrl-C too: what has not begun is not done any more.

    Left to itself the pool does all that was given to it first, which may take minutes.
    """
    with ThreadPoolExecutor(most) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
