"""Hold a manifest's decision against itself: rates that were edited contradict their counts."""

from bisect import bisect_left
from collections.abc import Iterator

from skinlite_export.decision.conformal import COVERAGE, guaranteed
from skinlite_export.decision.measure import DROPS, predictive_values
from skinlite_export.decision.operating_points import CONFIDENCE, asked_of, classes_of
from skinlite_export.manifest.decision import Curve, Decision, OperatingPoint, PointScores, Share
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.verify.scores_check import same


def decision_faults(manifest: Manifest, files: list[str]) -> Iterator[str]:
    """What contradicts itself, in words; nothing where all agrees."""
    decision, classes = manifest.decision, manifest.class_list
    if decision is None:
        return
    if not manifest.source.trained:
        yield "an untrained network has a decision"
    asked = asked_of(manifest.recipe.operating_points, classes)
    if {name: point.asked for name, point in decision.points.items()} != asked:
        yield "decision.points aren't those of the recipe"
        return
    for name, point in decision.points.items():
        if point.classes != classes_of(name, classes):
            yield f"decision.points.{name} is of other classes"
        else:
            for fault in _of_point(name, point, manifest, files):
                yield f"decision.points.{name}: {fault}"
    yield from _of_sets(decision, manifest, files)
    yield from _of_familiarity(decision, files)


def _of_point(
    name: str, point: OperatingPoint, manifest: Manifest, files: list[str]
) -> Iterator[str]:
    known = point.keras is not None
    if (point.confidence, bool(point.reason)) != (CONFIDENCE, not known) or not (
        0 <= point.missed <= point.lesions
    ):
        yield "confidence, reason or lesions are impossible"
    if not known:
        if point.files or point.gates:
            yield "it was not chosen, but measured"
        return
    # A sum of several classes' probabilities, each rounded to float32, may be a hair above 1.
    if (
        point.threshold is None
        or not 0 <= point.threshold <= 1 + 1e-6
        or list(point.files) != files
    ):
        yield "threshold or files are impossible"
        return
    support = {code: one.support for code, one in manifest.verification.keras.per_class.items()}
    positives = sum(support[code] for code in point.classes)
    counts = (positives, sum(support.values()) - positives)
    for model, scores in {"keras": point.keras, **point.files}.items():
        at = None if model == "keras" else point.threshold
        if scores and not _follows(scores, at, counts):
            yield f"{model}'s figures don't follow from its counts"
    if not _gated(name, point, manifest):
        yield "gates don't follow from the figures"


def _follows(scores: PointScores, threshold: float | None, counts: tuple[int, int]) -> bool:
    sensitivity = scores.found / scores.positives if scores.positives else None
    specificity = scores.cleared / scores.negatives if scores.negatives else None
    return (
        (scores.positives, scores.negatives) == counts
        and 0 <= scores.found <= scores.positives
        and 0 <= scores.cleared <= scores.negatives
        and (scores.curve is None or _runs_through(scores.curve, threshold, scores))
        and same(scores.sensitivity.value, sensitivity)
        and same(scores.specificity.value, specificity)
        and all(
            same(given.value, float(value)) or value != value
            for one in scores.predictive
            if sensitivity is not None and specificity is not None
            for given, value in zip(
                (one.positive, one.negative),
                predictive_values(sensitivity, specificity, one.prevalence),
                strict=True,
            )
        )
    )


def _runs_through(curve: Curve, threshold: float | None, scores: PointScores) -> bool:
    """Whether more is cleared and less is found as the threshold rises, the point's own included.

    The Keras model's own threshold isn't noted.
    """
    found, cleared = list(curve.found), list(curve.cleared)
    if not len(curve.thresholds) == len(found) == len(cleared):
        return False
    if threshold is not None:
        place = bisect_left(curve.thresholds, threshold)
        found.insert(place, scores.found)
        cleared.insert(place, scores.cleared)
    return (
        list(curve.thresholds) == sorted(set(curve.thresholds))
        and [scores.positives, *found, 0] == sorted([scores.positives, *found, 0], reverse=True)
        and [0, *cleared, scores.negatives] == sorted([0, *cleared, scores.negatives])
    )


def _gated(name: str, point: OperatingPoint, manifest: Manifest) -> bool:
    asked = manifest.recipe.gates
    if asked is None:
        return not point.gates
    needed = [(file, drop) for file in point.files for drop in DROPS]
    return [(gate.file, gate.name) for gate in point.gates] == needed and all(
        gate.critical == name
        and gate.applies
        and gate.limit == asked.operating_point_drop
        and gate.passed == gate.holds
        and (drop := getattr(point.files[gate.file], gate.name)) is not None
        and same(gate.measured, drop.value)
        for gate in point.gates
    )


def _of_sets(decision: Decision, manifest: Manifest, files: list[str]) -> Iterator[str]:
    sets, codes = decision.sets, list(manifest.classes)
    if not (list(sets.thresholds) == list(sets.lesions) == list(sets.guaranteed) == codes):
        yield "decision.sets are of other classes"
        return
    if (
        sets.asked != COVERAGE
        or any(not 0 <= value <= 1 for value in sets.thresholds.values())
        or sets.guaranteed != {code: guaranteed(count) for code, count in sets.lesions.items()}
    ):
        yield "decision.sets' thresholds or guarantees are impossible"
    if list(sets.files) != files:
        yield "decision.sets.files aren't the bundle's model files"
    images = manifest.verification.keras.images
    for file, scores in sets.files.items():
        if sum(scores.sizes) != images or not all(
            map(_possible, (scores.coverage, *scores.by_class.values()))
        ):
            yield f"decision.sets of {file} are impossible"


def _of_familiarity(decision: Decision, files: list[str]) -> Iterator[str]:
    known = decision.familiarity
    if (
        not known.threshold > 0
        or list(known.turned_away) != files
        or not all(map(_possible, known.turned_away.values()))
    ):
        yield "decision.familiarity is impossible"


def _possible(share: Share) -> bool:
    ends = share.interval or (0, 1)
    return (share.value is None or 0 <= share.value <= 1) and 0 <= ends[0] <= ends[1] <= 1
