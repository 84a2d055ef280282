"""Did the file keep the diagnosis? The same held-out images through Keras and every file."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinlite.classes import HAM10000, ClassList
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
    critical_recall_drop: float
    macro_auc_drop: float
    ece_rise: float


def compare(
    file: str,
    labels: Labels,
    keras: Probabilities,
    exported: Probabilities,
    classes: ClassList = HAM10000,
) -> Comparison:
    """One file's answers (N, classes) beside the Keras model's on the same images."""
    return Comparison(
        file=file,
        agreement=fidelity(labels, keras, exported, classes).agreement,
        worst_difference=float(np.abs(keras - exported).max()),
        metrics=evaluate(labels, exported, classes),
    )


def judge(
    file: str,
    labels: Labels,
    keras: Probabilities,
    exported: Probabilities,
    lesions: NDArray[Any],
    gates: Gates,
    classes: ClassList = HAM10000,
) -> list[Gate]:
    """Every gate for one file, each with a paired bootstrap interval over the lesions (N,).

    A gate that can't be measured (no image of the critical class, no interval) does not hold. Where
    no class is critical, that gate doesn't apply.
    """
    measured = fidelity(labels, keras, exported, classes)._asdict()
    ends = intervals(labels, keras, exported, lesions, classes)
    interval_of = dict(zip(measured, ends, strict=True))
    judged = []
    for name, limit in gates.for_critical(classes.critical).limits.items():
        what = "critical_recall_drop" if name == "melanoma_recall_drop" else name
        known = not math.isnan(measured[what])
        of_critical = what == "critical_recall_drop"
        gate = Gate(
            file=file,
            name=name,
            limit=limit,
            measured=measured[what] if known else None,
            interval=interval_of[what] if known else None,
            passed=False,
            critical=classes.critical if of_critical else None,
            applies=classes.critical is not None or not of_critical,
        )
        judged.append(gate.model_copy(update={"passed": gate.holds}))
    return judged


def intervals(
    labels: Labels,
    keras: Probabilities,
    exported: Probabilities,
    lesions: NDArray[Any],
    classes: ClassList = HAM10000,
) -> list[Interval | None]:
    """95 % intervals of all five measures; both models see the same resampled lesions."""
    return intervals_of(
        lambda weights: _measure(labels, keras, exported, weights, classes), lesions
    )


def fidelity(
    labels: Labels, keras: Probabilities, exported: Probabilities, classes: ClassList = HAM10000
) -> Fidelity:
    """All five measures."""
    once = np.ones((1, len(labels)))
    return Fidelity(*_measure(labels, keras, exported, once, classes)[:, 0].tolist())


def _measure(
    labels: Labels,
    keras: Probabilities,
    exported: Probabilities,
    weights: Weights,
    classes: ClassList,
) -> NDArray[np.float64]:
    """`Fidelity` (5, R), each image counted as often as ``weights`` (R, N) say."""
    if not (np.isfinite(keras).all() and np.isfinite(exported).all()):  # none keeps nothing
        return np.full((len(Fidelity._fields), len(weights)), np.nan)
    before, after = (scores(labels, given, weights, classes) for given in (keras, exported))
    error_before, error_after = (
        weighted_calibration_error(labels, given, weights) for given in (keras, exported)
    )
    same = keras.argmax(axis=1) == exported.argmax(axis=1)
    # in the order of `Fidelity`
    return np.stack(
        [
            weights @ same / weights.sum(axis=1),
            before.balanced_accuracy - after.balanced_accuracy,
            before.critical_recall - after.critical_recall,
            before.macro_auc - after.macro_auc,
            error_after - error_before,
        ]
    )
