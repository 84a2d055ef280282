"""Did the file keep the diagnosis? The same held-out pictures through Keras and every file."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from skinlite.evaluation.calibration import expected_calibration_error
from skinlite.evaluation.metrics import evaluate
from skinlite.vocabulary import CLASSES
from skinlite_export.manifest import Comparison, Gate
from skinlite_export.recipe import Gates

RESAMPLES = 1000
"""Of the bootstrap."""

Labels = NDArray[np.intp]
Probabilities = NDArray[np.floating[Any]]


class Fidelity(NamedTuple):
    """What a file kept, and what the gates judge; NaN where the pictures can't tell.

    Drops are Keras minus file, the rise in expected calibration error is file minus Keras.
    """

    agreement: float
    balanced_accuracy_drop: float
    melanoma_recall_drop: float
    macro_auc_drop: float
    ece_rise: float


def compare(file: str, labels: Labels, keras: Probabilities, exported: Probabilities) -> Comparison:
    """One file's answers (N, 7) beside the Keras model's (N, 7) on the same pictures."""
    return Comparison(
        file=file,
        agreement=fidelity(labels, keras, exported).agreement,
        worst_difference=float(np.abs(keras - exported).max()),
        metrics=evaluate(labels, exported),
    )


def judge(
    file: str, labels: Labels, keras: Probabilities, exported: Probabilities, gates: Gates
) -> list[Gate]:
    """Every gate for one file, each with a paired bootstrap interval over the pictures.

    A gate that can't be measured (no melanoma among the pictures) does not hold.
    """
    measured = fidelity(labels, keras, exported)
    low, high = intervals(labels, keras, exported)
    return [
        Gate(
            file=file,
            name=name,
            limit=getattr(gates, name),
            measured=None if math.isnan(value) else value,
            interval=None if math.isnan(value) else (getattr(low, name), getattr(high, name)),
            passed=(
                value >= gates.agreement if name == "agreement" else value <= getattr(gates, name)
            ),
        )
        for name, value in measured._asdict().items()
    ]


def intervals(
    labels: Labels, keras: Probabilities, exported: Probabilities
) -> tuple[Fidelity, Fidelity]:
    """Ends of the 95 % intervals; both models see the same resampled pictures."""
    random = np.random.default_rng(0)
    draws = random.integers(0, len(labels), (RESAMPLES, len(labels)))
    values = [fidelity(labels[rows], keras[rows], exported[rows]) for rows in draws]
    # A resample without a melanoma says nothing of melanomas: NaN, and left out.
    columns = [
        [value for value in column if not math.isnan(value)] or [0.0]
        for column in zip(*values, strict=True)
    ]
    low, high = zip(*(np.percentile(column, [2.5, 97.5]) for column in columns), strict=True)
    return Fidelity(*map(float, low)), Fidelity(*map(float, high))


def fidelity(labels: Labels, keras: Probabilities, exported: Probabilities) -> Fidelity:
    """All five measures; light enough for a bootstrap."""
    before, after = keras.argmax(axis=1), exported.argmax(axis=1)
    recall_before, recall_after = _recalls(labels, before), _recalls(labels, after)
    mel = CLASSES.index("mel")
    return Fidelity(
        agreement=float((before == after).mean()),
        balanced_accuracy_drop=float(np.nanmean(recall_before) - np.nanmean(recall_after)),
        melanoma_recall_drop=float(recall_before[mel] - recall_after[mel]),
        macro_auc_drop=_macro_auc(labels, keras) - _macro_auc(labels, exported),
        ece_rise=(
            expected_calibration_error(labels, exported) - expected_calibration_error(labels, keras)
        ),
    )


def _recalls(labels: Labels, predicted: Labels) -> NDArray[np.float64]:
    """Recall of each class, NaN for one without pictures."""
    support = np.bincount(labels, minlength=len(CLASSES))
    hits = np.bincount(labels[labels == predicted], minlength=len(CLASSES))
    return np.where(support > 0, hits / np.maximum(support, 1), np.nan)


def _macro_auc(labels: Labels, probabilities: Probabilities) -> float:
    """Mean over classes of the one-against-rest AUC, by ranks (Mann-Whitney)."""
    ranks = rankdata(probabilities, axis=0)
    positive = labels[:, None] == np.arange(len(CLASSES))
    count = positive.sum(axis=0)
    pairs = count * (len(labels) - count)
    wins = (ranks * positive).sum(axis=0) - count * (count + 1) / 2
    return float(np.mean(wins[pairs > 0] / pairs[pairs > 0])) if (pairs > 0).any() else math.nan
