"""Why the figures may be unstable, and what to try; nothing when they may be believed.

After pyperf, which says so only when the data ask for it.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.records import Limit
from skinlite_benchmarks.results.results import Host, Instability, Measurement

SPREAD = 0.10
"""Interquartile range over median above which a latency is called wide."""
RATIO_SPREAD = 0.10
FEWEST_ROUNDS = 100
FEWEST_SLOW_ROUNDS = 20
BUSY = 0.2
FEW = 3
"""Names in a sentence; of more it gives the number."""
MOST_SHARE = 1.1
"""Of the arithmetic limit; a little more than all of it is the measurement's own spread."""


class _Timed(Protocol):
    """What has a contestant and a number of threads."""

    @property
    def contestant(self) -> str: ...
    @property
    def threads(self) -> int: ...


class _Doubt(NamedTuple):
    reason: str
    holds: Callable[[Measurement], bool]
    advice: str


_DOUBTS = (
    _Doubt(
        f"Wide spread (interquartile range above {SPREAD:.0%} of the median)",
        lambda timed: not timed.latency.iqr <= SPREAD * timed.latency.p50,  # NaN is no narrow one
        "Measure again on an idle machine, plugged in, with the governor 'performance'.",
    ),
    _Doubt(
        f"The ratio to the baseline is uncertain (interval wider than {RATIO_SPREAD:.0%})",
        lambda timed: not _width(timed) <= RATIO_SPREAD,
        "Ask for more rounds with --rounds.",
    ),
    _Doubt(
        "The warm-up times did not become stable",
        lambda timed: not timed.steady,
        "The clock speed may change with temperature; let the machine cool down and measure again.",
    ),
    _Doubt(
        f"Fewer than {FEWEST_SLOW_ROUNDS} rounds",
        lambda timed: timed.rounds < FEWEST_SLOW_ROUNDS,
        "Ask for more rounds with --rounds.",
    ),
)


def unstable(measurement: Measurement) -> bool:
    """Whether the measurement itself, whatever the host, is a reason not to believe its times."""
    return any(doubt.holds(measurement) for doubt in _DOUBTS)


def judge(host: Host, measurements: list[Measurement], rounds: int) -> list[Instability]:
    """Look for reasons not to believe the figures.

    Args:
        host: with the load around the measurement.
        measurements: what was measured.
        rounds: that were asked for.
    """
    verdicts = []

    def add(reason: str, which: list[Measurement], advice: str) -> None:
        if which:
            verdicts.append(
                Instability(reason=f"{reason}: {names(which, measurements)}.", advice=advice)
            )

    if host.busy and max(host.busy) > BUSY:
        start, end = host.busy
        verdicts.append(
            Instability(
                reason=f"Other work used {start:.0%} of the cores before and {end:.0%} after the "
                "measurement.",
                advice="Close other programs and measure again; ratios change less than times.",
            )
        )
    for doubt in _DOUBTS:
        add(doubt.reason, [m for m in measurements if doubt.holds(m)], doubt.advice)
    if rounds < FEWEST_ROUNDS:
        verdicts.append(
            Instability(
                reason=f"Only {rounds} rounds were asked for.",
                advice=f"Ask for at least {FEWEST_ROUNDS}: --rounds {FEWEST_ROUNDS}",
            )
        )
    add(
        "Faster than the measured arithmetic of this machine",
        [m for m in measurements if m.limit and _impossible(m.limit)],
        "The limits were measured while the machine was busy; measure again on an idle machine.",
    )
    add(
        f"More threads than cores ({host.cores})",
        [m for m in measurements if m.threads > host.cores],
        "Ask for fewer threads with --threads.",
    )
    return verdicts


def names(which: Sequence[_Timed], everyone: Sequence[_Timed], few: int = FEW) -> str:
    """``with one thread, a, b; with two threads, all but c``, or how many if over `few`."""
    counts_by_list: dict[str, list[str]] = {}
    for count in dict.fromkeys(timed.threads for timed in which):
        listed = [timed.contestant for timed in which if timed.threads == count]
        rest = [m.contestant for m in everyone if m.threads == count and m not in which]
        counts_by_list.setdefault(_shortest(listed, rest, few), []).append(naming.threads(count))
    return "; ".join(
        f"with {' or '.join(counts)}, {listed}" for listed, counts in counts_by_list.items()
    )


def _shortest(names: list[str], rest: list[str], few: int) -> str:
    most = len(names) > len(rest) + 1
    listed = rest if most else names
    if len(listed) > few:
        return f"{len(names)} of {len(names) + len(rest)}"
    if not most:
        return ", ".join(names)
    return f"all but {', '.join(rest)}" if rest else "all"


def _impossible(limit: Limit) -> bool:
    return limit.bound == "arithmetic" and limit.share > MOST_SHARE


def _width(measurement: Measurement) -> float:
    ratio = measurement.ratio
    if ratio is None:
        return 0.0
    return (ratio.high - ratio.low) / ratio.median if ratio.median else math.inf
