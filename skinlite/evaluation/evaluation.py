"""Everything that `skinlite evaluate` finds out about one set of predictions."""

import pandas as pd
from pydantic import BaseModel, ConfigDict

from skinlite.classes import HAM10000, ClassList
from skinlite.data.splits.count_leaks import nameless
from skinlite.data.splits.leaks import Leaks, MayLeak
from skinlite.evaluation.calibration import Calibration, Labels, Probabilities, calibrate
from skinlite.evaluation.intervals import Intervals, bootstrap
from skinlite.evaluation.metadata_only import MetadataOnly
from skinlite.evaluation.metrics import Metrics, evaluate
from skinlite.evaluation.subgroups import Subgroup, by_subgroup

NOT_SAID = Leaks(state="unknown", reason="it is unknown what was trained on")


class Details(BaseModel):
    """What the metrics alone don't tell: intervals, how sure answers may sound, the subgroups.

    Attributes:
        intervals: over lesions.
        lesions_unknown: images whose lesion nobody knows. Each counts as a lesion of its own, so
            that intervals may be too narrow; None where an older version didn't count them.
    """

    model_config = ConfigDict(frozen=True)

    intervals: Intervals
    calibration: Calibration
    subgroups: list[Subgroup]
    lesions_unknown: int | None = None

    @property
    def resampled(self) -> str:
        """What the intervals are over, in words."""
        if not self.lesions_unknown:
            return "lesions"
        which = f"{self.lesions_unknown:,} images whose lesion is unknown"
        return f"lesions, and over {which}, which may make them too narrow"


class Evaluation(Metrics, Details, MayLeak):
    """The metrics with their details, and whether the network was trained on lesions of these
    images.

    Attributes:
        metadata_only: scores of classifiers without the image; empty if the training rows are
            unknown, or are the evaluated rows.
    """

    metadata_only: tuple[MetadataOnly, ...] = ()


def evaluate_fully(
    labels: Labels,
    probabilities: Probabilities,
    rows: pd.DataFrame,
    *,
    temperature: float | None = None,
    temperature_from: str | None = None,
    leaks: Leaks = NOT_SAID,
    classes: ClassList = HAM10000,
) -> Evaluation:
    """Score predictions in every way.

    Args:
        labels: (N,), positions in ``classes``.
        probabilities: (N, len(classes)), rows summing to 1.
        rows: N rows of a data set's frame, in the same order.
        temperature: one fitted on other images, to be tried on these.
        temperature_from: where it was fitted.
        leaks: what is known of lesions of these images that were trained or selected on.
        classes: of labels and probabilities.

    Raises:
        InputError: no image, or a probability that is none.
    """
    metrics = evaluate(labels, probabilities, classes)
    details = details_of(labels, probabilities, rows, temperature, temperature_from, classes)
    return Evaluation(**dict(metrics), **dict(details), leaks=leaks)


def details_of(
    labels: Labels,
    probabilities: Probabilities,
    rows: pd.DataFrame,
    temperature: float | None = None,
    temperature_from: str | None = None,
    classes: ClassList = HAM10000,
) -> Details:
    """The details alone; see `evaluate_fully`."""
    return Details(
        intervals=bootstrap(labels, probabilities, rows["lesion_id"].to_numpy(object), classes),
        calibration=calibrate(labels, probabilities, temperature, temperature_from),
        subgroups=by_subgroup(labels, probabilities, rows, classes),
        lesions_unknown=nameless(rows),
    )
