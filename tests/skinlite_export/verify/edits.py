"""An attacker's list: edits of a bundle that are refused, and those that are believed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skinlite.data.splits.count_leaks import Leakage
from skinlite.vocabulary import CLASS_NAMES, CLASSES
from skinlite_export.bundle.folder import CARD, ENCODING, LABELS, ONNX, TFLITE

Json = dict[str, Any]
Edit = Callable[[Path, Json], None]
"""Of a bundle's folder and of its manifest, which is written afterwards."""

VECTORS = "golden/vectors.json"


def put(place: str, value: Any) -> Edit:
    """Sets one field of the manifest."""

    def edit(folder: Path, manifest: Json) -> None:
        at: Any = manifest
        *parents, last = (int(key) if key.isdigit() else key for key in place.split("/"))
        for key in parents:
            at = at[key]
        at[last] = value(at[last]) if callable(value) else value

    return edit


def text(name: str, change: Callable[[str], str]) -> Edit:
    """Changes the text of a file."""

    def edit(folder: Path, manifest: Json) -> None:
        before = (folder / name).read_text()
        (folder / name).write_text(change(before))
        assert (folder / name).read_text() != before

    return edit


def document(name: str, change: Callable[[Json], object]) -> Edit:
    """Changes a JSON document."""

    def edit(folder: Path, manifest: Json) -> None:
        known = json.loads((folder / name).read_text())
        change(known)
        (folder / name).write_text(json.dumps(known))

    return edit


def vector(change: Callable[[Json], object]) -> Edit:
    """Changes the melanoma of vectors.json."""
    return document(VECTORS, lambda known: change(known["vectors"][4]))


def all_of(*edits: Edit) -> Edit:
    def edit(folder: Path, manifest: Json) -> None:
        for one in edits:
            one(folder, manifest)

    return edit


def swap(items: list[Any] | Json, one: Any, other: Any) -> Any:
    """The same with two entries, or two keys, in each other's place."""
    if isinstance(items, dict):
        order = [{one: other, other: one}.get(key, key) for key in items]
        return {key: items[key] for key in order}
    return [{one: other, other: one}.get(item, item) for item in items]


def remove_site(known: Json) -> None:
    known["localizations"].remove("back")
    known["columns"].remove("localization=back")


def rename(before: str, after: str) -> Edit:
    return lambda folder, manifest: shutil.move(folder / before, folder / after) and None


def without(model: str) -> Edit:
    """Takes a model file away, and what the manifest says of it."""

    def edit(folder: Path, manifest: Json) -> None:
        (folder / model).unlink()
        del manifest["signatures"][model], manifest["verification"]["details"][model]
        for name in ("files", "gates"):
            kept = [one for one in manifest["verification"][name] if one["file"] != model]
            manifest["verification"][name] = kept

    return edit


def on_every_gate(**changes: Any) -> Edit:
    def edit(folder: Path, manifest: Json) -> None:
        for gate in manifest["verification"]["gates"]:
            gate.update(changes)

    return edit


UNKNOWN_OF_4 = {"state": "unknown", "reason": "the table has no lesion id for 4 of 81 images"}


def leaking(images: int) -> Edit:
    """Of the test's, and told everywhere."""

    def edit(folder: Path, manifest: Json) -> None:
        split = manifest["data"]["split"]
        split["leakage"].update(leaking_pictures=images, crossing_lesions=2)
        reason = str(Leakage.model_validate(split["leakage"]))
        split.update(leaky=True, leaks={"state": "found", "reason": reason})

    return edit


