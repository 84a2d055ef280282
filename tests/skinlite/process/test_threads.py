"""Many items on a few threads: all of them, or after an interruption what has begun."""

import subprocess
import sys
import threading
import time

import pytest

from skinlite.process.threads import in_threads

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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no interval timer")
def test_an_interruption_at_any_moment_ends_it() -> None:
    """ThreadPoolExecutor does not get through these: interrupted in a lock, it keeps it."""
    subprocess.run([sys.executable, "-c", INTERRUPTED], check=True, timeout=60)
