"""Percentiles and ratios on numbers known beforehand."""

import numpy as np
import pytest
from scipy.stats import norm

from skinlite_benchmarks.measure import statistics as figures
from skinlite_benchmarks.measure.interleave import Samples

from ..conftest import samples


def test_latency_percentiles() -> None:
    latency = figures.latency(samples(list(np.arange(1.0, 102.0))))  # 1 ... 101 ms
    assert (latency.p50, latency.p90, latency.p99) == pytest.approx((51, 91, 100))
    assert (latency.min, latency.iqr) == pytest.approx((1, 50))


def test_ratio_is_paired_by_round_so_that_drift_cancels() -> None:
    drift = np.linspace(1, 3, 60)
    ratio = figures.ratio(samples(list(40 * drift)), samples(list(2 * drift)), seed=0)
    assert ratio is not None
    assert (ratio.median, ratio.low, ratio.high) == pytest.approx((20, 20, 20), rel=1e-5)


def test_ratio_takes_only_the_rounds_that_both_ran() -> None:
    reference = Samples({0: [8_000_000], 4: [8_000_000]})
    contestant = Samples({0: [2_000_000], 1: [1], 2: [1], 3: [1], 4: [4_000_000]})
    ratio = figures.ratio(reference, contestant, seed=0)
    assert ratio is not None
    assert ratio.median == pytest.approx(3)  # of 4 and 2
    assert figures.ratio(Samples({5: [1]}), Samples({6: [1]}), seed=0) is None


def test_ratio_takes_the_median_of_a_turn() -> None:
    ratio = figures.ratio(Samples({0: [90]}), Samples({0: [9, 10, 500]}), seed=0)
    assert ratio is not None
    assert ratio.median == 9


def test_interval_covers_the_true_median_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    covered = 0
    for seed in range(200):
        one = figures.bootstrap_median(random.normal(10, 1, 60), seed)
        covered += one.low <= 10 <= one.high
    assert 180 <= covered <= 199


def test_interval_is_as_wide_as_theory_has_it() -> None:
    """The median of N normal values deviates by sqrt(pi / 2 N), and 95 % lie within 1.96 of that.

    The values are the normal distribution's quantiles, so that no chance is in them.
    """
    count = 1001
    values = norm.ppf((np.arange(count) + 0.5) / count)
    one = figures.bootstrap_median(values, seed=0)
    assert one.high - one.low == pytest.approx(2 * 1.96 * np.sqrt(np.pi / 2 / count), rel=0.06)
    assert one.median == pytest.approx(0, abs=1e-9)
    assert -one.low == pytest.approx(one.high, rel=0.1)


def test_interval_is_seeded() -> None:
    values = np.random.default_rng(0).normal(10, 1, 50)
    assert figures.bootstrap_median(values, 3) == figures.bootstrap_median(values, 3)
    assert figures.bootstrap_median(values, 3) != figures.bootstrap_median(values, 4)
