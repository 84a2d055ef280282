"""What a classifier reaches that sees no image: how much of a score the metadata alone explain.

Boosted trees of the training rows, judged on the same rows as the network. Where they come close,
the network may have learned who was photographed where instead of what the lesion looks like.
Why these: docs/decisions/0033-data-as-users-have-it.md.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from threadpoolctl import threadpool_limits

from skinlite.classes import HAM10000, ClassList
from skinlite.data.patient import PatientEncoder
from skinlite.evaluation.intervals import Intervals, bootstrap
from skinlite.evaluation.metrics import evaluate

PATIENT_COLUMNS: tuple[str, ...] = ("age", "sex", "localization")


class MetadataOnly(BaseModel):
    """What it reaches.

    Attributes:
        inputs: columns that it sees.
        macro_auc: None where no class can tell, as `melanoma_auc` is without a melanoma.
        critical_auc: of the critical class, likewise.
    """

    model_config = ConfigDict(frozen=True)

    inputs: tuple[str, ...]
    accuracy: float
    balanced_accuracy: float
    macro_auc: float | None
    melanoma_auc: float | None
    melanoma_recall: float | None
    intervals: Intervals
    critical_auc: float | None = None
    critical_recall: float | None = None


def boosted_trees() -> Any:
    """The classifier that is fitted, as scikit-learn has it."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # takes seconds

    return HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.05,
        early_stopping=False,
        class_weight="balanced",
        random_state=0,
    )


def metadata_only(
    train: pd.DataFrame,
    judged: pd.DataFrame,
    encoder: PatientEncoder,
    make: Callable[[], Any] = boosted_trees,
    classes: ClassList = HAM10000,
) -> list[MetadataOnly]:
    """Fit on what the network takes, and on the column ``dataset`` where it tells sources apart.

    Args:
        train: rows of a data set's frame that the network was trained on.
        judged: rows that it is judged on.
        encoder: the network's.
        make: gives a classifier.
        classes: that the rows' diagnoses are of.
    """
    patient = encoder.encode_frame(train), encoder.encode_frame(judged)
    taken = (*PATIENT_COLUMNS, *encoder.names)
    seen = {taken: patient}
    sources = sorted(set(train["dataset"]))
    if len(sources) > 1:
        source = _one_hot(train["dataset"], sources), _one_hot(judged["dataset"], sources)
        both = np.hstack([patient[0], source[0]]), np.hstack([patient[1], source[1]])
        seen |= {(*taken, "dataset"): both, ("dataset",): source}
    labels = classes.labels(train["dx"]), classes.labels(judged["dx"])
    lesions = judged["lesion_id"].to_numpy(object)
    return [
        _judge(make(), inputs, *pair, *labels, lesions, classes) for inputs, pair in seen.items()
    ]


def _judge(
    classifier: Any,
    inputs: tuple[str, ...],
    train: NDArray[np.float32],
    judged: NDArray[np.float32],
    taught: NDArray[np.intp],
    labels: NDArray[np.intp],
    lesions: NDArray[np.object_],
    classes: ClassList,
) -> MetadataOnly:
    probabilities = np.zeros((len(labels), len(classes)))
    # On a busy machine OpenMP's threads wait for each other: minutes instead of a second.
    with threadpool_limits(1, "openmp"):
        classifier.fit(train, taught)
        probabilities[:, classifier.classes_] = classifier.predict_proba(judged)
    scores = evaluate(labels, probabilities, classes)
    return MetadataOnly(
        inputs=inputs,
        accuracy=scores.accuracy,
        balanced_accuracy=scores.balanced_accuracy,
        macro_auc=scores.macro_auc,
        melanoma_auc=scores.per_class["mel"].auc if "mel" in scores.per_class else None,
        melanoma_recall=scores.melanoma_recall,
        intervals=bootstrap(labels, probabilities, lesions, classes),
        critical_auc=scores.per_class[classes.critical].auc if classes.critical else None,
        critical_recall=scores.critical_recall,
    )


def _one_hot(values: "pd.Series[str]", known: list[str]) -> NDArray[np.float32]:
    return np.asarray(values.to_numpy()[:, None] == np.array(known, object), np.float32)
