"""Hold a manifest's figures against each other: a score that was edited contradicts its own table.

Everything but the areas under the curves follows from the confusion matrices, so that what is
claimed is computed again from them.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from skinlite.classes import ClassList
from skinlite.evaluation.calibration import BOUNDS, Calibration
from skinlite.evaluation.evaluation import Details
from skinlite.evaluation.metrics import Metrics, evaluate
from skinlite.evaluation.subgroups import FEWEST
from skinlite_export.bundle.folder import TFLITE
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.manifest.measured import Comparison, TeacherProof, Verification
from skinlite_export.recipe import Gates

NEAR = 1e-6
"""What two ways of computing a figure may differ by."""
MOST_IMAGES = 1_000_000
"""A confusion matrix of more is a slip, or meant to fill the memory."""

FIGURES = (
    "images",
    "accuracy",
    "balanced_accuracy",
    "paper_balanced_accuracy",
    "macro_precision",
    "macro_f1",
)
"""Of `Metrics`, that follow from the confusion matrix alone."""


def evidence_faults(manifest: Manifest, files: list[str]) -> Iterator[str]:
    """What figures contradict, in words; nothing where all agree."""
    proof = manifest.verification
    named = {"keras": proof.keras} | {
        comparison.file: comparison.metrics for comparison in proof.files
    }
    if proof.control:
        named[proof.control.file] = proof.control.metrics
    classes = manifest.class_list
    faults = [fault for name, one in named.items() for fault in _of_metrics(name, one, classes)]
    if faults or [comparison.file for comparison in proof.files] != files:
        yield from faults or ["verification.files aren't the bundle's model files"]
        return  # what follows counts on these
    truth = np.sum(proof.keras.confusion, axis=1)
    for compared in (*proof.files, *((proof.control,) if proof.control else ())):
        if not np.array_equal(np.sum(compared.metrics.confusion, axis=1), truth):
            yield f"{compared.file} was tested on other images than keras"
        else:
            yield from _of_comparison(compared, proof.keras)
    yield from _of_gates(proof, manifest.recipe.gates, manifest.critical)
    yield from _of_teacher(manifest, truth)
    if proof.details and list(proof.details) != files:
        yield "verification.details aren't of the bundle's model files"
        return
    for name, details in proof.details.items():
        yield from (f"{name}'s {fault}" for fault in _of_details(details, named[name]))
    yield from _of_temperature(manifest)


def same(first: float | None, other: float | None, near: float = NEAR) -> bool:
    """Whether two figures are one; NaN is none."""
    if first is None or other is None:
        return first is other
    return math.isclose(first, other, rel_tol=0, abs_tol=near)


def _of_metrics(name: str, given: Metrics, classes: ClassList) -> Iterator[str]:
    size = len(classes)
    counts = [count for row in given.confusion for count in row]
    if (
        [len(row) for row in given.confusion] != [size] * size
        or min(counts) < 0
        or not 0 < sum(counts) < MOST_IMAGES
    ):
        yield f"{name}'s confusion matrix isn't of {size} classes"
        return
    truth, answered = np.divmod(np.repeat(np.arange(size**2), counts), size)
    again = evaluate(truth, np.eye(size)[answered], classes)
    if tuple(given.per_class) != classes.codes:
        yield f"{name}'s classes are {', '.join(given.per_class)}"
        return
    if given.critical != classes.critical:
        yield f"{name}'s critical class is {given.critical}, the manifest's {classes.critical}"
    wrong = [field for field in FIGURES if not same(getattr(given, field), getattr(again, field))]
    wrong += [
        f"{field} of {label}"
        for label, metrics in given.per_class.items()
        for field in ("support", "precision", "recall", "f1", "specificity")
        if not same(getattr(metrics, field), getattr(again.per_class[label], field))
    ]
    present = [
        metrics.auc
        for metrics in given.per_class.values()
        if metrics.support and metrics.auc is not None
    ]
    if not same(given.macro_auc, float(np.mean(present)) if present else None):
        wrong.append("macro_auc")
    for label, metrics in given.per_class.items():
        alone = again.per_class[label].auc is None
        if (metrics.auc is None) != alone or not (metrics.auc is None or 0 <= metrics.auc <= 1):
            wrong.append(f"auc of {label}")
    if wrong:
        yield f"{name}'s {', '.join(wrong)} don't follow from its confusion matrix and AUCs"


def _of_comparison(given: Comparison, keras: Metrics) -> Iterator[str]:
    # As many images as moved from one cell of the matrix to another have other answers.
    moved = np.abs(np.subtract(given.metrics.confusion, keras.confusion)).sum() / 2
    if not 0 <= given.agreement <= 1 - moved / keras.images + NEAR:
        yield f"{given.file}'s agreement is higher than its confusion matrix allows"
    if not 0 <= given.worst_difference <= 1 + NEAR:
        yield f"{given.file}'s worst_difference can't be a difference of probabilities"


def _of_teacher(manifest: Manifest, truth: NDArray[np.intp]) -> Iterator[str]:
    """Of the files beside the teacher's Keras model."""
    proof, training = manifest.verification.teacher, manifest.training
    known = training.teacher if training else None
    if proof is None or known is None:
        if (proof is None) != (known is None):
            yield "verification.teacher and training.teacher aren't both there"
        return
    if proof.model_sha256 != known.model_sha256:
        yield "verification.teacher is another teacher than training's"
    if not np.array_equal(np.sum(proof.keras.confusion, axis=1), truth):
        yield "the teacher was tested on other images than keras"
        return
    own = {each.file: each.metrics for each in manifest.verification.files}
    if {each.file: each.metrics for each in proof.files} != own:
        yield "verification.teacher's files have other scores than verification's"
        return
    for compared in proof.files:
        yield from _of_comparison(compared, proof.keras)
    asked = manifest.recipe.gates if training and training.slimming else None
    against = asked.against_teacher() if asked else None
    for fault in _of_gates(proof, against, manifest.critical):
        yield f"against the teacher: {fault}"


