"""The metrics, with scikit-learn's arithmetic and the names of the field.

``balanced_accuracy`` is the mean of the recalls, the ISIC 2018 score. The paper's "balanced
accuracy", (sensitivity + specificity) / 2, is ``paper_balanced_accuracy``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from sklearn import metrics

from skinlite.vocabulary import CLASSES


class ClassMetrics(BaseModel):
    """One class against the rest; ``None`` where it is undefined (no such picture)."""

    model_config = ConfigDict(frozen=True)

    support: int
    precision: float | None
    recall: float | None
    f1: float | None
    specificity: float | None
    auc: float | None


class Metrics(BaseModel):
    """What one set of predictions is worth.

    ``confusion[i][j]`` counts pictures of class i predicted as class j. Means leave out classes
    that have no picture.
    """

    model_config = ConfigDict(frozen=True)

    images: int
    accuracy: float
    balanced_accuracy: float
    paper_balanced_accuracy: float
    macro_precision: float
    macro_f1: float
    macro_auc: float | None
    per_class: dict[str, ClassMetrics]
    confusion: list[list[int]]

    @property
    def melanoma_recall(self) -> float | None:
        """Share of the melanomas that are called melanoma."""
        return self.per_class["mel"].recall


def evaluate(labels: NDArray[np.intp], probabilities: NDArray[np.floating[Any]]) -> Metrics:
    """Score predictions.

    Args:
        labels: (N,), positions in CLASSES.
        probabilities: (N, 7), rows summing to 1.
    """
    predicted = probabilities.argmax(axis=1)
    every = np.arange(len(CLASSES))
    confusion = metrics.confusion_matrix(labels, predicted, labels=every)
    per_class = {
        name: _one_against_rest(confusion, index, labels == index, probabilities[:, index])
        for index, name in enumerate(CLASSES)
    }
    present = [one for one in per_class.values() if one.support]
    recall, specificity = _mean(present, "recall"), _mean(present, "specificity")
    aucs = [one.auc for one in present if one.auc is not None]
    return Metrics(
        images=len(labels),
        accuracy=float(metrics.accuracy_score(labels, predicted)),
        balanced_accuracy=recall,
        paper_balanced_accuracy=(recall + specificity) / 2,
        macro_precision=_mean(present, "precision"),
        macro_f1=_mean(present, "f1"),
        macro_auc=float(np.mean(aucs)) if aucs else None,
        per_class=per_class,
        confusion=confusion.tolist(),
    )


def _one_against_rest(
    confusion: NDArray[np.intp], index: int, truth: NDArray[np.bool_], score: NDArray[Any]
) -> ClassMetrics:
    hits = int(confusion[index, index])
    missed = int(confusion[index].sum()) - hits
    false_alarms = int(confusion[:, index].sum()) - hits
    rejected = int(confusion.sum()) - hits - missed - false_alarms
    support = hits + missed
    both = 0 < support < len(truth)
    return ClassMetrics(
        support=support,
        # No alarm at all has no precision; scikit-learn's convention is 0 where there were cases.
        precision=_ratio(hits, hits + false_alarms, 0.0 if support else None),
        recall=_ratio(hits, support, None),
        f1=_ratio(2 * hits, 2 * hits + missed + false_alarms, None),
        specificity=_ratio(rejected, rejected + false_alarms, None),
        auc=float(metrics.roc_auc_score(truth, score)) if both else None,
    )


def _ratio(part: int, whole: int, empty: float | None) -> float | None:
    return part / whole if whole else empty


def _mean(classes: list[ClassMetrics], field: str) -> float:
    values = [value for one in classes if (value := getattr(one, field)) is not None]
    return float(np.mean(values)) if values else 0.0
