"""An interrupted pool ends with what has begun."""

import threading

import pytest

from skinlite.threads import threads


def test_an_exception_drops_what_has_not_begun() -> None:
    begun, go = [], threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        go.wait(10)

    with pytest.raises(KeyboardInterrupt), threads(2) as pool:
        for number in range(100):
            pool.submit(work, number)
        threading.Timer(0.2, go.set).start()
        raise KeyboardInterrupt
    assert len(begun) <= 4


def test_without_one_everything_is_done() -> None:
    with threads(2) as pool:
        done = [pool.submit(str, number) for number in range(100)]
    assert [one.result() for one in done] == [str(number) for number in range(100)]
