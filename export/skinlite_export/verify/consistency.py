"""Hold what a bundle's files say against each other, for hashes are redone by whoever edits them.

The exporter writes many things twice: the order of the classes, the patient's columns, the gates
and the scores that they judge. An edit of one place contradicts another. An edit of every place
agrees again: that nobody but its maker wrote a bundle is for a signature to prove
(`skinlite_export.bundle.signing`, docs/bundle.md).
"""

import json
import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from skinlite import __version__
from skinlite.classes import HAM10000, NAMES
from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.read_write import read_regular
from skinlite.vocabulary import ATTENTION, UNKNOWN
from skinlite_export.bundle.folder import CARD, ENCODING, LABELS, MANIFEST, ONNX, TFLITE, Bundle
from skinlite_export.bundle.golden import FOLDER, VECTORS, names_of, read_vectors
from skinlite_export.manifest.manifest import Geometry, Manifest, status_of
from skinlite_export.manifest.origin import NOT_STATED, stated_of
from skinlite_export.model_card.card import card_of
from skinlite_export.verify.audit import audit
from skinlite_export.verify.data_check import data_faults
from skinlite_export.verify.decision_check import decision_faults
from skinlite_export.verify.scores_check import evidence_faults


def check_consistency(bundle: Bundle) -> str:
    """Compare everything that a bundle says twice; `Bundle.check_files` was called.

    Returns:
        A line that says so.

    Raises:
        InputError: files contradict each other; names every contradiction.
    """
    faults = [
        *_files(bundle),
        *_manifest(bundle.manifest),
        *evidence_faults(bundle.manifest, bundle.models),
        *data_faults(bundle.manifest),
        *decision_faults(bundle.manifest, bundle.models),
    ]
    # What follows counts on the manifest.
    faults = faults or [*_card(bundle), *_models(bundle), *_golden(bundle)]
    if faults:
        raise InputError(
            f"{bundle.path} contradicts itself: {'; '.join(faults)}. Its hashes are right, so "
            "somebody computed them again after a change. Don't ship it; export again with "
            "skinlite export."
        )
    return "labels, patient encoding, recipe, scores and gates: no contradiction"


def _files(bundle: Bundle) -> Iterator[str]:
    yield from _twice(bundle)
    known = {TFLITE, ONNX, LABELS, ENCODING, CARD}
    if list(bundle.manifest.signatures) != bundle.models or TFLITE not in bundle.models:
        yield f"signatures are for {', '.join(bundle.manifest.signatures)}, not for its models"
    strange = [
        name
        for name in bundle.manifest.files
        if name not in known and name.partition("/")[0] not in (FOLDER, "kits")
    ]
    if strange:
        yield f"{', '.join(strange)} isn't a file of a bundle"
    needed = [LABELS, CARD]
    if any(len(one.inputs) > 1 for one in bundle.manifest.signatures.values()):
        needed.insert(1, ENCODING)
    missing = [name for name in needed if name not in bundle.manifest.files]
    if missing:
        yield f"it has no {', '.join(missing)}"
        return
    labels = read_regular(bundle.path / LABELS).decode(errors="replace").splitlines()
    if labels != list(bundle.manifest.classes):
        yield f"{LABELS} has {', '.join(labels)}, the manifest {', '.join(bundle.manifest.classes)}"
    if ENCODING not in bundle.manifest.files:
        return
    encoder = bundle.encoder()
    if not (math.isfinite(encoder.age_mean) and 0 < encoder.age_std < math.inf):
        yield (
            f"{ENCODING}: ages can't have the mean {encoder.age_mean} and deviation "
            f"{encoder.age_std}"
        )
    for field in ("sexes", "localizations"):
        names = getattr(encoder, field)
        if UNKNOWN not in names or len(set(names)) < len(names):
            yield f"{ENCODING}: {field} lack {UNKNOWN!r} or have a name twice"
    if len(set(encoder.names)) < len(encoder.names):
        yield f"{ENCODING}: metadata has a column twice"
    data = bundle.manifest.data
    if data and data.metadata_columns != encoder.names:
        yield (
            f"{ENCODING} has the metadata {', '.join(encoder.names) or 'age, sex and site'}, the "
            f"manifest {', '.join(data.metadata_columns) or 'age, sex and site'}"
        )
    if _json(bundle.path / ENCODING).get("columns") != list(encoder.columns):
        yield f"{ENCODING}: columns aren't those of its sexes, localizations and metadata"


def _twice(bundle: Bundle) -> Iterator[str]:
    """Names that a document has twice: its readers don't agree on which counts."""
    for name in (MANIFEST, ENCODING, f"{FOLDER}/{VECTORS}"):
        repeated: list[str] = []

        def collect(pairs: list[tuple[str, Any]], repeated: list[str] = repeated) -> dict[str, Any]:
            counts = Counter(key for key, _ in pairs)
            repeated += [key for key, count in counts.items() if count > 1]
            return dict(pairs)

        # What is no JSON at all is for its reader to tell.
        if (bundle.path / name).is_file():
            _json(bundle.path / name, collect)
        if repeated:
            yield f"{name} has {', '.join(repeated)} twice"


