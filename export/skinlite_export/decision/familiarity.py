"""Does an image look like those that the network was trained on? A distance of 13 numbers.

They are of the image alone, so that they cost next to nothing, are the same whatever the number
format of the network, and can be computed before it runs. What the probabilities, the logits or
the features before the head say of the same images tells much less; the measurements are in
``benchmarks/results/decision``.

The distance is that of Mahalanobis: Lee, Lee, Lee and Shin, "A simple unified framework for
detecting out-of-distribution samples", NeurIPS 2018, here of the statistics below and with one
Gaussian, whose mean and covariance are those of training images.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import Pixels

GRID = 16
"""Cells a side; each is the mean of its pixels, so that the size of the image hardly matters."""

CENTRE = slice(GRID // 4, GRID - GRID // 4)

STATISTICS = (
    *(f"mean {channel}" for channel in "RGB"),
    *(f"log deviation {channel}" for channel in "RGB"),
    *(f"centre minus border {channel}" for channel in "RGB"),
    "log deviation R - G",
    "log deviation G - B",
    "log step",
    "log step of a grid half as fine",
)
"""What `statistics_of` gives, in order."""

TURNED_AWAY = 0.05
"""Share of the validation images that the threshold turns away."""

SHRINKAGE = 1e-3
"""Of the covariance, towards its diagonal: few images, or a constant colour, are borne."""

DEVIATION, STEP = 0.01, 0.003
"""Added before a logarithm: 2.5 and 0.75 levels, below which a difference is noise."""


class Gaussian(NamedTuple):
    """Of the statistics of training images.

    Attributes:
        mean: (13,).
        whitening: (13, 13), lower triangular: the squared length of
            whitening @ (statistics - mean) is the distance.
    """

    mean: NDArray[np.float64]
    whitening: NDArray[np.float64]


def statistics_of(image: Pixels) -> NDArray[np.float64]:
    """The statistics (13,) of the image tensor's pixels (H, W, 3), levels 0-255.

    Of a larger image that the file itself crops, the central square is what counts.
    """
    cells = _cells(image) / 255
    centre = cells[CENTRE, CENTRE].mean(axis=(0, 1))
    inside = (CENTRE.stop - CENTRE.start) ** 2
    border = (cells.sum(axis=(0, 1)) - centre * inside) / (GRID**2 - inside)
    luma = cells.mean(axis=2)
    half = luma.reshape(GRID // 2, 2, GRID // 2, 2).mean(axis=(1, 3))
    red, green, blue = (cells[:, :, channel] for channel in range(3))
    deviations = [cells.std(axis=(0, 1)), (red - green).std(), (green - blue).std()]
    logs = [np.log(np.asarray(one) + DEVIATION) for one in deviations]
    steps = [np.log(_step(grid) + STEP) for grid in (luma, half)]
    return np.hstack([cells.mean(axis=(0, 1)), logs[0], centre - border, *logs[1:], *steps])


def _cells(image: Pixels) -> NDArray[np.float64]:
    """Mean levels (GRID, GRID, 3); a cell is at least one pixel."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side].astype(np.float64)
    places = np.arange(GRID) * side // GRID
    size = np.maximum(np.diff(places, append=side), 1)
    sums = np.add.reduceat(np.add.reduceat(square, places, axis=0), places, axis=1)
    return np.asarray(sums / (size[:, None] * size)[:, :, None])


def _step(grid: NDArray[np.float64]) -> float:
    """Mean difference of neighbours, over both directions."""
    return float((np.abs(np.diff(grid, axis=0)).mean() + np.abs(np.diff(grid, axis=1)).mean()) / 2)


def gaussian_of(images: Iterable[Pixels]) -> Gaussian:
    """Fit to training images."""
    known = np.stack([statistics_of(image) for image in images])
    covariance = np.atleast_2d(np.cov(known.T)) if len(known) > 1 else np.eye(len(STATISTICS))
    spread = np.diag(np.diag(covariance))
    covariance = covariance + SHRINKAGE * spread + 1e-9 * np.eye(len(STATISTICS))
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    return Gaussian(known.mean(axis=0), np.tril(whitening))


def distance(image: Pixels, mean: Any, whitening: Any) -> float:
    """Squared Mahalanobis distance; the larger, the less the image is like the training images."""
    return float(np.square(np.asarray(whitening) @ (statistics_of(image) - np.asarray(mean))).sum())
