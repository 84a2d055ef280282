"""Bundles of networks that take declared metadata columns, or none: documents, commands, kits."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite import evaluate
from skinlite.data.dataset import read_dataset
from skinlite.data.patient import NO_PATIENT, PatientEncoder
from skinlite.errors import InputError, SkinliteWarning
from skinlite.training.input.prepare import prepare
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import ENCODING, TFLITE, Bundle
from skinlite_export.bundle.golden import VECTORS, read_vectors
from skinlite_export.bundle.kits import kits_folder
from skinlite_export.recipe import Recipe

Bundles = Callable[[int], Bundle]


def test_every_document_has_the_columns(other_bundle: Bundles, other_run: Any) -> None:
    bundle = other_bundle(2)
    encoder = bundle.encoder()
    assert encoder.names == ("itch", "diameter_1")
    assert encoder == other_run(2).encoder()
    assert bundle.manifest.data is not None
    assert bundle.manifest.data.metadata_columns == encoder.names
    assert bundle.manifest.signatures[TFLITE].inputs[1].shape == (1, len(encoder.columns))
    vectors = read_vectors(bundle).vectors
    assert any(vector.patient and vector.patient.metadata for vector in vectors)
    for vector in vectors:
        assert vector.patient is not None and len(vector.encoded) == len(encoder.columns)
        assert vector.patient.metadata.get("itch") in (None, "false", "true")
    card = (bundle.path / "MODEL_CARD.md").read_text()
    assert "age, sex, site, itch and diameter_1 are inputs" in card
    plain = other_bundle(8)
    for name in (ENCODING, f"golden/{VECTORS}", "manifest.json"):
        assert "metadata_columns" not in (plain.path / name).read_text()
    assert "metadata" not in json.loads((plain.path / ENCODING).read_text())


def test_a_value_changes_the_prediction(
    other_bundle: Bundles, other_data: Path, skinlite: Callable[..., Any]
) -> None:
    bundle, image = other_bundle(2), next(other_data.rglob("*.jpg"))

    def probability(*told: str) -> float:
        done = skinlite("predict", bundle.path, image, "--json", *told)
        assert done.code == 0, done
        found: float = json.loads(done.out)["probabilities"]["malignant"]
        return found

    given = ("--metadata", "itch=True", "--metadata", "diameter_1=6,5")
    assert probability(*given) != probability()
    assert probability(*given) == pytest.approx(
        bundle.predict(image, metadata={"itch": True, "diameter_1": 6.5})["malignant"]
    )
    assert probability("--metadata", "itch=unknown") == probability()
    for wrong, told in {
        "itch=often": "--metadata itch=often: give one of false, true, unknown",
        "diameter_1=wide": "--metadata diameter_1 'wide' isn't a number",
        "hurt=true": "--metadata hurt: the network wasn't trained on it. It takes itch, diamet",
        "itch": "--metadata 'itch': give COLUMN=VALUE",
    }.items():
        done = skinlite("predict", bundle.path, image, "--metadata", wrong)
        assert done.code == 2 and told in " ".join(done.err.split()), done


def test_other_images_may_lack_the_columns(
    other_bundle: Bundles, tiny_data: Path, tmp_path: Path
) -> None:
    table = pd.read_csv(shutil.copytree(tiny_data, tmp_path / "data") / "HAM10000_metadata.csv")
    kinds = np.where(table["dx"] == "mel", "malignant", "benign")
    table.assign(kind=kinds).to_csv(tmp_path / "data/HAM10000_metadata.csv", index=False)
    with pytest.warns(SkinliteWarning, match="no itch and no diameter_1: unknown for every"):
        found = evaluate(other_bundle(2), tmp_path / "data", "all")
    assert list(found.per_class) == ["benign", "malignant"]


def test_answers_inside_of_the_file_are_refused(other_run: Any, tmp_path: Path) -> None:
    from skinlite_export import export

    with pytest.raises(InputError, match="takes itch, diameter_1 too, and `patient_input='raw'`"):
        export(other_run(2), None, tmp_path / "bundle", Recipe(patient_input="raw"))
    assert not (tmp_path / "bundle").exists()


NODE = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [kit, bundle] = process.argv.slice(1);
const { encode } = await import(pathToFileURL(`${kit}/patient.js`));
const table = JSON.parse(readFileSync(`${bundle}/patient_encoding.json`));
const { vectors } = JSON.parse(readFileSync(`${bundle}/golden/vectors.json`));
console.log(JSON.stringify(vectors.map(({ patient }) => [...encode(patient, table)])));
"""


