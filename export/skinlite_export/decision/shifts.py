"""What a run or a bundle does with images as other cameras make them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite.classes import ClassList
from skinlite.data.preprocessing import Pixels
from skinlite.evaluation.calibration import Labels, Probabilities
from skinlite.evaluation.metrics import evaluate
from skinlite.evaluation.shifts import SHIFTS, STRENGTHS, shift
from skinlite.progress import Report, silent
from skinlite_export.decision.conformal import in_sets
from skinlite_export.decision.familiarity import distance
from skinlite_export.decision.saturation import USUAL
from skinlite_export.manifest.decision import Decision
from skinlite_export.runtime.signature import Record

WATCHED = 60
"""Images whose activations are read: each takes as long as several predictions."""

Predict = Callable[[Sequence[Pixels]], Probabilities]
"""Images to probabilities (N, classes)."""

Measure = Callable[[int, Pixels], float]
"""The position of an image, and the image under a shift, to a number."""


class Shifted(Record):
    """The images under one shift.

    Attributes:
        strength: 1 to 5; 0: as they are.
        accuracy: of the file, or of the run's Keras model.
        critical_recall: recall of the critical class; None where there is no such image.
        reference_accuracy: of the Keras model, where it was there to compare with.
        agreement: of the two, share of equal predictions.
        turned_away: share of images that aren't familiar; None without a decision.
        coverage: share of sets that hold the true class, of images that aren't turned away.
        out_of_range: share of images, of `WATCHED` ones, whose activations leave the calibrated
            ranges, see `Saturation`; None of a file that isn't in int8.
    """

    shift: str
    strength: int
    accuracy: float
    critical_recall: float | None
    reference_accuracy: float | None = None
    agreement: float | None = None
    turned_away: float | None = None
    coverage: float | None = None
    out_of_range: float | None = None


def some_of(labels: Labels, count: int) -> NDArray[np.intp]:
    """Positions of at most ``count`` images, spread over all of them."""
    return np.unique(np.linspace(0, len(labels) - 1, min(count, len(labels))).astype(np.intp))


def under_shifts(
    images: Sequence[Pixels],
    labels: Labels,
    predict: Predict,
    classes: ClassList,
    *,
    reference: Predict | None = None,
    decision: Decision | None = None,
    saturated: Measure | None = None,
    report: Report = silent,
) -> list[Shifted]:
    """Judge predictions for images as they are, and under every shift and strength.

    Args:
        images: N of them, (H, W, 3) as the network takes them.
        labels: (N,).
        predict: what is judged.
        classes: of labels and probabilities.
        reference: the Keras model, to compare with.
        decision: of the bundle, for sets and familiarity.
        saturated: share of an image's activations that lie at the end of their range.
        report: progress.
    """
    steps = [("none", 0), *((name, at) for name in SHIFTS for at in STRENGTHS)]
    found, usual, watched = [], math.inf, some_of(labels, WATCHED)
    for done, (name, strength) in enumerate(steps):
        report("images as other cameras make them", done, len(steps))
        shown = [shift(name, one, strength) if strength else one for one in images]
        given = predict(shown)
        compared = reference(shown) if reference else None
        metrics = evaluate(labels, given, classes)
        scores: dict[str, Any] = {}
        if compared is not None:
            same = compared.argmax(axis=1) == given.argmax(axis=1)
            right = compared.argmax(axis=1) == labels
            scores = {"agreement": same.mean(), "reference_accuracy": right.mean()}
        if decision:
            scores |= _decided(decision, shown, labels, given, classes)
        if saturated:
            shares = np.array([saturated(at, shown[at]) for at in watched])
            if not strength:
                usual = float(np.quantile(shares, USUAL, method="higher"))
            scores["out_of_range"] = (shares > usual).mean()
        found.append(
            Shifted(
                shift=name,
                strength=strength,
                accuracy=metrics.accuracy,
                critical_recall=metrics.critical_recall,
                **scores,
            )
        )
    report("images as other cameras make them", len(steps), len(steps))
    return found


def _decided(
    decision: Decision,
    shown: Sequence[Pixels],
    labels: Labels,
    given: Probabilities,
    classes: ClassList,
) -> dict[str, float | None]:
    known = decision.familiarity
    away = np.array([distance(one, known.mean, known.whitening) for one in shown]) > known.threshold
    held = in_sets(given, decision.sets.thresholds, classes)[np.arange(len(labels)), labels]
    return {
        "turned_away": float(away.mean()),
        "coverage": None if away.all() else float(held[~away].mean()),
    }
