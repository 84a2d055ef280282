"""Threads for what is done to many images."""

import os
import time
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

POLL_S = 0.005


def in_threads(task: Callable[[T], R], items: Iterable[T], most: int | None = None) -> list[R]:
    """What ``task`` gives for each item, in the items' order.

    An exception ends it early, of a task or of Ctrl-C: what has begun is awaited, the rest dropped.

    Ctrl-C and a shutdown interrupt the main thread between any two instructions. Python's own pools
    have it take locks there; interrupted between taking one and giving it back, it then waits for
    threads that wait for that lock, for ever. So it takes none here, and starts bare threads.

    Args:
        task: what to do; it should release the GIL, as decoding and hashing do.
        items: to do it to.
        most: threads at once; without it, four more than the cores.
    """
    return _in_threads(task, items, most or (os.cpu_count() or 1) + 4, [])


def side_by_side(works: Sequence[Iterable[T]]) -> list[list[T]]:
    """What each of some iterables gives, each in a thread of its own.

    An exception, also of Ctrl-C, ends all of them at their next item; see `in_threads`.
    """
    faults: list[BaseException] = []

    def exhaust(work: Iterable[T]) -> list[T]:
        results = []
        for result in work:
            results.append(result)
            if faults:
                break
        return results

    return _in_threads(exhaust, works, len(works), faults)


def _in_threads(
    task: Callable[[T], R], items: Iterable[T], most: int, faults: list[BaseException]
) -> list[R]:
    """See `in_threads`; what ends it early is noted in ``faults`` at once."""
    todo = deque(enumerate(items))
    count = min(most, len(todo))
    results: dict[int, R] = {}
    begun: list[None] = []
    ended: list[None] = []

    def work() -> None:
        begun.append(None)
        try:
            while entry := _next(todo):
                index, item = entry
                results[index] = task(item)
        except BaseException as error:
            faults.append(error)
            todo.clear()
        finally:
            ended.append(None)

    try:
        for _ in range(count):
            start_new_thread(work, ())
        while len(ended) < count:
            time.sleep(POLL_S)
    except BaseException as error:
        faults.append(error)
        raise
    finally:
        todo.clear()
        while len(ended) < len(begun):
            time.sleep(POLL_S)
    if faults:
        raise faults[0]
    return [results[index] for index in range(len(results))]


def _next(todo: "deque[tuple[int, T]]") -> tuple[int, T] | None:
    try:
        return todo.popleft()
    except IndexError:  # asking first whether there is one would be another thread's chance
        return None
