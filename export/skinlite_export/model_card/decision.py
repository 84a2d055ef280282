"""The card's tables of operating points, sets and familiarity; see `model_card.card`."""

from collections.abc import Iterator

from skinlite.evaluation.page import Table
from skinlite_export.decision.curves import along
from skinlite_export.manifest.decision import (
    Decision,
    Familiarity,
    OperatingPoint,
    PointScores,
    Sets,
    Share,
)
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.model_card.results import NONE, number

SHOWN = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
"""Thresholds beside a point's own."""


def decisions(manifest: Manifest) -> list[Table]:
    """How an app decides, and what that does on test images; nothing in an older bundle."""
    decision = manifest.decision
    if decision is None:
        return []
    return [
        _points(decision),
        *([_predictive(decision)] if any(p.files for p in decision.points.values()) else []),
        *_curves(decision),
        *_sets(decision.sets),
        _familiarity(decision.familiarity),
    ]


def _points(decision: Decision) -> Table:
    if not decision.points:
        note = "None: no class is known to be critical or malignant, and none was asked for."
        return Table("Operating points", note, ("Point",), ())
    note = (
        "A threshold on the sum of the probabilities of these classes, chosen on validation images "
        "so that the sensitivity is at least the one asked for, with 95 % confidence (exact "
        "binomial bound over lesions), and measured on test images. It is an output of a network, "
        "not the risk of a disease. In brackets: 95 % bootstrap intervals over lesions."
    )
    rows = [row for name, point in decision.points.items() for row in _rows(name, point)]
    header = ("Point", "asked", "threshold", "", "sensitivity", "specificity", "Keras - file")
    return Table("Operating points", note, header, tuple(rows))


def _rows(name: str, point: OperatingPoint) -> Iterator[tuple[str, ...]]:
    named = name if point.classes == (name,) else f"{name} ({'+'.join(point.classes)})"
    if point.threshold is None or point.keras is None:
        yield (named, f"{point.asked:g}", f"NONE: {point.reason}", *[NONE] * 4)
        return
    threshold = f"{point.threshold:.4g} ({point.missed} of {point.lesions} lesions missed)"
    models: dict[str, PointScores] = {"Keras, its own threshold": point.keras, **point.files}
    for model, scores in models.items():
        drops = (scores.sensitivity_drop, scores.specificity_drop)
        yield (
            named,
            f"{point.asked:g}",
            NONE if scores is point.keras else threshold,
            model,
            share(scores.sensitivity),
            share(scores.specificity),
            "; ".join(share(drop) for drop in drops if drop) or NONE,
        )


def _predictive(decision: Decision) -> Table:
    rows = [
        (name, file, f"{one.prevalence:.0%}", share(one.positive), share(one.negative))
        for name, point in decision.points.items()
        for file, scores in point.files.items()
        for one in scores.predictive
    ]
    return Table(
        "Predictive values",
        "An ESTIMATE by Bayes' rule from the sensitivity and specificity above, for prevalences "
        "that are examples: no patients with them were seen.",
        ("Point", "File", "prevalence", "positive", "negative"),
        tuple(rows),
    )


def _curves(decision: Decision) -> Iterator[Table]:
    """The ROC and the decision curve of each point that has them."""
    rows = [
        (
            name,
            file,
            f"{at.threshold:.4g}" + (", the point" if at.threshold == point.threshold else ""),
            number(at.sensitivity),
            number(at.specificity),
            number(at.benefit),
            number(at.benefit_of_all),
        )
        for name, point in decision.points.items()
        if point.threshold is not None
        for file, scores in point.files.items()
        for at in along(scores, point.threshold)
        if at.threshold in (*SHOWN, point.threshold)
    ]
    if rows:
        yield Table(
            "Other thresholds",
            "ROC and decision curve in numbers: what other thresholds do on the same test images, "
            "and the net benefit per image of acting from each of them on, beside that of acting "
            "on every image (Vickers and Elkin, 2006). It takes the score for a risk, which it is "
            "only as far as it is calibrated, and the test images' classes for those of patients, "
            "which they are not.",
            ("Point", "File", "threshold", "sensitivity", "specificity", "net benefit", "of all"),
            tuple(rows),
        )


def _sets(sets: Sets) -> list[Table]:
    few = [
        f"{code} ({sets.lesions[code]} lesions, {value:.2f})"
        for code, value in sets.guaranteed.items()
        if value < sets.asked
    ]
    note = (
        f"The classes that can't be ruled out; meant to hold the true one in {sets.asked:.0%} of "
        "the images of each class, on average over validation sets (conformal risk control over "
        "lesions). "
        + (f"Guaranteed less, for too few validation lesions: {', '.join(few)}. " if few else "")
        + "Measured on test images."
    )
    rows = [
        (file, what, share(known))
        for file, scores in sets.files.items()
        for what, known in (("all", scores.coverage), *scores.by_class.items())
    ]
    sizes = [
        (file, str(size), f"{count:,}", f"{count / sum(scores.sizes):.1%}")
        for file, scores in sets.files.items()
        for size, count in enumerate(scores.sizes, start=1)
    ]
    groups = [
        (file, one.field, one.group, f"{one.images:,}", number(one.coverage))
        for file, scores in sets.files.items()
        for one in scores.subgroups
    ]
    return [
        Table("Sets of classes", note, ("File", "True class", "coverage"), tuple(rows)),
        Table(
            "Sizes of the sets",
            "A set of one class is an answer; a set of all of them is none.",
            ("File", "Classes", "images", ""),
            tuple(sizes),
        ),
        Table(
            "Coverage by subgroup",
            "Skin tone was not noted. A dash: too few images.",
            ("File", "", "Group", "images", "coverage"),
            tuple(groups),
        ),
    ]


def _familiarity(known: Familiarity) -> Table:
    rows = [(f"test images, {file}", share(one)) for file, one in known.turned_away.items()]
    rows += [(what, number(value)) for what, value in known.others.items()]
    return Table(
        "Familiarity",
        "Share of images that are turned away, because colours and contrast are unlike those of "
        f"the training images. The threshold turns away {known.asked:.0%} of the validation "
        "images. It may turn away lesions on skin, or from a camera, of which there was none in "
        "training; and an image that passes may still show no lesion.",
        ("Images", "turned away"),
        tuple(rows),
    )


def share(known: Share) -> str:
    """A share with its interval."""
    return number(known.value, known.interval)
