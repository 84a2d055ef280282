"""95 % bootstrap intervals of the metrics, resampling lesions rather than pictures.

Pictures of one lesion are right or wrong together: resampled one by one, they would make an
interval that is too narrow.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from skinlite.evaluation.calibration import Labels, Probabilities
from skinlite.vocabulary import CLASSES

RESAMPLES = 1000
AT_ONCE = 100
"""Resamples in memory together: ten thousand pictures then take 8 MB a table."""

Interval = tuple[float, float]


class Intervals(BaseModel):
    """Low and high end; None where the pictures can't tell."""

    model_config = ConfigDict(frozen=True)

    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval
    macro_auc: Interval | None
    melanoma_recall: Interval | None


def bootstrap(
    labels: Labels, probabilities: Probabilities, lesions: NDArray[np.object_]
) -> Intervals:
    """Intervals of `skinlite.evaluation.metrics.evaluate`'s figures.

    Args:
        labels: (N,), positions in CLASSES.
        probabilities: (N, 7).
        lesions: (N,), which lesion a picture shows.
    """
    _, lesion = np.unique(lesions, return_inverse=True)
    count = int(lesion.max()) + 1
    random = np.random.default_rng(0)
    parts = []
    for _ in range(RESAMPLES // AT_ONCE):
        drawn = random.multinomial(count, np.full(count, 1 / count), AT_ONCE)
        parts.append(_scores(labels, probabilities, drawn[:, lesion].astype(np.float64)))
    columns = np.concatenate(parts, axis=1)
    ends = [
        None if np.isnan(column).all() else tuple(np.nanpercentile(column, [2.5, 97.5]).tolist())
        for column in columns
    ]
    return Intervals.model_validate(dict(zip(Intervals.model_fields, ends, strict=True)))


def _scores(labels: Labels, probabilities: Probabilities, weights: NDArray[np.float64]) -> Labels:
    """The five metrics (5, resamples), each picture counted as often as ``weights`` say."""
    classes = len(CLASSES)
    cells = np.eye(classes**2)[labels * classes + probabilities.argmax(axis=1)]
    confusion = (weights @ cells).reshape(-1, classes, classes)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    truth, answered = confusion.sum(axis=2), confusion.sum(axis=1)
    # A resample without a class says nothing of it: NaN, and left out.
    seen = np.where(truth > 0, 1.0, np.nan)
    recalls = seen * hits / np.maximum(truth, 1)
    f1 = seen * 2 * hits / np.maximum(truth + answered, 1)
    aucs = np.stack([_auc(labels == c, probabilities[:, c], weights) for c in range(classes)])
    known = (~np.isnan(aucs)).sum(axis=0)
    return np.stack(
        [
            hits.sum(axis=1) / weights.sum(axis=1),
            np.nanmean(recalls, axis=1),
            np.nanmean(f1, axis=1),
            np.where(known > 0, np.nansum(aucs, axis=0) / np.maximum(known, 1), np.nan),
            recalls[:, CLASSES.index("mel")],
        ]
    )


def _auc(
    truth: NDArray[np.bool_], score: NDArray[np.floating], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weighted AUC (resamples,): how often a case scores above a control, ties by half."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    cases, controls = (
        np.add.reduceat((weights * mask)[:, order], starts, axis=1) for mask in (truth, ~truth)
    )
    wins = (cases * (controls.cumsum(axis=1) - controls / 2)).sum(axis=1)
    pairs = cases.sum(axis=1) * controls.sum(axis=1)
    return np.where(pairs > 0, wins / np.maximum(pairs, 1), np.nan)
