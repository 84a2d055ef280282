"""95 % bootstrap intervals of the metrics, and the metrics of weighted images behind them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from skinlite.classes import HAM10000, ClassList
from skinlite.evaluation.auc import weighted_auc
from skinlite.evaluation.calibration import Labels, Probabilities
from skinlite.evaluation.resampling import Interval, Weights, intervals_of


def with_critical_recall(given: Any) -> Any:
    """A record of before there were other classes: its critical recall is that of melanoma."""
    if isinstance(given, dict) and "critical_recall" not in given:
        return given | {"critical_recall": given.get("melanoma_recall")}
    return given


class Intervals(BaseModel):
    """Low and high end; None where the images can't tell.

    ``melanoma_recall`` is None without such a class; what was written before ``critical_recall``
    was noted has only that.
    """

    model_config = ConfigDict(frozen=True)

    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval
    macro_auc: Interval | None
    melanoma_recall: Interval | None
    critical_recall: Interval | None = None

    @model_validator(mode="before")
    @classmethod
    def _noted(cls, given: Any) -> Any:
        return with_critical_recall(given)


class Scores(NamedTuple):
    """The metrics of R resamples, each (R,); NaN where one can't tell."""

    accuracy: NDArray[np.float64]
    balanced_accuracy: NDArray[np.float64]
    macro_f1: NDArray[np.float64]
    macro_auc: NDArray[np.float64]
    melanoma_recall: NDArray[np.float64]
    critical_recall: NDArray[np.float64]


def bootstrap(
    labels: Labels,
    probabilities: Probabilities,
    lesions: NDArray[Any],
    classes: ClassList = HAM10000,
) -> Intervals:
    """Intervals of `skinlite.evaluation.metrics.evaluate`'s figures.

    Args:
        labels: (N,), positions in ``classes``.
        probabilities: (N, len(classes)).
        lesions: (N,), which lesion an image shows.
        classes: of labels and probabilities.
    """
    ends = intervals_of(
        lambda weights: np.stack(scores(labels, probabilities, weights, classes)), lesions
    )
    return Intervals.model_validate(dict(zip(Scores._fields, ends, strict=True)))


def scores(
    labels: Labels,
    probabilities: Probabilities,
    weights: Weights,
    classes: ClassList = HAM10000,
) -> Scores:
    """The metrics, each image counted as often as ``weights`` (R, N) say."""
    count = len(classes)
    cells = np.eye(count**2)[labels * count + probabilities.argmax(axis=1)]
    confusion = (weights @ cells).reshape(-1, count, count)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    truth, answered = confusion.sum(axis=2), confusion.sum(axis=1)
    # A resample without a class says nothing of it: NaN, and left out.
    seen = np.where(truth > 0, 1.0, np.nan)
    recalls = seen * hits / np.maximum(truth, 1)
    f1 = seen * 2 * hits / np.maximum(truth + answered, 1)
    aucs = np.stack([weighted_auc(labels == c, probabilities[:, c], weights) for c in range(count)])
    unknown = np.full(len(weights), np.nan)
    recall_of = dict(zip(classes.names, recalls.T, strict=True))
    known = (~np.isnan(aucs)).sum(axis=0)
    return Scores(
        accuracy=hits.sum(axis=1) / weights.sum(axis=1),
        balanced_accuracy=np.nanmean(recalls, axis=1),
        macro_f1=np.nanmean(f1, axis=1),
        macro_auc=np.where(known > 0, np.nansum(aucs, axis=0) / np.maximum(known, 1), np.nan),
        melanoma_recall=recall_of.get("mel", unknown),
        critical_recall=unknown if classes.critical is None else recall_of[classes.critical],
    )
