"""Ranges of activations: the few far out don't spend the steps of the many."""

import numpy as np
import pytest


def test_an_even_histogram_keeps_its_range() -> None:
    from skinlite_export.ranges import BINS, best_range

    assert best_range(np.ones(BINS), -1.0, 3.0) == (-1.0, 3.0)


def test_one_value_far_out_is_clipped() -> None:
    """A million values below 1 and one of 3: the steps are better spent on the million."""
    from skinlite_export.ranges import BINS, best_range

    histogram = np.zeros(BINS)
    histogram[: BINS // 3] = 1e6 / (BINS // 3)
    histogram[-1] = 1
    low, high = best_range(histogram, 0.0, 3.0)
    assert low == 0
    assert 1 <= high < 1.5


def test_the_error_is_indeed_the_smallest() -> None:
    """Measured by quantizing: no other range that is tried does better."""
    from skinlite_export.ranges import BINS, SHARES, best_range

    values = np.random.default_rng(0).standard_t(3, 100_000)
    low, high = float(values.min()), float(values.max())
    histogram, _ = np.histogram(values, BINS, (low, high))

    def error(bottom: float, top: float) -> float:
        step = (top - bottom) / 255
        rounded = np.rint((np.clip(values, bottom, top) - bottom) / step) * step + bottom
        return float(np.mean((values - rounded) ** 2))

    found = error(*best_range(histogram.astype(float), low, high))
    tried = [error(low * bottom, high * top) for bottom in SHARES[::5] for top in SHARES[::5]]
    assert found <= min(tried) * 1.02
    assert found < 0.9 * error(low, high)


def test_the_range_always_holds_zero() -> None:
    from skinlite_export.ranges import BINS, best_range

    for low, high in ((1.0, 2.0), (-2.0, -1.0)):
        bottom, top = best_range(np.ones(BINS), low, high)
        assert bottom <= 0 <= top
        assert (bottom, top) == pytest.approx((min(low, 0), max(high, 0)))
