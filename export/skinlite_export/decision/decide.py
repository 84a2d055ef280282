"""One image's probabilities to a decision, as an app makes it.

The kits have the same function; golden vectors hold them against it.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from skinlite.classes import ClassList
from skinlite.data.preprocessing import Pixels
from skinlite.errors import InputError
from skinlite_export.decision.conformal import in_sets
from skinlite_export.decision.familiarity import distance
from skinlite_export.decision.operating_points import score_of
from skinlite_export.manifest.decision import Decided, Decision

NEAR = 1e-6
"""Of a distance, relatively."""


class Decider(NamedTuple):
    """Decides as a bundle does, one image after the other."""

    decision: Decision
    classes: ClassList

    def __call__(self, probabilities: ArrayLike, image: Pixels) -> Decided:
        """What is decided for one image.

        Args:
            probabilities: (len(classes),), as the file gives them.
            image: (H, W, 3), levels 0-255 of the image tensor.

        Raises:
            InputError: a probability isn't a number. Compared with a threshold it would always be
                below, as if a class could be ruled out.
        """
        row = np.asarray(probabilities, np.float64)[None]
        if not np.isfinite(row).all():
            raise InputError(
                f"The network's probabilities aren't all numbers: {row[0].tolist()}. Nothing can "
                "be decided from them. Run the file on another runtime."
            )
        points, sets, known = self.decision.points, self.decision.sets, self.decision.familiarity
        (inside,) = in_sets(row, sets.thresholds, self.classes)
        away = distance(image, known.mean, known.whitening)
        return Decided(
            distance=away,
            familiar=away <= known.threshold,
            classes=tuple(np.array(self.classes.codes)[inside].tolist()),
            points={
                name: bool(score_of(row, point.classes, self.classes)[0] >= point.threshold)
                for name, point in points.items()
                if point.threshold is not None
            },
        )


def same_decision(here: Decided | None, expected: Decided | None) -> bool:
    """Whether two decisions are one, the distance as near as another order of sums makes it."""
    if here is None or expected is None:
        return here is expected
    return math.isclose(here.distance, expected.distance, rel_tol=NEAR) and (
        here.model_copy(update={"distance": 0}) == expected.model_copy(update={"distance": 0})
    )
