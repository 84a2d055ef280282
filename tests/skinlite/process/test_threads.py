"""Many items on a few threads: all of them, or after an interruption what has begun."""

import _thread
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from skinlite.process.threads import in_threads, side_by_side

LONG = 5_000

INTERRUPTED = """
import random, signal
from skinlite.process.threads import in_threads

signal.signal(signal.SIGALRM, signal.default_int_handler)
for _ in range(300):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.003))
        while True:
            in_threads(str, range(20_000), 4)
    except KeyboardInterrupt:
        pass
"""


def test_everything_is_done_and_in_order() -> None:
    def late(number: int) -> int:
        time.sleep(0.02 * (number == 0))
        return -number

    assert in_threads(late, range(100), 4) == [-number for number in range(100)]
    assert in_threads(late, []) == []


def test_a_fault_drops_what_has_not_begun() -> None:
    begun, go = [], threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            threading.Timer(0.1, go.set).start()
            raise ValueError("one")
        go.wait(10)

    with pytest.raises(ValueError, match="one"):
        in_threads(work, range(100), 2)
    assert sorted(begun) == [0, 1]
    assert go.is_set(), "what had begun was not awaited"


def long(steps: list[int]) -> Iterator[None]:
    """Ends by itself after more than five seconds, and notes its steps."""
    for step in range(LONG):
        steps.append(step)
        yield time.sleep(0.001)


def test_iterables_are_exhausted_side_by_side() -> None:
    """Each waits for the other at its first item: one after the other they would never end."""
    both = threading.Barrier(2, timeout=10)

    def work(count: int) -> Iterator[int]:
        both.wait()
        yield from range(count)

    assert side_by_side([work(3), work(5)]) == [[0, 1, 2], [0, 1, 2, 3, 4]]
    assert side_by_side([]) == []


def test_a_fault_of_one_ends_the_others_at_their_next_item() -> None:
    def faulty() -> Iterator[int]:
        raise ValueError("one")
        yield 0

    with pytest.raises(ValueError, match="one"):
        side_by_side([long(steps := []), faulty()])
    assert len(steps) < LONG


def test_ctrl_c_ends_iterables_at_their_next_item() -> None:
    steps: list[int] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest-xdist ignores it
    try:
        threading.Timer(0.1, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            side_by_side([long(steps), long(steps)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(steps) < LONG


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no interval timer")
def test_an_interruption_at_any_moment_ends_it() -> None:
    """ThreadPoolExecutor does not get through these: interrupted in a lock, it keeps it."""
    subprocess.run([sys.executable, "-c", INTERRUPTED], check=True, timeout=60)