def _of_gates(
    proof: Verification | TeacherProof, asked: Gates | None, critical: str | None
) -> Iterator[str]:
    limits = asked.limits if asked else {}
    if asked and asked != asked.for_critical(critical):
        yield "recipe.gates name another critical class's limit"
    needed = [(file_scores.file, name) for file_scores in proof.files for name in limits]
    if [(gate.file, gate.name) for gate in proof.gates] != needed:
        yield "verification.gates aren't those of the recipe, each for each file"
        return
    files, keras = {file_scores.file: file_scores for file_scores in proof.files}, proof.keras
    for gate in proof.gates:
        compared, what = files[gate.file], f"{gate.file}'s gate {gate.name}"
        scores = compared.metrics
        pairs = {
            "balanced_accuracy_drop": (keras.balanced_accuracy, scores.balanced_accuracy),
            "melanoma_recall_drop": (keras.critical_recall, scores.critical_recall),
            "critical_recall_drop": (keras.critical_recall, scores.critical_recall),
            "macro_auc_drop": (keras.macro_auc, scores.macro_auc),
        }
        measured = gate.measured
        if gate.name == "agreement":
            follows = same(measured, compared.agreement)
        elif gate.name in pairs:
            before, after = pairs[gate.name]
            follows = same(measured, None if before is None or after is None else before - after)
        else:  # the Keras model's own calibration isn't kept
            follows = measured is not None and -1 <= measured <= 1
        if not follows:
            yield f"{what} has another figure than the scores"
        elif not same(gate.limit, limits[gate.name], 0):
            yield f"{what} has another limit than the recipe"
        elif gate.interval and not -1 <= gate.interval[0] <= gate.interval[1] <= 1:
            yield f"{what} has an impossible interval"
        elif gate.applies != (critical is not None or gate.name != "critical_recall_drop"):
            yield f"{what} {'applies' if gate.applies else 'does not apply'}, against its class"
        elif gate.passed != gate.holds:
            yield f"{what} says {'held' if gate.passed else 'failed'}, against its figures"


def _of_details(given: Details, metrics: Metrics) -> Iterator[str]:
    for name, ends in dict(given.intervals).items():
        if ends is not None and not 0 <= ends[0] <= ends[1] <= 1:
            yield f"the interval of {name} is impossible"
    yield from _of_calibration(given.calibration, metrics)
    for subgroup in given.subgroups:
        shares = (
            subgroup.accuracy,
            subgroup.balanced_accuracy,
            subgroup.melanoma_recall,
            subgroup.critical_recall,
        )
        if (
            not 0 <= subgroup.melanomas <= subgroup.images <= metrics.images
            or not 0 <= subgroup.critical_images <= subgroup.images
            or any(share is not None and not 0 <= share <= 1 for share in shares)
            or (subgroup.images < FEWEST and any(share is not None for share in shares))
        ):
            yield f"subgroup {subgroup.field} {subgroup.group} is impossible"


def _of_calibration(given: Calibration, metrics: Metrics) -> Iterator[str]:
    counts = np.array([bin_.images for bin_ in given.bins])
    confidence, accuracy = ([getattr(b, f) for b in given.bins] for f in ("confidence", "accuracy"))
    if len(counts) == 0 or counts.min() < 1 or counts.sum() != metrics.images:
        yield "calibration bins aren't of its images"
        return
    error = float(np.abs(np.subtract(accuracy, confidence)) @ counts / counts.sum())
    if not same(given.ece, error) or not same(
        float(accuracy @ counts / counts.sum()), metrics.accuracy
    ):
        yield "calibration error or accuracy doesn't follow from the bins"


def _of_temperature(manifest: Manifest) -> Iterator[str]:
    given, details = manifest.temperature, manifest.verification.details.get(TFLITE)
    if given is None:
        if manifest.source.trained and details and details.calibration.temperature is not None:
            yield f"temperature is missing, but {TFLITE}'s calibration has one"
        return
    if not manifest.source.trained:
        yield "an untrained network has a temperature"
    if not BOUNDS[0] <= given.value <= BOUNDS[1]:
        yield f"temperature.value {given.value:g} can't be a fitted value"
    if details and not all(
        same(value, other)
        for value, other in (
            (given.value, details.calibration.temperature),
            (given.ece_before, details.calibration.ece),
            (given.ece_after, details.calibration.ece_with_temperature),
        )
    ):
        yield f"temperature and {TFLITE}'s calibration contradict each other"
