"""From samples to figures: percentiles, and the ratio to the reference paired by round."""

import numpy as np
from numpy.typing import NDArray

from skinlite_benchmarks.measure.interleave import Samples
from skinlite_benchmarks.results.records import Interval, Latency

RESAMPLES = 2000


def latency(samples: Samples) -> Latency:
    """Percentiles over all timed invocations, milliseconds."""
    return percentiles(np.concatenate(list(samples.turns.values())) / 1e6)


def percentiles(milliseconds: NDArray[np.float64]) -> Latency:
    """Percentiles of timed invocations (N,)."""
    p25, p50, p75, p90, p99 = np.percentile(milliseconds, [25, 50, 75, 90, 99]).tolist()
    return Latency(p50=p50, p90=p90, p99=p99, min=float(milliseconds.min()), iqr=p75 - p25)


def ratio(reference: Samples, contestant: Samples, seed: int) -> Interval | None:
    """How many times faster than the reference: median over rounds, 95 % bootstrap interval.

    A round's ratio is the median of the reference's turn over the median of the contestant's turn
    in the same round. None where they share no round.
    """
    shared = sorted(reference.turns.keys() & contestant.turns.keys())
    if not shared:
        return None
    ratios = np.array(
        [np.median(reference.turns[n]) / np.median(contestant.turns[n]) for n in shared]
    )
    return bootstrap_median(ratios, seed)


def bootstrap_median(values: NDArray[np.float64], seed: int) -> Interval:
    """Median of ``values`` (N,) with the percentile bootstrap's 95 % interval.

    Source: Efron, Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
    """
    random = np.random.default_rng(seed)
    drawn = values[random.integers(0, len(values), (RESAMPLES, len(values)))]
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5]).tolist()
    return Interval(median=float(np.median(values)), low=low, high=high)
