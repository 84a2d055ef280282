"""``MODEL_CARD.md``: the manifest for people, after the points of CLEAR Derm.

Everything in it comes from the manifest, so that the two can't disagree; what wasn't measured says
so. The points are those of Daneshjou et al., "Checklist for evaluation of image-based artificial
intelligence reports in dermatology", JAMA Dermatology 158(1), 90-96 (2022).
"""

from skinlite.evaluation.page import Page, Table
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.model_card.checklist import ABSENT, application, assessment, data, technique
from skinlite_export.model_card.decision import decisions
from skinlite_export.model_card.results import judged_on, results

NEVER = (
    "Not a medical device. It gives no diagnosis, and its predictions must not be used to treat "
    "anybody."
)


def card_of(manifest: Manifest) -> str:
    """The card in Markdown."""
    point = ("Point", "Here")
    tables = [
        Table("Use and impact", "CLEAR Derm: application.", point, application(manifest)),
        Table("Data", "CLEAR Derm: data.", point, data(manifest)),
        *_images(manifest),
        Table("Technique", "CLEAR Derm: technique.", point, technique(manifest)),
        Table("Assessment", "CLEAR Derm: technical assessment.", point, assessment(manifest)),
        *results(manifest),
        *decisions(manifest),
        _files(manifest),
        *_tensors(manifest),
    ]
    return Page(
        f"Model card: {manifest.about.name}", _preface(manifest), tuple(tables)
    ).to_markdown()


def _preface(manifest: Manifest) -> str:
    about = manifest.about
    status = {
        "accepted": "accepted: every gate passed",
        "rejected": "REJECTED: a gate failed; don't ship it",
        "ungated": "ungated: there were no gates",
    }[manifest.status]
    return (
        f"**{NEVER}** {about.description}\n\n"
        f"Version {about.version}; author: {about.author}; licence: {about.license}. "
        f"Export {status}. Tested on {judged_on(manifest)}.\n\n"
        "Made by skinlite from manifest.json, which has every figure with all digits. What is "
        f"unknown or wasn't measured says: {ABSENT}."
    )


def _images(manifest: Manifest) -> list[Table]:
    if manifest.data is None:
        return []
    sides = manifest.data.sides
    counts = {
        name: [sum(side.labels[name].values()) for side in sides.values()]
        for name in manifest.classes
    }
    rows = [
        (name, manifest.classes[name], *(f"{count:,}" for count in each))
        for name, each in counts.items()
    ]
    rows.append(("", "images", *(f"{side.pictures:,}" for side in sides.values())))
    rows.append(("", "lesions", *(side.known_lesions for side in sides.values())))
    return [
        Table(
            "Class distribution",
            f"Images; split {manifest.data.split.kind!r}.",
            ("Class", "", *sides),
            tuple(rows),
        )
    ]


def _files(manifest: Manifest) -> Table:
    rows = [
        (name, f"{manifest.files[name].bytes:,}", manifest.files[name].sha256)
        for name in manifest.signatures
    ]
    return Table(
        "Files",
        f"Latency and memory: {ABSENT} by the export; measure them with skinlite benchmark.",
        ("File", "bytes", "SHA-256"),
        tuple(rows),
    )


def _tensors(manifest: Manifest) -> list[Table]:
    """Of an older bundle, whose order isn't known, none."""
    rows = [
        (file, side, str(tensor.position), tensor.raw_name or ABSENT, tensor.name, tensor.dtype)
        for file, signature in manifest.signatures.items()
        if signature.input_order and signature.output_order
        for side, tensors in (("input", signature.inputs), ("output", signature.outputs))
        for tensor in sorted(tensors, key=lambda one: one.position or 0)
    ]
    if not rows:
        return []
    return [
        Table(
            "Tensors",
            "In the order of each file. Runtimes that read signatures find a tensor by its "
            "signature name, others by its name in the file. The order differs between files.",
            ("File", "", "Place", "Name in the file", "Meaning", "Format"),
            tuple(rows),
        )
    ]
