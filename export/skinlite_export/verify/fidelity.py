"""Did the file keep the diagnosis? The same held-out images through Keras and every file."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinlite.evaluation.calibration import weighted_calibration_error
from skinlite.evaluation.intervals import scores
from skinlite.evaluation.metrics import evaluate
from skinlite.evaluation.resampling import Interval, Weights, intervals_of
from skinlite_export.manifest.measured import Comparison, Gate
from skinlite_export.recipe import Gates

Labels = NDArray[np.intp]
Probabilities = NDArray[np.floating[Any]]


class Fidelity(NamedTuple):
    """What a file kept, and what the gates judge; NaN where the images can't tell.

    Drops are Keras minus file, the rise in expected calibration error is file minus Keras.
    """

    agreement: float
    balanced_accuracy_drop: float
    melanoma_recall_drop: float
    macro_auc_drop: float
    ece_rise: float


def compare(file: str, labels: Labels, keras: Probabilities, exported: Probabilities) -> Comparison:
    """One file's answers (N, 7) beside the Keras model's (N, 7) on the same images."""
    return Comparison(
        file=file,
        agreement=fidelity(labels, keras, exported).agreement,
        worst_difference=float(np.abs(keras - exported).max()),
        metrics=evaluate(labels, exported),
    )


def judge(
    file: str,
    labels: Labels,
    keras: Probabilities,
    exported: Probabilities,
    lesions: NDArray[Any],
    gates: Gates,
) -> list[Gate]:
    """Every gate for one file, each with a paired bootstrap interval over the lesions (N,).

    A gate that can't be measured (no melanoma among the images, no interval) does not hold.
    """
    measured = fidelity(labels, keras, exported)
    ends = intervals(labels, keras, exported, lesions)
    judged = [
        Gate(
            file=file,
            name=name,
            limit=getattr(gates, name),
            measured=None if math.isnan(value) else value,
            interval=None if math.isnan(value) else interval,
            passed=False,
        )
        for (name, value), interval in zip(measured._asdict().items(), ends, strict=True)
    ]
    return [gate.model_copy(update={"passed": gate.holds}) for gate in judged]


def intervals(
    labels: Labels, keras: Probabilities, exported: Probabilities, lesions: NDArray[Any]
) -> list[Interval | None]:
    """95 % intervals of all five measures; both models see the same resampled lesions."""
    return intervals_of(lambda weights: _measure(labels, keras, exported, weights), lesions)


def fidelity(labels: Labels, keras: Probabilities, exported: Probabilities) -> Fidelity:
    """All five measures."""
    return Fidelity(*_measure(labels, keras, exported, np.ones((1, len(labels))))[:, 0].tolist())


def _measure(
    labels: Labels, keras: Probabilities, exported: Probabilities, weights: Weights
) -> NDArray[np.float64]:
    """`Fidelity` (5, R), each image counted as often as ``weights`` (R, N) say."""
    if not (np.isfinite(keras).all() and np.isfinite(exported).all()):  # none keeps nothing
        return np.full((len(Fidelity._fields), len(weights)), np.nan)
    before, after = (scores(labels, given, weights) for given in (keras, exported))
    error_before, error_after = (
        weighted_calibration_error(labels, given, weights) for given in (keras, exported)
    )
    same = keras.argmax(axis=1) == exported.argmax(axis=1)
    # in the order of `Fidelity`
    return np.stack(
        [
            weights @ same / weights.sum(axis=1),
            before.balanced_accuracy - after.balanced_accuracy,
            before.melanoma_recall - after.melanoma_recall,
            before.macro_auc - after.macro_auc,
            error_after - error_before,
        ]
    )
