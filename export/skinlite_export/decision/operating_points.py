"""Thresholds for a sensitivity that was asked for, with a guarantee over lesions.

The probability that counts is the sum over the point's classes. A lesion is missed if any of its
images is below the threshold, so that the bound holds for one image of each lesion, too. The
largest threshold is taken whose one-sided exact binomial bound on the missed lesions is within
what was asked: Clopper and Pearson, Biometrika 26, 404-413 (1934). As a threshold from ordered
scores it is Wilks' tolerance limit, Ann. Math. Stat. 12, 91-96 (1941), which takes no distribution
for granted, only that lesions are drawn alike.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinlite.classes import ClassList
from skinlite.errors import InputError

CONFIDENCE = 0.95
"""That the sensitivity is at least the one asked for, over draws of validation lesions."""

DEFAULT = 0.90
"""Sensitivity of the points that nobody asked for. 0.95 takes 59 lesions of a class, and then
allows none to be missed, so that the one strangest lesion would set the threshold."""

MALIGNANT = "malignant"


class Threshold(NamedTuple):
    """Of one point.

    Attributes:
        value: scores from here on reach the point; None where the lesions are too few.
        lesions: of the point's classes, on validation images.
        missed: of these, below the threshold.
    """

    value: float | None
    lesions: int
    missed: int


def asked_of(asked: dict[str, float] | None, classes: ClassList) -> dict[str, float]:
    """Sensitivity by point; without any asked for, of the critical class and the malignant ones.

    Raises:
        InputError: a point is of no class.
    """
    if asked is not None:
        for point in asked:
            classes_of(point, classes)
        return asked
    points = [classes.critical] if classes.critical else []
    if 1 < len(classes.malignant) < len(classes):
        points.append(MALIGNANT)
    return dict.fromkeys(points, DEFAULT)


def classes_of(point: str, classes: ClassList) -> tuple[str, ...]:
    """Codes of a point: of one class, of ``mel+bcc``, or of the ``malignant`` ones.

    Raises:
        InputError: there is no such class, or they are all of the classes.
    """
    if point == MALIGNANT and MALIGNANT not in classes.names:
        codes = classes.malignant
        if not codes:
            raise InputError(
                f"`operating_points` asks for {MALIGNANT}, but none of {', '.join(classes.codes)} "
                "is known to be malignant. Name the classes, such as "
                f"{'+'.join(classes.codes[:2])}."
            )
    else:
        codes = tuple(point.split("+"))
    unknown = [code for code in codes if code not in classes.names]
    if unknown or len(set(codes)) != len(codes):
        raise InputError(
            f"`operating_points` has {point!r}: give one of {', '.join(classes.codes)}, several "
            f"joined by +, or {MALIGNANT}."
        )
    if len(codes) == len(classes):
        raise InputError(
            f"`operating_points` has {point!r}, which is every class: nothing is left to be told "
            "from it."
        )
    return codes


def score_of(
    probabilities: NDArray[np.floating[Any]], codes: tuple[str, ...], classes: ClassList
) -> NDArray[np.float64]:
    """The sum (N,) of these classes' probabilities (N, len(classes)), in double precision."""
    columns = [classes.codes.index(code) for code in codes]
    score = np.zeros(len(probabilities))
    for column in columns:  # in this order: an app has to get the same last bit
        score += probabilities[:, column]
    return score


def threshold_for(
    sensitivity: float, scores: NDArray[np.float64], lesions: NDArray[Any]
) -> Threshold:
    """The largest threshold with the guarantee.

    Args:
        sensitivity: asked for, between 0 and 1.
        scores: (N,) of validation images of the point's classes.
        lesions: (N,), which lesion an image shows.
    """
    worst = np.sort(smallest_by_lesion(scores, lesions))
    most = most_misses(len(worst), sensitivity)
    if most is None:
        return Threshold(None, len(worst), 0)
    value = float(worst[most])
    return Threshold(value, len(worst), int((worst < value).sum()))


def most_misses(lesions: int, sensitivity: float) -> int | None:
    """How many of so many lesions may be missed; None where even none missed proves too little."""
    from scipy.stats import beta  # takes a second

    missed = np.arange(lesions)
    bounds = beta.ppf(CONFIDENCE, missed + 1, lesions - missed)
    within = int((bounds <= 1 - sensitivity).sum())
    return within - 1 if within else None


def fewest_lesions(sensitivity: float) -> int:
    """Lesions from which on a threshold can be had: none of them missed, with the confidence."""
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(sensitivity))


def smallest_by_lesion(scores: NDArray[np.float64], lesions: NDArray[Any]) -> NDArray[np.float64]:
    """The smallest score of each lesion (L,), of scores (N,)."""
    names, lesion = np.unique(lesions, return_inverse=True)
    smallest = np.full(len(names), np.inf)
    np.minimum.at(smallest, lesion, scores)
    return smallest
