"""Activation ranges that lose least, in place of plain minimum and maximum.

An int8 tensor has 255 steps for its whole range. One image that reaches far out makes every step
coarse for all the others. So each tensor's range is narrowed to the one with the smallest mean
squared error, clipping of the few against rounding of the many (Banner et al., "Post training 4-bit
quantization", NeurIPS 2019, section 3; here on the measured histogram instead of a fitted one).

Every image has the same vote: its error counts in proportion to its own mean square. Otherwise an
image with a hundred times the usual activations would count ten thousand times. And one that is
far from the usual has less of a vote: what the others need is not up to it. That goes for both
sides: an image on which a whole tensor is 0 would ask for a range of nothing, and be heard.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from skinlite.process.threads import side_by_side

BINS = 16384
"""So many that the usual values still fall into a hundred where the range is a hundred times
theirs."""

SHARES = 2.0 ** -np.arange(0, 7, 1 / 8)
"""Shares of the maximum (and of the minimum) that are tried as ends of the range: 1 to 1/117."""

MOST_SAMPLES = 150
"""A histogram over so many images has enough values of every tensor; more is only slower."""

PIXELS = (0.0, 255.0)
"""The image's range: with a step of 1, every pixel is exact."""

USUAL = 4.0
"""An image whose mean square is so many times the median, or the median that of it, has less than
one vote."""

TINY = 1e-12
"""Mean square of a sample whose values are all 0; nothing is lost on it."""

T = TypeVar("T")

Range = tuple[float, float]

Runs = Callable[[], Iterable[Iterable[NDArray[np.float32]]]]
"""For each sample the values of the same tensors, as often as asked."""


def some_of(samples: Iterable[T]) -> list[T]:
    """At most MOST_SAMPLES, evenly from all of them, since images may lie there by class."""
    every = list(samples)
    return every[:: -(-len(every) // MOST_SAMPLES) or 1]


def best_ranges(lanes: Sequence[Runs]) -> list[Range]:
    """For each tensor the range that loses least over the samples; (0, 0) where all is 0.

    Args:
        lanes: parts of the samples, which are run at the same time.
    """
    seen = [np.array(rows) for rows in side_by_side([map(_statistics, runs()) for runs in lanes])]
    every = np.concatenate(seen)
    lows, highs = every[:, :, 0].min(axis=0), every[:, :, 1].max(axis=0)
    usual = np.median(every[:, :, 2], axis=0)
    counts = [np.zeros((len(lows), BINS)) for _ in lanes]

    def add(
        counts: NDArray[np.float64],
        squares: NDArray[np.float64],
        tensors: Iterable[NDArray[np.float32]],
    ) -> None:
        for i, values in enumerate(tensors):
            scale = BINS / max(highs[i] - lows[i], TINY)
            places = np.subtract(values.ravel(), lows[i], dtype=np.float64)
            places *= scale
            bins = places.astype(np.intp)
            np.minimum(bins, BINS - 1, out=bins)
            histogram = np.bincount(bins)  # up to the last bin in which one lies
            counts[i, : len(histogram)] += histogram * vote(squares[i], usual[i])

    side_by_side(
        [
            map(partial(add, ours), rows[:, :, 2], runs())
            for ours, rows, runs in zip(counts, seen, lanes, strict=True)
        ]
    )
    ends = zip(lows.tolist(), highs.tolist(), strict=True)
    return [
        best_range(histogram, low, high)
        for histogram, (low, high) in zip(np.sum(counts, axis=0), ends, strict=True)
    ]


def _statistics(
    tensors: Iterable[NDArray[np.float32]],
) -> list[tuple[np.float32, np.float32, np.float32]]:
    """Least, greatest and mean square of each tensor of a sample."""
    return [(tensor.min(), tensor.max(), np.mean(tensor**2)) for tensor in tensors]


def best_range(histogram: NDArray[np.float64], low: float, high: float) -> Range:
    """The range, within [low, high] and around 0, whose int8 has the smallest squared error.

    Args:
        histogram: counts of values, or sums of their weights, in equal bins from low to high.
        low: smallest value seen.
        high: largest value seen.
    """
    values = low + (np.arange(len(histogram)) + 0.5) * (high - low) / len(histogram)
    bottoms = np.unique(np.minimum(low * SHARES, 0.0))
    tops = np.unique(np.maximum(high * SHARES, 0.0))
    cut_below, error_below = _tail(histogram, values, bottoms)
    cut_above, error_above = _tail(histogram[::-1], -values[::-1], -tops)
    clipped = np.add.outer(error_below, error_above)
    outside = np.add.outer(cut_below, cut_above)
    step = np.subtract.outer(-bottoms, -tops) / 255
    # A value inside is rounded: on average by step^2 / 12.
    error = clipped + (histogram.sum() - outside) * step**2 / 12
    error[step <= 0] = np.inf
    row, column = np.unravel_index(error.argmin(), error.shape)
    return float(bottoms[row]), float(tops[column])


def _tail(
    weights: NDArray[np.float64], values: NDArray[np.float64], ends: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What lies below each end: the sums of w and of w * (end - x)^2 over all x < end.

    The square is multiplied out, so that one running sum of w, wx and wx^2 serves every end.

    Args:
        weights: w, of each value.
        values: x, rising.
        ends: where the range may begin.
    """
    powers = weights * values ** np.arange(3)[:, None]
    sums = np.concatenate([np.zeros((3, 1)), powers.cumsum(axis=1)], axis=1)
    count, first, second = sums[:, np.searchsorted(values, ends)]
    return count, count * ends**2 - 2 * first * ends + second


def vote(square: float, usual: float) -> float:
    """What one squared error counts on an image with this mean square, where another is usual."""
    return min(1.0, USUAL * usual / max(square, TINY)) / max(square, usual / USUAL, TINY)
