"""Sets of classes that hold the true one: conformal, class by class, lesion by lesion.

A class is in the set if its probability is at least its threshold: Sadinle, Lei and Wasserman,
"Least ambiguous set-valued classifiers with bounded error levels", JASA 114, 223-234 (2019). Each
threshold is the largest with which conformal risk control bounds what is expected to be missed:
Angelopoulos, Bates, Fisch, Lei and Schuster, ICLR 2024. The loss of a lesion is the share of its
images whose set lacks its class, so that a lesion counts once, however often it was photographed.

With n lesions no threshold above 0 bounds it by less than 1 / (n + 1). A class with too few for
what is asked gets the threshold that misses none of them, and the bound that this has.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite.classes import ClassList
from skinlite.evaluation.calibration import Labels, Probabilities

COVERAGE = 0.9
"""Share of the images of a class whose set is to hold it, on average over validation sets."""

ROUNDING = 1e-12


def set_thresholds(
    labels: Labels, probabilities: Probabilities, lesions: NDArray[Any], classes: ClassList
) -> dict[str, float]:
    """The threshold of each class; 0 where it has no lesion, so that every set holds it.

    Args:
        labels: (N,) of validation images.
        probabilities: (N, len(classes)) of the file.
        lesions: (N,), which lesion an image shows.
        classes: of labels and probabilities.
    """
    return {
        code: _threshold(
            probabilities[labels == index, index].astype(np.float64), lesions[labels == index]
        )
        for index, code in enumerate(classes.codes)
    }


def guaranteed(lesions: int) -> float:
    """Coverage that so many lesions of a class guarantee: what is asked, or less."""
    return min(COVERAGE, lesions / (lesions + 1))


def _threshold(scores: NDArray[np.float64], lesions: NDArray[Any]) -> float:
    names, lesion, images = np.unique(lesions, return_inverse=True, return_counts=True)
    order = np.argsort(scores)
    # With the threshold at a score, what lies below it is missed.
    missed = np.concatenate([[0.0], np.cumsum(1 / images[lesion[order]])])[:-1]
    bound = (missed + 1) / (len(names) + 1)
    held = bound <= 1 - guaranteed(len(names)) + ROUNDING
    # Of equal scores only the first says how much lies below.
    first = np.searchsorted(scores[order], scores[order])
    return float(scores[order][held[first]].max(initial=0.0))


def in_sets(
    probabilities: Probabilities, thresholds: dict[str, float], classes: ClassList
) -> NDArray[np.bool_]:
    """Which classes are in the set of each image (N, len(classes)).

    The most probable class always is: a set without a class would say nothing.
    """
    inside = probabilities.astype(np.float64) >= [thresholds[code] for code in classes.codes]
    inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
    return np.asarray(inside)
