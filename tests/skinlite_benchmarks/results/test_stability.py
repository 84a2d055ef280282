"""A verdict for each reason to doubt, none for a quiet measurement."""

import pytest

from skinlite_benchmarks.results.records import Interval, Limit
from skinlite_benchmarks.results.results import Host
from skinlite_benchmarks.results.stability import judge, unstable

from ..conftest import measurement

QUIET = [5.0, 5.05, 4.95] * 40


def test_quiet_measurement_has_no_verdict(host: Host) -> None:
    assert judge(host, [measurement("a", QUIET)], rounds=120) == []


@pytest.mark.parametrize(
    ("changes", "times", "reason", "of_itself"),
    [
        ({}, [4.0, 5.0, 6.0] * 40, "Wide spread", True),
        ({}, QUIET[:6], "Fewer than 20 rounds", True),
        ({"steady": False}, QUIET, "did not become stable", True),
        ({"threads": 8}, QUIET, "More threads than cores", False),
        (
            {"limit": Limit(ms=6, bound="arithmetic", share=1.2)},
            QUIET,
            "Faster than the measured",
            False,
        ),
        ({"ratio": Interval(median=50, low=40, high=60)}, QUIET, "uncertain", True),
    ],
)
def test_reason_names_the_contestant(
    host: Host, changes: dict[str, object], times: list[float], reason: str, of_itself: bool
) -> None:
    doubtful = measurement("doubtful", times, **changes)
    (verdict,) = judge(host, [measurement("good", QUIET), doubtful], rounds=120)
    assert reason in verdict.reason and "doubtful" in verdict.reason
    assert "good" not in verdict.reason
    assert verdict.advice
    assert (unstable(doubtful), unstable(measurement("good", QUIET))) == (of_itself, False)


def test_a_reason_that_holds_for_most_names_the_others(host: Host) -> None:
    doubtful = [measurement(name, [4.0, 5.0, 6.0] * 40) for name in "abc"]
    (everyone,) = judge(host, doubtful, rounds=120)
    (most,) = judge(host, [*doubtful, measurement("good", QUIET)], rounds=120)
    assert everyone.reason.endswith("with one thread, all.")
    assert most.reason.endswith("with one thread, all but good.")


def test_many_names_are_counted(host: Host) -> None:
    doubtful = [measurement(name, [4.0, 5.0, 6.0] * 40) for name in "abcd"]
    good = [measurement(name, QUIET) for name in "efgh"]
    (half,) = judge(host, doubtful + good, rounds=120)
    assert half.reason.endswith("with one thread, 4 of 8.")
    (few,) = judge(host, doubtful[:3] + good, rounds=120)
    assert few.reason.endswith("with one thread, a, b, c.")


def test_what_holds_for_every_number_of_threads_is_said_once(host: Host) -> None:
    both = [
        measurement(name, times, threads=threads)
        for threads in (1, 2)
        for name, times in {"wide": [4.0, 5.0, 6.0] * 40, "good": QUIET}.items()
    ]
    (verdict,) = judge(host, both, rounds=120)
    assert verdict.reason.endswith("with one thread or two threads, wide.")


def test_busy_machine_and_few_rounds(host: Host) -> None:
    busy = host.model_copy(update={"busy": (0.02, 0.9)})
    reasons = [one.reason for one in judge(busy, [measurement("a", QUIET)], rounds=30)]
    assert len(reasons) == 2
    assert "90%" in reasons[0] and "30 rounds" in reasons[1]


def test_machine_that_tells_no_load(host: Host) -> None:
    silent = host.model_copy(update={"busy": None, "load": None})
    assert judge(silent, [measurement("a", QUIET)], rounds=120) == []