REFUSED: dict[str, tuple[Edit, str]] = {
    # files
    "labels swapped": (
        text(LABELS, lambda lines: "\n".join(swap(lines.split(), "mel", "nv")) + "\n"),
        r"labels\.txt has akiec, bcc, bkl, df, nv, mel, vasc, the manifest",
    ),
    "labels and classes swapped": (
        all_of(
            text(LABELS, lambda lines: "\n".join(swap(lines.split(), "mel", "nv")) + "\n"),
            put("classes", lambda known: swap(known, "mel", "nv")),
        ),
        "keras's classes are akiec, bcc, bkl, df, mel, nv, vasc",
    ),
    "long names swapped": (
        put(
            "classes",
            dict(
                zip(
                    CLASSES,
                    swap([*CLASS_NAMES.values()], "Melanoma", "Melanocytic nevus"),
                    strict=True,
                )
            ),
        ),
        "classes aren't skinlite's",
    ),
    "labels are no text": (
        lambda folder, _: (folder / LABELS).write_bytes(b"\xff\xfe") and None,
        LABELS,
    ),
    "columns swapped": (
        document(
            ENCODING,
            lambda known: known.update(columns=swap(known["columns"], "sex=female", "sex=male")),
        ),
        "columns aren't those of its sexes",
    ),
    "columns and sexes swapped": (
        document(
            ENCODING,
            lambda known: known.update(
                columns=swap(known["columns"], "sex=female", "sex=male"),
                sexes=swap(known["sexes"], "female", "male"),
            ),
        ),
        r"model\.tflite has other metadata.*patient_encoding",
    ),
    "a site removed": (document(ENCODING, remove_site), "patient_encoding"),
    "no answer for unknown": (
        document(ENCODING, lambda known: known["sexes"].remove("unknown")),
        "sexes lack 'unknown'",
    ),
    "no deviation of the age": (
        document(ENCODING, lambda known: known.update(age_std=0)),
        "ages can't have",
    ),
    "ages of another mean": (
        document(ENCODING, lambda known: known.update(age_mean=20)),
        "patient_encoding",
    ),
    "a name twice": (
        text(ENCODING, lambda known: known.replace("{", '{"kind": "other",', 1)),
        r"patient_encoding\.json has kind twice",
    ),
    "a file added": (
        lambda folder, _: (folder / "run.sh").write_text("") and None,
        r"run\.sh isn't a file",
    ),
    "no labels": (lambda folder, _: (folder / LABELS).unlink(), r"it has no labels\.txt"),
    "no card": (lambda folder, _: (folder / CARD).unlink(), r"it has no MODEL_CARD\.md"),
    "models in each other's place": (
        all_of(rename(TFLITE, "x"), rename(ONNX, TFLITE), rename("x", ONNX)),
        "can't be loaded",
    ),
    "a model of which nothing is said": (
        lambda folder, _: (folder / ONNX).unlink(),
        r"verification\.files",
    ),
    "no .tflite": (without(TFLITE), "signatures are for"),
    # golden vectors
    "a tolerance of 1": (document(VECTORS, lambda known: known.update(tolerance=1.0)), "tolerance"),
    "no tolerance": (
        document(VECTORS, lambda known: known.update(tolerance=float("nan"))),
        "vectors.json is dam",
    ),
    "vectors cut short": (
        text(VECTORS, lambda known: known[:99]),
        r"vectors\.json isn't valid JSON",
    ),
    "no vectors": (document(VECTORS, lambda known: known["vectors"].clear()), "at least 1 item"),
    "no melanoma": (
        document(VECTORS, lambda known: known["vectors"].pop(4)),
        "has no vector of mel",
    ),
    "no answer of a model": (
        vector(lambda one: one["models"].pop(ONNX)),
        "has outputs of model.tflite",
    ),
    "a vector of another class": (
        vector(lambda one: one.update(dx="nv")),
        r"mel\.png isn't an image of nv",
    ),
    "an image outside": (
        vector(lambda one: one.update(picture="mel./../../labels.txt")),
        "isn't in golden/",
    ),
    "pixels outside": (
        vector(lambda one: one["models"][TFLITE].update(pixels="../labels.txt")),
        "isn't in golden/",
    ),
    "a number too many": (vector(lambda one: one["encoded"].append(0)), "encoded differently"),
    "a number too few": (vector(lambda one: one["encoded"].pop()), "encoded differently"),
    "a probability too many": (
        vector(lambda one: one["models"][TFLITE]["probabilities"].append(0)),
        "has 8 probabilities of model.tflite, and the manifest 7 classes",
    ),
    "a probability that is none": (
        vector(lambda one: one["models"][TFLITE].update(probabilities=[float("nan")] * 7)),
        "differ by nan",
    ),
    "a tensor too many": (
        vector(lambda one: one["models"][TFLITE]["patient"].update(age=[1])),
        "gets another 'age'",
    ),
    "a tensor too few": (
        vector(lambda one: one["models"][TFLITE]["patient"].clear()),
        "gets another 'patient'",
    ),
    "a map of attention": (
        vector(lambda one: one["models"][TFLITE].update(attention=[[1.0]])),
        "attention map",
    ),
    "an age that nobody has": (vector(lambda one: one["patient"].update(age=1e9)), "0-120"),
    # the manifest on itself
    "rejected for accepted": (
        all_of(on_every_gate(passed=False), put("status", "accepted")),
        "status doesn't follow",
    ),
    "ungated for accepted": (put("status", "ungated"), "status doesn't follow from the gates"),
    "a gate left out": (
        put("verification/gates", lambda gates: gates[1:]),
        "aren't those of the recipe",
    ),
    "every gate left out": (put("verification/gates", []), "aren't those of the recipe"),
    "gates that nobody asked for": (
        all_of(put("recipe/gates", None), put("status", "ungated")),
        "aren't those of the recipe",
    ),
    "a limit of its own": (put("verification/gates/0/limit", 0.5), "another limit than the recipe"),
    "a stricter recipe": (put("recipe/gates/agreement", 0.99), "another limit than the recipe"),
    "a better drop": (put("verification/gates/1/measured", -0.5), "another figure than the scores"),
    "a better agreement": (put("verification/gates/0/measured", 0.5), "another figure than the"),
    "a gate without an interval": (put("verification/gates/0/interval", None), "says held"),
    "an interval turned over": (
        put("verification/gates/0/interval", [1, 0]),
        "has an impossible interval",
    ),
    "a better accuracy": (
        put("verification/files/0/metrics/accuracy", 0.99),
        "accuracy don't follow from its confusion",
    ),
    "a better recall": (
        put("verification/files/0/metrics/per_class/mel/recall", 0.123),
        "recall of mel don't follow",
    ),
    "a better AUC": (put("verification/keras/macro_auc", 0.99), "keras's macro_auc don't follow"),
    "a confusion matrix that is none": (
        put("verification/keras/confusion", lambda rows: rows[1:]),
        "isn't of 7 classes",
    ),
    "a confusion matrix of negatives": (
        put("verification/keras/confusion/0/0", -1),
        "isn't of 7",
    ),
    "a confusion matrix of billions": (
        put("verification/keras/confusion/0/0", 10**15),
        "isn't of 7 classes",
    ),
    "more agreement than there can be": (put("verification/files/0/agreement", 2.0), "agreement"),
    "a difference of more than all": (
        put("verification/files/0/worst_difference", 2),
        "worst_diff",
    ),
    "details of nothing": (
        put("verification/details", lambda known: {TFLITE: known[TFLITE]}),
        "details aren't of the",
    ),
    "a better calibration": (
        put(f"verification/details/{TFLITE}/calibration/ece", 0.0),
        "doesn't follow from the bins",
    ),
    "calibration bins of others": (
        put(f"verification/details/{ONNX}/calibration/bins/0/images", 10**6),
        "aren't of its images",
    ),
    "an interval below zero": (
        put(f"verification/details/{TFLITE}/intervals/accuracy", [-1, 1]),
        "interval of accuracy",
    ),
    "a group of more than all": (
        put(f"verification/details/{TFLITE}/subgroups/0/images", 10**6),
        "subgroup age",
    ),
    "another temperature": (put("temperature/value", 1.7), "contradict each other"),
    "a temperature that nobody fits": (put("temperature/value", 0.0), "can't be a fitted value"),
    "no temperature": (put("temperature", None), "temperature is missing"),
    # the decision
    "a point that nobody asked for": (
        put("recipe/operating_points", {"nv": 0.5}),
        "points aren't those of the recipe",
    ),
    "a point of other classes": (
        put("decision/points/mel/classes", ["nv"]),
        r"points\.mel is of other classes",
    ),
    "no reason for no threshold": (
        put("decision/points/mel/reason", ""),
        "points.mel: confidence, reason or lesions",
    ),
    "a better guarantee": (
        put("decision/sets/guaranteed/mel", 1.0),
        "thresholds or guarantees are impossible",
    ),
    "sets of more images": (
        put(f"decision/sets/files/{TFLITE}/sizes/0", 10**6),
        r"sets of model\.tflite are impossible",
    ),
    "another decision": (
        vector(lambda one: one["models"][TFLITE]["decision"].update(classes=["vasc"])),
        "what is decided from",
    ),
    "no decision": (put("decision", None), "what is decided from"),
    "drawings for patients": (
        put("source/synthetic", False),
        "about.description and source differ",
    ),
    "an untrained network": (put("source/trained", False), "an untrained network was gated"),
    "another backbone": (put("source/backbone", "vgg16"), "source and training differ"),
    "another topology": (put("source/topology", "released"), "source and training differ"),
    "another width": (put("source/width", 0.5), "source and training differ"),
    "another image size": (put("source/image_size", 48), "source and training differ"),
    "another run": (put("source/model_sha256", "0" * 64), "about.version isn't the start of"),
    "more epochs than trained": (put("source/epochs", 99), "source and training differ"),
    "another author": (put("about/author", "me"), "author or license"),
    "a licence that nobody gave": (put("recipe/license", "MIT"), "author or license aren't the"),
    "another name": (put("about/name", "best"), "about.name isn't the source's"),
    "another description": (
        put("about/description", lambda told: told + "!"),
        "has other metadata",
    ),
    "no notice": (put("notice", "A medical device."), "notice isn't the description's"),
    "another geometry": (put("geometry/frame", [1, 1]), "geometry isn't skinlite's"),
    "a recipe of another format": (
        all_of(put("recipe/quantize", "float16"), put("recipe/onnx", "float32")),
        "calibration isn't",
    ),
    "inputs of another format": (
        put("recipe/io", "int8"),
        "signature doesn't follow from the recipe",
    ),
    "answers as inputs": (
        put("recipe/patient_input", "raw"),
        "signature doesn't follow from the recipe",
    ),
    "attention asked for": (
        put("recipe/with_attention", True),
        "signature doesn't follow from the recipe",
    ),
    "integers only": (put("recipe/integer_only", True), "number formats aren't the recipe's"),
    "a search that wasn't": (put("recipe/on_fail", "search"), "search isn't the recipe's"),
    "another shape": (
        put(f"signatures/{TFLITE}/inputs/0/shape", [1, 64, 64, 3]),
        "signature doesn't follow from the recipe",
    ),
    "another scale": (
        put(f"signatures/{TFLITE}/outputs/0/quantization", {"scale": 1, "zero_point": 0}),
        r"model\.tflite has other metadata.*outputs",
    ),
    "no signature of a model": (
        put("signatures", lambda known: {TFLITE: known[TFLITE]}),
        "signatures are for",
    ),
    "nothing in float": (put("audit/float_operations", {}), "audit isn't of model.tflite"),
    "no calibration": (put("calibration", None), "calibration isn't the recipe's"),
    "more calibration than asked for": (
        put("calibration/drawn", 9999),
        "calibration is impossible",
    ),
    "images that aren't there": (put("data/sides/test/pictures", 9999), "test doesn't add up"),
    "sources that aren't there": (put("data/sources", {"histo": 1}), "data.sources don't add up"),
    "another test": (
        put("data/sides/test/labels", lambda known: swap(known, "mel", "nv")),
        "data.sides.test",
    ),
    "no test": (put("data/sides", lambda sides: {"train": sides["train"]}), "data.sides are train"),
    "a leak that isn't told": (
        put("data/split/leakage/crossing_lesions", 9),
        "data.split.leaky doesn't follow from its leakage",
    ),
    "a leak that is smaller": (
        all_of(leaking(7), put("data/split/leaks/reason", "1 of 9 (11%) test images")),
        "leaks give another count than data.split.leakage",
    ),
    "a leak of more than all": (leaking(999), "data.split.leakage is impossible"),
    "a leak among other images": (
        put("data/split/leakage/test_pictures", 999),
        "data.split.leakage is impossible",
    ),
    "none found for unknown": (
        put("data/sides/train/lesions_unknown", 5),
        "say none found, though",
    ),
    "fewer unknown lesions than counted": (
        all_of(put("data/sides/train/lesions_unknown", 5), put("data/split/leaks", UNKNOWN_OF_4)),
        "another count of unknown lesions than data.sides",
    ),
    "more unknown lesions than images": (
        put("data/sides/test/lesions_unknown", 9999),
        "more images of unknown lesions than images",
    ),
    "unknown for none found": (
        put("data/split/leaks", UNKNOWN_OF_4),
        "though every image's lesion",
    ),
}


BELIEVED: dict[str, Edit] = {
    "a leak that all counts have": leaking(2),
    "how it was trained": put("training/learning_rate", 1.0),
    "what trained it": put("versions/keras", "9.9"),
    "which images judged": put("verification/sha256", "0" * 64),
    "how sure a figure is": put("verification/gates/0/interval", [0.0, 1.0]),
    "the code of a kit": text("kits/web/index.js", lambda code: code + "\n// more\n"),
    "an answer, by less than the tolerance": vector(
        lambda one: one["models"][TFLITE].update(
            probabilities=[value + 0.01 for value in one["models"][TFLITE]["probabilities"]]
        )
    ),
}
