"""Ranges of activations: the few far out don't spend the steps of the many."""

from typing import Any

import numpy as np
import pytest

from skinlite.data.examples import Examples


def test_an_even_histogram_keeps_its_range() -> None:
    from skinlite_export.convert.choose_ranges import BINS, best_range

    assert best_range(np.ones(BINS), -1.0, 3.0) == (-1.0, 3.0)


def test_one_value_far_out_is_clipped() -> None:
    """A million values below 1 and one of 3: the steps are better spent on the million."""
    from skinlite_export.convert.choose_ranges import BINS, best_range

    histogram = np.zeros(BINS)
    histogram[: BINS // 3] = 1e6 / (BINS // 3)
    histogram[-1] = 1
    low, high = best_range(histogram, 0.0, 3.0)
    assert low == 0
    assert 1 <= high < 1.5


def test_the_error_is_indeed_the_smallest() -> None:
    """Measured by quantizing: no other range that is tried does better."""
    from skinlite_export.convert.choose_ranges import BINS, SHARES, best_range

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


@pytest.mark.parametrize("kind", ["exponential", "half normal", "lognormal"])
def test_clipping_and_rounding_count_in_proportion(kind: str) -> None:
    """Of all ends that are tried, the one with the smallest error as quantizing measures it."""
    from skinlite_export.convert.choose_ranges import BINS, SHARES, best_range

    random = np.random.default_rng(0)
    values = {
        "exponential": random.exponential(size=200_000),
        "half normal": np.abs(random.normal(size=200_000)),
        "lognormal": random.lognormal(size=200_000),
    }[kind]
    high = float(values.max())
    histogram, _ = np.histogram(values, BINS, (0, high))

    def error(top: float) -> float:
        step = top / 255
        return float(np.mean((values - np.rint(np.clip(values, 0, top) / step) * step) ** 2))

    low, found = best_range(histogram.astype(float), 0.0, high)
    assert low == 0
    assert error(found) <= min(error(high * share) for share in SHARES[:24]) * 1.001


def test_the_range_always_holds_zero() -> None:
    from skinlite_export.convert.choose_ranges import BINS, best_range

    for low, high in ((1.0, 2.0), (-2.0, -1.0)):
        bottom, top = best_range(np.ones(BINS), low, high)
        assert bottom <= 0 <= top
        assert (bottom, top) == pytest.approx((min(low, 0), max(high, 0)))


def test_a_picture_far_out_has_less_of_a_vote() -> None:
    """Up to the usual size errors count in proportion to it; beyond, ever less."""
    from skinlite_export.convert.choose_ranges import USUAL, vote

    assert vote(2.0, usual=1.0) * 2 == vote(0.5, usual=1.0) * 0.5 == 1
    assert vote(USUAL * 100, usual=1.0) * USUAL * 100 == pytest.approx(0.01)
    assert np.isfinite(vote(0.0, usual=0.0))


def test_a_picture_that_leaves_a_tensor_silent_does_not_set_its_range() -> None:
    """One of a hundred, on which every ReLU is closed, once had all the votes there are."""
    from skinlite_export.convert.choose_ranges import best_ranges

    random = np.random.default_rng(0)
    samples = [[random.exponential(size=64).astype(np.float32)] for _ in range(100)]
    ((_, expected),) = best_ranges([lambda: samples])
    silent = [np.zeros(64, np.float32)]
    faint = [np.full(64, 1e-4, np.float32)]
    ((_, found),) = best_ranges([lambda: [*samples, silent, faint]])
    assert found == pytest.approx(expected, rel=0.15)


def test_halves_that_run_side_by_side_choose_what_the_whole_chooses() -> None:
    from skinlite_export.convert.choose_ranges import best_ranges
    from skinlite_export.convert.samples import halves

    random = np.random.default_rng(0)
    samples = [
        [random.normal(size=64).astype(np.float32), random.exponential(size=9).astype(np.float32)]
        for _ in range(31)
    ]
    expected = best_ranges([lambda: samples])
    found = best_ranges([lambda half=half: half for half in halves(samples)])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_picture_that_is_loud_everywhere_does_not_set_the_range() -> None:
    from skinlite_export.convert.choose_ranges import best_ranges

    random = np.random.default_rng(0)
    samples = [[random.exponential(size=64).astype(np.float32)] for _ in range(100)]
    ((_, expected),) = best_ranges([lambda: samples])
    loud = [random.uniform(0, 300, size=64).astype(np.float32)]
    ((_, found),) = best_ranges([lambda: [*samples, loud]])
    assert found < 3 * expected


@pytest.mark.parametrize("count", [1, 150, 151, 294, 1000])
def test_ranges_are_measured_on_pictures_from_all_over_the_set(count: int) -> None:
    """A folder sorted by class would otherwise show its first classes only."""
    from skinlite_export.convert.choose_ranges import MOST_SAMPLES, some_of

    found = some_of(iter(range(count)))
    assert MOST_SAMPLES / 2 < len(found) <= MOST_SAMPLES or len(found) == count
    assert found[0] == 0 and found[-1] >= count - 1 - count / MOST_SAMPLES


def test_ranges_are_of_the_tensor_and_not_of_its_memory(classifier: Any, few: Examples) -> None:
    """The converter noted a ReLU6 of -2 to 19, the range of the product behind it."""
    from ai_edge_litert import schema_py_generated as schema

    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_tflite import measure_ranges
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.rewrites.registry import ALL, apply_rewrites

    twin = build_twin(apply_rewrites(read_keras(classifier), ALL))
    content = measure_ranges(twin, lambda: samples(few), ranges="mse")
    tensors = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0].tensors
    ranges = {
        tensor.name.decode(): (tensor.quantization.min[0], tensor.quantization.max[0])
        for tensor in tensors
        if tensor.quantization is not None and tensor.quantization.min is not None
    }
    relu6 = [found for name, found in ranges.items() if "relu6" in name.lower()]
    assert relu6
    assert all(low >= 0 and high <= 6.0001 for low, high in relu6)
    rescaled = [
        found
        for name, found in ranges.items()
        if name.startswith("twin/rescaling") and "/add" in name
    ]
    assert rescaled
    assert all(found == pytest.approx((-1, 1)) for found in rescaled)


@pytest.mark.parametrize("low", [-7.0, 0.0])
def test_running_sums_give_what_each_end_by_itself_gives(low: float) -> None:
    from skinlite_export.convert.choose_ranges import SHARES, _tail

    values, weights = np.linspace(low, 3, 1000), np.random.default_rng(0).exponential(size=1000)
    ends = np.unique(np.minimum(low * SHARES, 0.0))
    far = np.maximum(ends[:, None] - values, 0)
    count, error = _tail(weights, values, ends)
    assert count == pytest.approx((weights * (far > 0)).sum(axis=1))
    assert error == pytest.approx((weights * far**2).sum(axis=1), rel=1e-9, abs=1e-9)
