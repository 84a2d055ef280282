"""Interleaved timing: every round lets the contestants take a turn, in a shuffled order.

Machines drift (clock, heat, neighbours); what happens to one contestant in a round happens to the
others as well, so that the ratio within a round can be believed where two means can't.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from skinlite.process.signals import taken
from skinlite.progress import Report
from skinlite_benchmarks.results.results import SETTLE_NS

Run = Callable[[int, int], list[int]]
"""``run(timed, untimed)``: nanoseconds of the timed invocations that follow the untimed ones."""

TURN_NS = 50_000_000
"""A turn repeats a fast model until about this time, at most `MOST_REPEATS` times."""
MOST_REPEATS = 10
STEADY = 0.05
WARM_UP_NS = 3_000_000_000


@dataclass
class Samples:
    """The turns of one contestant: nanoseconds, by the number of the round."""

    turns: dict[int, list[int]] = field(default_factory=dict)
    steady: bool = True


@dataclass(frozen=True)
class Interleaved:
    """What was measured; ``interrupted`` by Ctrl-C after at least one round."""

    samples: dict[str, Samples]
    interrupted: bool


def interleave(
    contestants: Mapping[str, Run],
    *,
    rounds: int,
    slow_seconds: float,
    seed: int,
    report: Report,
    title: str = "timing",
) -> Interleaved:
    """Warm up, then time in rounds; a turn settles first (`SETTLE_NS`).

    Args:
        contestants: by name.
        rounds: turns of a fast contestant.
        slow_seconds: a contestant whose turns would take longer than this in all, with one untimed
            invocation each (all the settling of a slow one), is slow. The slow ones take part in
            every k-th round only, all in the same rounds, so that they can be paired with each
            other and with the fast ones.
        seed: of the order within the rounds.
        report: told after each round.
        title: for ``report``.

    Raises:
        KeyboardInterrupt: Ctrl-C before the first round was complete.
    """
    samples, repeats, settling, cost_ns = {}, {}, {}, {}
    for number, (name, run) in enumerate(contestants.items()):
        report(f"{title}: warming up {name}", number, len(contestants) + 1)
        invocation_ns, steady = warm_up(run)
        samples[name] = Samples(steady=steady)
        repeats[name] = max(1, min(MOST_REPEATS, int(TURN_NS / invocation_ns)))
        settling[name] = max(1, math.ceil(SETTLE_NS / invocation_ns))
        cost_ns[name] = invocation_ns * (repeats[name] + 1)

    seconds = {name: rounds * cost_ns[name] / 1e9 for name in contestants}
    slow = {name for name in contestants if seconds[name] > slow_seconds}
    stride = max((math.ceil(seconds[name] / slow_seconds) for name in slow), default=1)
    random = np.random.default_rng(seed)
    for number in range(rounds):
        turns = {}
        try:
            for name in random.permutation(list(contestants)).tolist():
                if name not in slow or number % stride == 0:
                    turns[name] = contestants[name](repeats[name], settling[name])
        except KeyboardInterrupt:
            if number == 0:
                raise
            taken()
            return Interleaved(samples, interrupted=True)
        for name, turn in turns.items():
            samples[name].turns[number] = turn
        report(title, number + 1, rounds)
    return Interleaved(samples, interrupted=False)


def warm_up(run: Run) -> tuple[float, bool]:
    """Invoke until settled and two batches in a row have the same median within 5 %; at most 3 s.

    Returns:
        Nanoseconds of one invocation, and whether it came to rest.
    """
    spent, before = 0, math.inf
    while True:
        batch = run(3, 0)
        now, spent = median(batch), spent + sum(batch)
        if spent >= SETTLE_NS and abs(now - before) <= STEADY * now:
            return now, True
        if spent >= WARM_UP_NS:
            return now, False
        before = now