def test_the_web_kit_encodes_them_as_python_does(other_bundle: Bundles) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    bundle = other_bundle(2)
    done = subprocess.run(
        [node, "--input-type=module", "-e", NODE, str(kits_folder() / "web"), str(bundle.path)],
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    expected = [vector.encoded for vector in read_vectors(bundle).vectors]
    assert np.allclose(json.loads(done.stdout), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"itch": True}, [0, 1, 0]),
        ({"itch": " TRUE"}, [0, 1, 0]),
        ({}, [0, 0, 1]),
        ({"itch": "often"}, "itch often isn't one of false, true, unknown."),
        ({"diameter_1": "6"}, "diameter_1 6 isn't a number"),
        ({"hurt": True}, "hurt: the model wasn't trained on it"),
    ],
)
def test_the_web_kit_refuses_what_predict_refuses(
    other_bundle: Bundles, told: dict[str, Any], expected: Any
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    patient = {"age": None, "sex": "unknown", "localization": "unknown", "metadata": told}
    script = NODE.partition("const { vectors }")[0] + (
        f"try {{ console.log(JSON.stringify([...encode({json.dumps(patient)}, table)])); }}"
        "catch (error) { console.log(JSON.stringify(error.message)); }"
    )
    line = [node, "--input-type=module", "-e", script, str(kits_folder() / "web")]
    done = subprocess.run([*line, str(other_bundle(2).path)], capture_output=True, text=True)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert expected in found if isinstance(expected, str) else found[20:23] == expected


@pytest.fixture
def image_alone(conv_net: str, other_data: Path, tmp_path: Path) -> Run:
    """`conv_net`, trained with ``none``."""
    from skinlite.training.config import TrainConfig
    from skinlite.training.fit import Training

    images = read_dataset(other_data, label_column="kind", metadata_columns=["none"])
    config = TrainConfig(backbone=conv_net, image_size=32, epochs=1, batch_size=16)
    Training(tmp_path / "run", config, prepare(images, 32, seed=0)).start()
    return open_run(tmp_path / "run")


def test_a_network_of_the_image_alone(
    image_alone: Run, other_data: Path, tmp_path: Path, skinlite: Callable[..., Any]
) -> None:
    from skinlite_export import export

    assert image_alone.encoder() == NO_PATIENT
    assert list(image_alone.load_model().input) == ["image"]
    assert image_alone.info.metadata_columns == ("none",)
    bundle = export(image_alone, None, tmp_path / "bundle", Recipe(gates=None))
    assert not (bundle.path / ENCODING).exists()
    assert [tensor.name for tensor in bundle.manifest.signatures[TFLITE].inputs] == ["image"]
    card = (bundle.path / "MODEL_CARD.md").read_text()
    assert "no answer of a patient is an input" in card and "and no metadata;" in card
    assert "2 kinds of skin lesion (benign, malignant) from an image; conv" in card
    assert skinlite("verify", bundle.path).code == 0
    image = next(other_data.rglob("*.jpg"))
    done = skinlite("predict", bundle.path, image, "--age", 50)
    assert done.code == 2 and "takes the image alone" in done.err
    assert skinlite("predict", bundle.path, image).code == 0
    assert list(evaluate(image_alone).per_class) == ["benign", "malignant"]


def test_its_encoder_has_no_columns() -> None:
    assert PatientEncoder.model_validate_json(NO_PATIENT.model_dump_json()) == NO_PATIENT
