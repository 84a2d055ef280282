"""The bootstrap, resampling lesions rather than images.

Images of one lesion are right or wrong together: resampled one by one, they would make an
interval that is too narrow. Source: Field and Welsh, "Bootstrapping clustered data" (2007).
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
AT_ONCE = 100
"""Most resamples that are in memory together."""
MOST = 4_000_000
"""Numbers of a table of them: 32 MB."""

Interval = tuple[float, float]
Weights = NDArray[np.float64]
"""How often each resample counts each image (resamples, N)."""


def lesion_draws(lesions: NDArray[Any]) -> Iterator[Weights]:
    """As many lesions as there are, drawn with replacement, `RESAMPLES` times; the same each time.

    Args:
        lesions: (N,), which lesion an image shows.

    Yields:
        (at most AT_ONCE, N).
    """
    _, lesion = np.unique(lesions, return_inverse=True)
    count = int(lesion.max()) + 1
    random = np.random.default_rng(0)
    at_once = min(AT_ONCE, max(1, MOST // len(lesion)))
    for start in range(0, RESAMPLES, at_once):
        resamples = min(at_once, RESAMPLES - start)
        drawn = random.multinomial(count, np.full(count, 1 / count), resamples)
        yield drawn[:, lesion].astype(np.float64)


def intervals_of(
    statistics: Callable[[Weights], NDArray[np.float64]], lesions: NDArray[Any]
) -> list[Interval | None]:
    """95 % percentile intervals of K figures.

    Args:
        statistics: weights (R, N) to the figures (K, R); NaN where a resample can't tell, which
            leaves it out.
        lesions: (N,), which lesion an image shows.

    Returns:
        The K intervals; None for a figure that no resample could tell.
    """
    columns = np.concatenate([statistics(weights) for weights in lesion_draws(lesions)], axis=1)
    ends = [
        None if np.isnan(column).all() else np.nanpercentile(column, [2.5, 97.5])
        for column in columns
    ]
    return [None if pair is None else (float(pair[0]), float(pair[1])) for pair in ends]