def _json(path: Path, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    try:
        return json.loads(read_regular(path), object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:  # also digits, or brackets, beyond measure
        raise InputError(
            f"{path} isn't valid JSON: {error}. Don't ship it; export again with skinlite export."
        ) from error


def _manifest(manifest: Manifest) -> Iterator[str]:
    about, source, recipe = manifest.about, manifest.source, manifest.recipe
    slimming = manifest.training.slimming if manifest.training else None
    stated = zip((about.author, about.license), stated_of(source, recipe), strict=True)
    claims = {
        "status doesn't follow from the gates": manifest.status
        == status_of(manifest.gates, manifest.search, recipe.gates),
        "classes aren't skinlite's": all(
            name in (NAMES.get(code, code), code) for code, name in manifest.classes.items()
        )
        and (
            # Of other classes the model files say which are malignant, critical and in columns.
            manifest.class_list.codes != HAM10000.codes
            or (manifest.class_list == HAM10000 and manifest.isic_columns == HAM10000.isic_columns)
        ),
        "geometry isn't skinlite's": manifest.geometry
        == Geometry.of(source.adopted.geometry if source.adopted else "crop"),
        "notice isn't the description's": manifest.notice in about.description,
        "about.name isn't the source's": about.name == source.name,
        "about.version isn't the start of source.model_sha256": len(about.version) == 12
        and source.model_sha256.startswith(about.version),
        "about.description and source differ": source.backbone in about.description
        and source.trained != ("untrained" in about.description)
        and (not source.trained or source.synthetic == ("synthetic" in about.description)),
        "author or license aren't the recipe's": all(
            stated_value == asked if asked else stated_value.startswith(NOT_STATED)
            for stated_value, asked in stated
        ),
        "an untrained network was gated": source.trained or recipe.gates is None,
        "source and training differ": manifest.training is None
        or (
            all(
                getattr(source, field) == getattr(manifest.training, field)
                for field in ("backbone", "topology", "width", "image_size")
            )
            and 0 <= source.epochs <= manifest.training.epochs
            and source.slim == (slimming.cycles if slimming else None)
        ),
        "source.adopted is of another network": source.adopted is None
        or (
            (manifest.training is None) == (source.slim is None)
            and (source.backbone, source.image_size)
            == (source.adopted.name, source.adopted.image_size)
            and source.adopted.known in about.description
            and set(source.adopted.classes) == set(manifest.classes)
        ),
        "calibration isn't the recipe's": (manifest.calibration is not None) == recipe.in_int8,
        "search isn't the recipe's": (manifest.search is not None) == (recipe.on_fail == "search"),
    }
    if calibration := manifest.calibration:
        claims["calibration is impossible"] = (
            0 < calibration.used <= calibration.drawn <= recipe.calibration_pictures
            and bool(recipe.screening or not calibration.screened)
        )
    if search := manifest.search:
        claims["search.found doesn't follow from its steps"] = bool(
            search.steps
        ) and search.found == (not search.steps[-1].failed)
    yield from (fault for fault, holds in claims.items() if not holds)


def _card(bundle: Bundle) -> Iterator[str]:
    """Every version words the card otherwise, so that only what all say is held against it."""
    manifest = bundle.manifest
    card = read_regular(bundle.path / CARD).decode(errors="replace")
    needed = [manifest.about.version, *(manifest.files[file].sha256 for file in bundle.models)]
    if lost := [text for text in needed if text not in card]:
        yield f"{CARD} is of another bundle: it doesn't have {', '.join(lost)}"
    elif ("REJECTED" in card) != (manifest.status == "rejected"):
        yield f"{CARD} has another status than the manifest"
    elif manifest.versions.get("skinlite") == __version__ and card != card_of(manifest):
        warnings.warn(
            f"{bundle.path / CARD} isn't exactly the text that this skinlite {__version__} makes "
            f"from the manifest. Somebody changed it, or another version of skinlite wrote it.",
            SkinliteWarning,
            stacklevel=3,
        )


def _models(bundle: Bundle) -> Iterator[str]:
    manifest, recipe = bundle.manifest, bundle.manifest.recipe
    signature, size = manifest.signatures[TFLITE], manifest.source.image_size
    if not (
        signature.image.dtype == recipe.io
        and signature.height_width == (recipe.resize_in_graph or (size, size))
        and signature.takes_answers == (recipe.patient_input == "raw")
        and any(tensor.name == ATTENTION for tensor in signature.outputs) == recipe.with_attention
    ):
        yield f"{TFLITE}'s signature doesn't follow from the recipe"
    for file, one in manifest.signatures.items():
        if one.outputs[0].shape[-1] != len(manifest.classes):
            yield f"{file} gives {one.outputs[0].shape[-1]} probabilities, not one a class"
    measured = audit(bundle.path / TFLITE)
    # Partitions are this machine's.
    if measured.model_copy(update={"partitions": manifest.audit.partitions}) != manifest.audit:
        yield f"audit isn't of {TFLITE}"
    if any(name.endswith(" int8") for name in measured.operations) != recipe.in_int8 or (
        recipe.integer_only and measured.float_operations
    ):
        yield f"{TFLITE}'s number formats aren't the recipe's"


def _golden(bundle: Bundle) -> Iterator[str]:
    vectors, files = read_vectors(bundle).vectors, bundle.manifest.files
    support = bundle.manifest.verification.keras.per_class
    pictures = names_of(bundle.manifest.classes)
    absent = [
        name
        for name, scores in support.items()
        if scores.support and name not in {vector.dx for vector in vectors}
    ]
    if absent:
        yield f"{VECTORS} has no vector of {', '.join(absent)}"
    for vector in vectors:
        drawn = vector.decoded is not None  # the JPEG, which shows no lesion
        if not drawn and (
            vector.dx not in support or vector.picture != f"{pictures[vector.dx]}.png"
        ):
            yield f"{VECTORS}: {vector.picture} isn't an image of {vector.dx}"
        if sorted(vector.models) != sorted(bundle.models):
            yield f"{VECTORS}: {vector.picture} has outputs of {', '.join(vector.models)}"
        named = [vector.picture, *(expected.pixels for expected in vector.models.values())]
        named += [vector.decoded] if vector.decoded else []
        if lost := [name for name in named if f"{FOLDER}/{name}" not in files]:
            yield f"{VECTORS}: {', '.join(lost)} isn't in {FOLDER}/"
