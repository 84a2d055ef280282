"""`Decision`: the part of the `Manifest` by which an app makes a decision from probabilities.

Everything was chosen on validation images, for model.tflite, and measured on test images.
"""

from collections.abc import Collection
from typing import Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from skinlite.evaluation.resampling import Interval
from skinlite_export.decision.familiarity import STATISTICS
from skinlite_export.manifest.measured import Gate
from skinlite_export.runtime.signature import Record


class Share(Record):
    """A share of test images.

    Attributes:
        value: None where no image tells.
        interval: 95 % bootstrap interval over lesions; of a sensitivity or specificity that is 0 or
            1 the exact binomial one.
    """

    value: float | None
    interval: Interval | None


class Predictive(Record):
    """What a point's answer would mean among patients of whom so many have it.

    Computed from sensitivity and specificity; no patients with that prevalence were seen.

    Attributes:
        prevalence: share of images of the point's classes, 0-1.
        positive: share of the images that reach the point which are of its classes.
        negative: share of the others which aren't.
    """

    prevalence: float
    positive: Share
    negative: Share


class Curve(Record):
    """What other thresholds would do, on the same images: for ROC and decision curve.

    Attributes:
        thresholds: rising, between 0 and 1.
        found: for each of them, images of the point's classes that reach it.
        cleared: for each of them, other images that don't.
    """

    thresholds: tuple[float, ...]
    found: tuple[int, ...]
    cleared: tuple[int, ...]


class PointScores(Record):
    """One file at an operating point, on the test images.

    Attributes:
        positives: images of the point's classes, of which ``found`` reach the threshold.
        negatives: the others, of which ``cleared`` don't.
        sensitivity_drop: paired, Keras minus file, each at a threshold that was chosen in the same
            way on its own probabilities (the .onnx: at the .tflite's); None for Keras.
        specificity_drop: likewise.
        curve: the same images at other thresholds; None in an older bundle.
    """

    positives: int
    found: int
    negatives: int
    cleared: int
    sensitivity: Share
    specificity: Share
    predictive: tuple[Predictive, ...]
    sensitivity_drop: Share | None = None
    specificity_drop: Share | None = None
    curve: Curve | None = None


class OperatingPoint(Record):
    """A threshold on the sum of some classes' probabilities.

    Attributes:
        classes: codes; their probabilities are added in this order, in double precision.
        asked: the sensitivity that the threshold is to have.
        confidence: with which it has it, over draws of validation lesions.
        threshold: sums from here on reach the point; None where there are too few lesions.
        lesions: validation lesions of the classes; ``missed`` of them are below the threshold.
        reason: why there is no threshold; otherwise empty.
        keras: the Keras model at its own threshold.
        files: by model file, all at ``threshold``.
        gates: that the files keep the point; none where the export had no gates.
    """

    classes: tuple[str, ...] = Field(min_length=1)
    asked: float
    confidence: float
    threshold: FiniteFloat | None
    lesions: int
    missed: int
    reason: str = ""
    keras: PointScores | None = None
    files: dict[str, PointScores] = Field(default_factory=dict)
    gates: tuple[Gate, ...] = ()


class GroupCoverage(Record):
    """A subgroup's images, and the share whose set holds the true class; None of too few."""

    field: str
    group: str
    images: int
    coverage: float | None


class SetScores(Record):
    """The sets of one file's test images.

    Attributes:
        coverage: share of sets that hold the true class.
        by_class: the same by true class.
        subgroups: the same by age, sex, site and source.
        sizes: how many sets have one class, two, and so on.
    """

    coverage: Share
    by_class: dict[str, Share]
    subgroups: tuple[GroupCoverage, ...]
    sizes: tuple[int, ...]


class Sets(Record):
    """The classes that can't be ruled out: those whose probability is at least their threshold.

    The most probable class is always in the set.

    Attributes:
        asked: share of the images of each class whose set is to hold it.
        thresholds: by class; 0: there were no validation lesions, so that every set holds it.
        lesions: validation lesions, by class.
        guaranteed: by class, what so many lesions guarantee; less than ``asked`` where they are
            too few.
        files: by model file.
    """

    asked: float
    thresholds: dict[str, FiniteFloat]
    lesions: dict[str, int]
    guaranteed: dict[str, float]
    files: dict[str, SetScores]


class Familiarity(Record):
    """Whether an image looks like those that the network was trained on.

    Attributes:
        statistics: what is computed of the pixels of the image tensor, in order; docs/bundle.md
            says how.
        mean: of training images.
        whitening: (13, 13), lower triangular; the distance is the squared length of
            whitening @ (statistics - mean).
        threshold: an image with a larger distance is turned away.
        asked: share of the validation images that the threshold turns away.
        turned_away: by model file, share of the test images.
        others: by what they are, share of images without a lesion that is turned away.
    """

    statistics: tuple[str, ...]
    mean: tuple[FiniteFloat, ...]
    whitening: tuple[tuple[FiniteFloat, ...], ...]
    threshold: FiniteFloat
    asked: float
    turned_away: dict[str, Share]
    others: dict[str, float]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.statistics != STATISTICS:
            raise ValueError("the statistics aren't those that this skinlite computes")
        size = len(self.statistics)
        if [len(self.mean), *map(len, self.whitening)] != [size] * (len(self.whitening) + 1) or (
            len(self.whitening) != size
        ):
            raise ValueError("mean and whitening have to be of the statistics")
        return self


class Decision(Record):
    """How an app decides, for model.tflite; its .onnx has the same thresholds.

    Attributes:
        split: whose images chose the thresholds.
        points: operating points, by name.
        sets: of classes.
        familiarity: what turns images away that are none of a lesion.
    """

    split: Literal["validation"] = "validation"
    points: dict[str, OperatingPoint]
    sets: Sets
    familiarity: Familiarity

    def check(self, codes: Collection[str]) -> None:
        """Refuse what can't decide between these classes.

        Raises:
            ValueError: a point or the sets are of others.
        """
        if self.sets.thresholds.keys() != set(codes):
            raise ValueError("decision.sets are of other classes")
        for name, point in self.points.items():
            if set(point.classes) - set(codes):
                raise ValueError(f"decision.points.{name} is of other classes")

    @property
    def gates(self) -> list[Gate]:
        """The gates of all points."""
        return [gate for point in self.points.values() for gate in point.gates]


class Decided(Record):
    """What is decided for one image.

    Attributes:
        distance: from the training images; see `Familiarity`.
        familiar: whether the network knows such images. If not, the rest means nothing.
        classes: the set: codes of the classes that can't be ruled out, in the manifest's order.
        points: whether the image reaches each operating point that has a threshold.
    """

    distance: float
    familiar: bool
    classes: tuple[str, ...] = Field(min_length=1)
    points: dict[str, bool]
