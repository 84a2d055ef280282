"""What a classifier reaches that sees no image: how much of a score the metadata alone explain.

A random forest of the training rows, judged on the same rows as the network. Where it comes close,
the network may have learned who was photographed where instead of what the lesion looks like.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from sklearn.ensemble import RandomForestClassifier

from skinlite.data.patient import PatientEncoder
from skinlite.evaluation.intervals import Intervals, bootstrap
from skinlite.evaluation.metrics import evaluate
from skinlite.vocabulary import CLASSES

PATIENT_COLUMNS: tuple[str, ...] = ("age", "sex", "localization")
TREES, FEWEST_IN_A_LEAF = 200, 20


class MetadataOnly(BaseModel):
    """What a forest reaches.

    Attributes:
        inputs: columns that it sees.
        macro_auc: None where no class can tell, as `melanoma_auc` is without a melanoma.
    """

    model_config = ConfigDict(frozen=True)

    inputs: tuple[str, ...]
    accuracy: float
    balanced_accuracy: float
    macro_auc: float | None
    melanoma_auc: float | None
    melanoma_recall: float | None
    intervals: Intervals


def metadata_only(
    train: pd.DataFrame, judged: pd.DataFrame, encoder: PatientEncoder
) -> list[MetadataOnly]:
    """Fit forests on age, sex and site, and on the column ``dataset`` where it tells sources apart.

    Args:
        train: rows of a data set's frame that the network was trained on.
        judged: rows that it is judged on.
        encoder: the network's.
    """
    patient = encoder.encode_frame(train), encoder.encode_frame(judged)
    seen = {PATIENT_COLUMNS: patient}
    sources = sorted(set(train["dataset"]))
    if len(sources) > 1:
        source = _one_hot(train["dataset"], sources), _one_hot(judged["dataset"], sources)
        both = np.hstack([patient[0], source[0]]), np.hstack([patient[1], source[1]])
        seen |= {(*PATIENT_COLUMNS, "dataset"): both, ("dataset",): source}
    labels = _labels(train), _labels(judged)
    lesions = judged["lesion_id"].to_numpy(object)
    return [_judge(inputs, *pair, *labels, lesions) for inputs, pair in seen.items()]


def _judge(
    inputs: tuple[str, ...],
    train: NDArray[np.float32],
    judged: NDArray[np.float32],
    taught: NDArray[np.intp],
    labels: NDArray[np.intp],
    lesions: NDArray[np.object_],
) -> MetadataOnly:
    forest = RandomForestClassifier(
        TREES, min_samples_leaf=FEWEST_IN_A_LEAF, class_weight="balanced", random_state=0
    ).fit(train, taught)
    probabilities = np.zeros((len(labels), len(CLASSES)))
    probabilities[:, forest.classes_] = forest.predict_proba(judged)
    found = evaluate(labels, probabilities)
    return MetadataOnly(
        inputs=inputs,
        accuracy=found.accuracy,
        balanced_accuracy=found.balanced_accuracy,
        macro_auc=found.macro_auc,
        melanoma_auc=found.per_class["mel"].auc,
        melanoma_recall=found.melanoma_recall,
        intervals=bootstrap(labels, probabilities, lesions),
    )


def _one_hot(values: "pd.Series[str]", known: list[str]) -> NDArray[np.float32]:
    return (values.to_numpy()[:, None] == np.array(known, object)).astype(np.float32)


def _labels(rows: pd.DataFrame) -> NDArray[np.intp]:
    return rows["dx"].map(CLASSES.index).to_numpy(np.intp)
