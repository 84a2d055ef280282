"""The metrics, with scikit-learn's arithmetic and the names of the field.

``balanced_accuracy`` is the mean of the recalls, the ISIC 2018 score. The paper's "balanced
accuracy", (sensitivity + specificity) / 2, is ``paper_balanced_accuracy``. F1 is the harmonic mean
of precision and recall, 2 TP / (2 TP + FP + FN), which is also what the paper's figures are; its
printed formula adds TN below the line by mistake.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from skinlite.classes import HAM10000, ClassList
from skinlite.errors import InputError
from skinlite.evaluation.auc import weighted_auc


class ClassMetrics(BaseModel):
    """One class against the rest; ``None`` where it is undefined (no such image)."""

    model_config = ConfigDict(frozen=True)

    support: int
    precision: float | None
    recall: float | None
    f1: float | None
    specificity: float | None
    auc: float | None


class Metrics(BaseModel):
    """What one set of predictions is worth.

    ``confusion[i][j]`` counts images of class i predicted as class j. Means leave out classes
    that have no image. ``critical`` is the class whose recall gates protect (`ClassList`); None
    where there is none. What was written before it was noted has melanoma, where there is such a
    class.
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
    critical: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _noted(cls, given: Any) -> Any:
        if isinstance(given, dict) and "critical" not in given:
            return given | {"critical": "mel" if "mel" in given.get("per_class", ()) else None}
        return given

    @model_validator(mode="after")
    def _is_a_class(self) -> Self:
        if self.critical is not None and self.critical not in self.per_class:
            raise ValueError(f"critical: {self.critical} is not one of the classes")
        return self

    @property
    def critical_recall(self) -> float | None:
        """Recall of the critical class; None without such a class or image."""
        return self.per_class[self.critical].recall if self.critical else None

    @property
    def melanoma_recall(self) -> float | None:
        """Share of the melanomas that are called melanoma; None without such a class or image."""
        return self.per_class["mel"].recall if "mel" in self.per_class else None


def evaluate(
    labels: NDArray[np.intp],
    probabilities: NDArray[np.floating[Any]],
    classes: ClassList = HAM10000,
) -> Metrics:
    """Score predictions.

    Args:
        labels: (N,), positions in ``classes``.
        probabilities: (N, len(classes)), rows summing to 1.
        classes: of labels and probabilities.

    Raises:
        InputError: no image, or a probability that is NaN or infinite.
    """
    # Here, for it takes seconds, and whoever only reads figures needs none of it.
    from sklearn import metrics

    if not len(labels):
        raise InputError("There is no image to score: the split is empty.")
    broken = ~np.isfinite(probabilities).all(axis=1)
    if broken.any():
        raise InputError(
            f"The network predicts {broken.sum()} of {len(labels)} images with NaN or infinity: "
            "its weights or its conversion are damaged. Train or export it again."
        )
    predicted = probabilities.argmax(axis=1)
    every = np.arange(len(classes))
    confusion = metrics.confusion_matrix(labels, predicted, labels=every)
    # NaN where a ratio has nothing below the line, not the 0 that would drag a mean down.
    scores = metrics.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=np.nan
    )
    specificity = metrics.recall_score(
        labels[:, None] != every, predicted[:, None] != every, average=None, zero_division=np.nan
    )
    per_class = {
        name: ClassMetrics(
            support=int(support),
            # A class that is there and never answered has no precision; 0, as scikit-learn has it.
            precision=0.0 if support and np.isnan(precision) else _known(precision),
            recall=_known(recall),
            f1=_known(f1),
            specificity=_known(specificity[index]),
            auc=_auc(labels == index, probabilities[:, index]),
        )
        for index, (name, precision, recall, f1, support) in enumerate(
            zip(classes.codes, *scores, strict=True)
        )
    }
    present = [class_scores for class_scores in per_class.values() if class_scores.support]
    recall_mean, specificity_mean = _mean(present, "recall"), _mean(present, "specificity")
    return Metrics(
        images=len(labels),
        accuracy=float(metrics.accuracy_score(labels, predicted)),
        balanced_accuracy=recall_mean,
        paper_balanced_accuracy=(recall_mean + specificity_mean) / 2,
        macro_precision=_mean(present, "precision"),
        macro_f1=_mean(present, "f1"),
        macro_auc=_mean(present, "auc")
        if any(class_scores.auc is not None for class_scores in present)
        else None,
        per_class=per_class,
        confusion=confusion.tolist(),
        critical=classes.critical,
    )


def net_benefit(found: Any, false: Any, threshold: Any) -> Any:
    """Of acting from a threshold on, when the score is taken for a risk.

    Vickers and Elkin, Medical Decision Making 26, 565-574 (2006).

    Args:
        found: share (0-1) of all images that reach it and are positive.
        false: share of all images that reach it and are negative.
        threshold: below 1.
    """
    return found - false * threshold / (1 - threshold)


def _auc(truth: NDArray[np.bool_], score: NDArray[Any]) -> float | None:
    (auc,) = weighted_auc(truth, score, np.ones((1, len(truth))))
    return _known(auc)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _mean(classes: list[ClassMetrics], field: str) -> float:
    values = [
        value for class_scores in classes if (value := getattr(class_scores, field)) is not None
    ]
    return float(np.mean(values)) if values else 0.0
