"""The area under the ROC curve, of images that count more than once or not at all."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def weighted_auc(
    truth: NDArray[np.bool_], score: NDArray[np.floating[Any]], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How often a case scores above a control, ties by half.

    Args:
        truth: (N,), which images are cases.
        score: (N,), of each image.
        weights: (R, N), how often each of R resamples counts each image.

    Returns:
        (R,); NaN for a resample without a case or without a control.
    """
    order = np.argsort(score, kind="stable")
    score, truth, weights = score[order], truth[order], weights[:, order]
    controls = np.zeros((len(weights), len(score) + 1))
    np.cumsum(weights * ~truth, axis=1, out=controls[:, 1:])
    # Of each case, how many controls score lower, and how many don't score higher.
    lower, upper = (np.searchsorted(score, score[truth], side) for side in ("left", "right"))
    cases = weights[:, truth]
    wins = (cases * (controls[:, lower] + controls[:, upper])).sum(axis=1) / 2
    pairs = cases.sum(axis=1) * controls[:, -1]
    return np.where(pairs > 0, wins / np.maximum(pairs, 1), np.nan)
