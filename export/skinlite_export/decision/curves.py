"""What other thresholds of a point would do: its ROC and its decision curve."""

from typing import NamedTuple

from skinlite.evaluation.metrics import net_benefit
from skinlite_export.manifest.decision import PointScores


class At(NamedTuple):
    """A threshold on test images.

    Attributes:
        benefit: net benefit of acting where the score reaches the threshold, per image; it takes
            the score for a risk, and the classes' shares for those of patients.
        benefit_of_all: the same of acting always.
    """

    threshold: float
    sensitivity: float
    specificity: float
    benefit: float
    benefit_of_all: float


def along(scores: PointScores, threshold: float) -> list[At]:
    """The thresholds of a curve with the point's own among them, rising.

    Empty where an older skinlite measured no curve, where there are no images of one kind, and
    where the threshold is 1, as of a network that is always certain: no odds go with it.
    """
    curve = scores.curve
    if curve is None or threshold >= 1 or not (scores.positives and scores.negatives):
        return []
    counted = {*zip(curve.thresholds, curve.found, curve.cleared, strict=True)}
    own = (threshold, scores.found, scores.cleared)
    return [_at(scores, *one) for one in sorted(counted | {own})]


def _at(scores: PointScores, threshold: float, found: int, cleared: int) -> At:
    images = scores.positives + scores.negatives
    false = scores.negatives - cleared
    return At(
        threshold,
        found / scores.positives,
        cleared / scores.negatives,
        net_benefit(found / images, false / images, threshold),
        net_benefit(scores.positives / images, scores.negatives / images, threshold),
    )
