"""Bundles of networks for other classes than HAM10000's: what they say, and what uses them."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from skinlite import evaluate, read_dataset
from skinlite.classes import ClassList
from skinlite.errors import InputError
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import LABELS, MANIFEST, SEAL, Bundle, open_bundle, seal
from skinlite_export.bundle.golden import VECTORS, names_of, read_vectors
from skinlite_export.manifest.manifest import status_of
from skinlite_export.model_card.card import card_of
from skinlite_export.recipe import Gates
from skinlite_export.verify.fidelity import judge
from skinlite_export.verify.gates import check_gates

Bundles = Callable[[int], Bundle]

CODES = {
    2: ["benign", "malignant"],
    8: ["akiec", "bcc", "bkl", "df", "mel", "nv", "scc", "vasc"],
}
WRONG_WORDS = {2: ("seven", "melanoma", "HAM10000's"), 8: ("seven", "HAM10000's")}
"""That no text of such a bundle may have."""


@pytest.mark.parametrize("count", [2, 8])
def test_a_bundle_says_its_classes_everywhere(other_bundle: Bundles, count: int) -> None:
    bundle, codes = other_bundle(count), CODES[count]
    manifest, classes = bundle.manifest, ClassList.of(codes)
    assert manifest.class_list == classes and list(manifest.classes) == codes
    assert manifest.isic_columns == classes.isic_columns
    assert (bundle.path / LABELS).read_text().splitlines() == codes
    assert manifest.about.description.startswith(f"{count} kinds of skin lesion ({codes[0]}, ")
    assert manifest.status == "accepted"
    assert [one.outputs[0].shape for one in manifest.signatures.values()] == [(1, count)] * 2
    assert manifest.data is not None
    assert list(manifest.data.sides["train"].labels) == codes
    vectors = read_vectors(bundle).vectors
    assert [vector.dx for vector in vectors] == [*codes, ""]
    for vector in vectors:
        assert [len(one.probabilities) for one in vector.models.values()] == [count] * 2
    with zipfile.ZipFile(bundle.path / "model.tflite") as archive:
        assert archive.read("labels.txt").decode().splitlines() == codes
        names = list(classes.names.values())
        assert archive.read("labels_en.txt").decode().splitlines() == names
        contract = json.loads(archive.read("contract.json"))
    kinds = {
        "malignant": list(classes.malignant),
        "critical": classes.critical,
        "isic_columns": classes.isic_columns,
    }
    assert (contract["classes"], contract["kinds"]) == (classes.names, kinds)
    properties = {
        one.key: one.value for one in onnx.load(bundle.path / "model.onnx").metadata_props
    }
    assert json.loads(properties["kinds"]) == kinds
    card = (bundle.path / "MODEL_CARD.md").read_text()
    for text in (card, json.dumps(contract)):
        assert not [word for word in WRONG_WORDS[count] if word in text]
    recall = {2: "critical recall (malignant)", 8: "melanoma recall"}[count]
    assert recall in card and "Critical, so that its recall is gated" in card


def test_gates_name_the_critical_class(other_bundle: Bundles) -> None:
    named = {
        count: [gate for gate in other_bundle(count).manifest.verification.gates if gate.critical]
        for count in CODES
    }
    assert {gate.name for gate in named[2]} == {"critical_recall_drop"}
    assert "critical recall drop (malignant)" in named[2][0].sentence()
    assert {gate.name for gate in named[8]} == {"melanoma_recall_drop"}
    gates = other_bundle(2).manifest.recipe.gates
    assert gates is not None and gates.melanoma_recall_drop is None
    scores = other_bundle(2).manifest.verification.keras
    assert scores.critical_recall == scores.per_class["malignant"].recall
    assert scores.melanoma_recall is None


@pytest.mark.parametrize("count", [2, 8])
def test_commands_take_it(
    other_bundle: Bundles,
    other_data: Path,
    count: int,
    tmp_path: Path,
    skinlite: Callable[..., Any],
) -> None:
    bundle = other_bundle(count)
    told = skinlite("verify", bundle.path)
    assert told.code == 0, told
    image = next(other_data.rglob("*.jpg"))
    answer = json.loads(skinlite("predict", bundle.path, image, "--json").out)
    assert list(answer["probabilities"]) == CODES[count]
    # Labels are read as those of the training, by the column and the mapping that it had.
    everything = evaluate(bundle, other_data, "all")
    assert list(everything.per_class) == CODES[count]
    assert everything.critical == {2: "malignant", 8: "mel"}[count]
    csv = tmp_path / "answers.csv"
    told = skinlite("predict", bundle.path, image.parent, "--isic-csv", csv)
    assert told.code == 0, told
    header, line = csv.read_text().splitlines()[:2]
    assert (
        header
        == {
            2: "image_name,target",
            8: "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK",
        }[count]
    )
    first = answer["probabilities"]
    name, *scores = line.split(",")
    if name == image.stem:
        expected = [first["malignant"]] if count == 2 else [first["mel"], first["nv"]]
        assert [float(one) for one in scores[: len(expected)]] == pytest.approx(expected)


def edited(bundle: Bundle, folder: Path, change: Callable[[dict[str, Any]], None]) -> Bundle:
    """A copy with another manifest, sealed again."""
    shutil.copytree(bundle.path, folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / SEAL).write_text(seal(folder))
    return open_bundle(folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"critical": "benign"}, "critical class is malignant, the manifest's benign"),
        ({"critical": None}, "critical class is malignant"),
        ({"malignant": []}, "other metadata than the manifest"),
        ({"classes": {"benign": "Malignant", "malignant": "Benign"}}, "classes aren't skinlite's"),
        ({"classes": {"malignant": "Malignant", "benign": "Benign"}}, "labels.txt has benign"),
    ],
)
def test_a_changed_class_list_is_found(
    other_bundle: Bundles,
    change: dict[str, Any],
    told: str,
    tmp_path: Path,
    skinlite: Callable[..., Any],
) -> None:
    bundle = edited(other_bundle(2), tmp_path / "bundle", lambda manifest: manifest.update(change))
    found = skinlite("verify", bundle.path)
    assert found.code == 2 and told in " ".join(found.err.split())


def test_a_critical_class_that_is_none_is_refused(other_bundle: Bundles, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scc is not one of the classes"):
        edited(other_bundle(2), tmp_path / "b", lambda manifest: manifest.update(critical="scc"))


def test_golden_vectors_of_other_classes_are_refused(other_bundle: Bundles, tmp_path: Path) -> None:
    bundle = Bundle(
        Path(shutil.copytree(other_bundle(2).path, tmp_path / "bundle")), other_bundle(8).manifest
    )
    with pytest.raises(InputError, match=r"has 2 probabilities of .* and the manifest 8 classes"):
        read_vectors(bundle)
    assert (bundle.path / "golden" / VECTORS).exists()


def test_names_of_golden_images_are_names_of_files() -> None:
    named = names_of(["mel", "a/b", "a b", "decoding", "melanoma, nos", "../x"])
    assert named["mel"] == "mel"
    assert len(set(named.values())) == 6 and "decoding" not in named.values()
    assert all(
        set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-") for name in named.values()
    )


NO_CRITICAL = ClassList.of(["ack", "nev"])


def test_a_gate_without_a_critical_class_does_not_apply(other_bundle: Bundles) -> None:
    labels, right = np.arange(40) % 2, np.eye(2)[np.arange(40) % 2]
    gates = judge("f", labels, right, right, np.arange(40), Gates(), NO_CRITICAL)
    (gate,) = [one for one in gates if one.name == "critical_recall_drop"]
    assert (gate.applies, gate.passed, gate.measured, gate.fails) == (False, False, None, False)
    assert "NOT APPLICABLE" in gate.sentence()
    manifest = other_bundle(2).manifest
    proof = manifest.verification.model_copy(update={"gates": gates})
    assert status_of(gates, None, Gates()) == "accepted"
    assert "missed malignant lesion" in card_of(manifest)
    without = {"critical": None, "malignant": ()}
    manifest = manifest.model_copy(update={"verification": proof, **without})
    check_gates(manifest, other_bundle(2).path)
    card = card_of(manifest)
    assert "A wrong class may lead to a wrong treatment" in card and "missed" not in card
    assert "| not applicable | f: critical recall drop: NOT APPLICABLE" in card
    # A critical class of which there is no image is no excuse.
    gates = judge("f", labels * 0, right, right, np.arange(40), Gates(), ClassList.of(CODES[2]))
    assert [one.name for one in gates if one.fails and one.critical] == ["critical_recall_drop"]


def test_the_limit_has_two_names() -> None:
    for name in ("melanoma_recall_drop", "critical_recall_drop"):
        gates = Gates.model_validate({name: 0.01})
        assert (gates.melanoma_recall_drop, gates.critical_recall_drop) == (0.01, 0.01)
        assert list(gates.limits).count("critical_recall_drop") == 0
    with pytest.raises(InputError, match="two limits for one"):
        Gates(melanoma_recall_drop=0.01, critical_recall_drop=0.02)


def test_calibration_images_have_the_run_s_classes(
    other_run: Callable[[int], Run], tiny_data: Path, tmp_path: Path
) -> None:
    from skinlite_export import export

    with pytest.raises(InputError, match="no column 'kind'"):
        export(other_run(2), None, tmp_path / "bundle", calibration=tiny_data)
    with pytest.raises(InputError, match=r"predicts benign, malignant, and .* akiec, bcc"):
        export(other_run(2), read_dataset(tiny_data), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
