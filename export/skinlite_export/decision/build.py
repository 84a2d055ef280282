"""Choose thresholds on validation images, and measure on test images what they do."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.classes import ClassList
from skinlite.evaluation.calibration import Labels, Probabilities
from skinlite_export.decision.conformal import COVERAGE, guaranteed, in_sets, set_thresholds
from skinlite_export.decision.measure import DROPS, point_scores, set_scores
from skinlite_export.decision.operating_points import (
    CONFIDENCE,
    Threshold,
    asked_of,
    classes_of,
    fewest_lesions,
    score_of,
    threshold_for,
)
from skinlite_export.manifest.decision import (
    Decision,
    Familiarity,
    OperatingPoint,
    PointScores,
    Sets,
    Share,
)
from skinlite_export.manifest.measured import Gate
from skinlite_export.recipe import Recipe

KERAS = "keras"


@dataclass(frozen=True)
class Predicted:
    """The images of a split, and what was predicted for them.

    Attributes:
        labels: (N,).
        rows: N rows of the data set's frame.
        probabilities: (N, classes), by file and for `KERAS`.
    """

    labels: Labels
    rows: pd.DataFrame
    probabilities: dict[str, Probabilities]

    @property
    def lesions(self) -> NDArray[Any]:
        """(N,), which lesion an image shows."""
        return self.rows["lesion_id"].to_numpy(object)


def decision_of(
    validation: Predicted,
    test: Predicted,
    familiarity: Familiarity,
    file: str,
    recipe: Recipe,
    classes: ClassList,
) -> Decision:
    """Everything by which an app decides.

    Args:
        validation: of ``file`` and `KERAS`; chooses.
        test: of every file and `KERAS`; measures.
        familiarity: see `build_familiarity`.
        file: whose thresholds they are.
        recipe: which points were asked for, and the gates.
        classes: of the probabilities.

    Raises:
        InputError: a point of no class was asked for.
    """
    return Decision(
        points={
            point: _point(point, sensitivity, validation, test, file, recipe, classes)
            for point, sensitivity in asked_of(recipe.operating_points, classes).items()
        },
        sets=_sets(validation, test, file, classes),
        familiarity=familiarity,
    )


def _point(
    name: str,
    asked: float,
    validation: Predicted,
    test: Predicted,
    file: str,
    recipe: Recipe,
    classes: ClassList,
) -> OperatingPoint:
    codes = classes_of(name, classes)
    positive = np.isin(test.labels, classes.labels(codes))
    of_it = np.isin(validation.labels, classes.labels(codes))

    def chosen(model: str) -> Threshold:
        scores = score_of(validation.probabilities[model][of_it], codes, classes)
        return threshold_for(asked, scores, validation.lesions[of_it])

    def measured(model: str, at: float, keras: NDArray[np.bool_] | None = None) -> PointScores:
        return point_scores(positive, tested[model], at, test.lesions, keras)

    here, keras = chosen(file), chosen(KERAS)
    tested = {model: score_of(rows, codes, classes) for model, rows in test.probabilities.items()}
    plain = OperatingPoint(
        classes=codes,
        asked=asked,
        confidence=CONFIDENCE,
        threshold=here.value,
        lesions=here.lesions,
        missed=here.missed,
    )
    if here.value is None or keras.value is None:
        fewest = fewest_lesions(asked)
        reason = f"{here.lesions} validation lesions; a sensitivity of {asked:g} takes {fewest}"
        return plain.model_copy(update={"reason": reason})
    before = tested[KERAS] >= keras.value
    files = {model: measured(model, here.value, before) for model in tested if model != KERAS}
    return plain.model_copy(
        update={
            "keras": measured(KERAS, keras.value),
            "files": files,
            "gates": tuple(_gates(name, files, recipe)),
        }
    )


def _gates(point: str, files: dict[str, PointScores], recipe: Recipe) -> list[Gate]:
    """That each file keeps sensitivity and specificity of the Keras model at this point."""
    if recipe.gates is None:
        return []
    gates = []
    for file, scores in files.items():
        for name in DROPS:
            drop: Share = getattr(scores, name)
            gate = Gate(
                file=file,
                name=name,
                limit=recipe.gates.operating_point_drop,
                measured=drop.value,
                interval=drop.interval,
                passed=False,
                critical=point,
            )
            gates.append(gate.model_copy(update={"passed": gate.holds}))
    return gates


def _sets(validation: Predicted, test: Predicted, file: str, classes: ClassList) -> Sets:
    labels, lesions = validation.labels, validation.lesions
    thresholds = set_thresholds(labels, validation.probabilities[file], lesions, classes)
    counts = {
        code: len(np.unique(lesions[labels == index])) for index, code in enumerate(classes.codes)
    }
    return Sets(
        asked=COVERAGE,
        thresholds=thresholds,
        lesions=counts,
        guaranteed={code: guaranteed(count) for code, count in counts.items()},
        files={
            model: set_scores(test.labels, in_sets(given, thresholds, classes), test.rows, classes)
            for model, given in test.probabilities.items()
            if model != KERAS
        },
    )
