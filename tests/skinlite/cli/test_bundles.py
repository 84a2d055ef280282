"""``skinlite verify`` and ``predict`` on a bundle."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.vocabulary import CLASSES
from skinlite_export.bundle.folder import Bundle
from skinlite_export.runtime.litert import LiteRTRunner

Skinlite = Callable[..., Any]


def test_verify(skinlite: Skinlite, tiny_bundle: Bundle) -> None:
    code, out, err = skinlite("verify", tiny_bundle.path)
    assert (code, err) == (0, "")
    assert f"{len(tiny_bundle.manifest.files)} files: hashes as in manifest.json" in out
    assert "metadata in model.tflite and model.onnx" in out
    assert "8 golden images" in out and "status: ungated" in out
    code, out, _ = skinlite("verify", tiny_bundle.path, "--json")
    assert (code, json.loads(out)["status"], len(json.loads(out)["checks"])) == (0, "ungated", 7)


def test_verify_what_a_phone_computed(
    skinlite: Skinlite, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    known = json.loads((tiny_bundle.path / "golden" / "vectors.json").read_text())["vectors"]
    vectors = [
        {"picture": one["picture"], **{key: one["models"]["model.tflite"][key] for key in keys}}
        for one in known[:6]
        for keys in [("patient", "probabilities")]
    ]
    path = tmp_path / "phone.json"
    path.write_text(json.dumps({"schema_version": 1, "device": "[my] app", "vectors": vectors}))
    line = ["verify", tiny_bundle.path, "--outputs", path]
    code, out, err = skinlite(*line)
    assert (code, err) == (0, "")
    assert "[my] app: 6 of 8 images (not in the file: vasc.png, decoding.jpg)" in out
    assert "right patient, 6 images" in out and "right probabilities" in out
    for one in vectors:
        one["probabilities"].reverse()
    path.write_text(json.dumps({"schema_version": 1, "vectors": vectors}))
    code, out, err = skinlite(*line)
    assert code == 3 and "probabilities of the phone differ" in err
    assert "wrong probabilities: wrong label order: vasc, nv, mel" in out
    code, out, _ = skinlite(*line, "--json")
    found = json.loads(out)["outputs"]
    assert code == 3 and found["missing"] == ["vasc.png", "decoding.jpg"]
    assert [bool(one["fault"]) for one in found["findings"]] == [False, True]
    path.write_text("no JSON")
    code, out, err = skinlite(*line)
    assert (code, out) == (2, "") and "phone.json" in err


def test_the_documented_outputs(skinlite: Skinlite, tiny_bundle: Bundle, tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "phone.md").read_text()
    path = tmp_path / "phone.json"
    path.write_text(page.partition("```json\n")[2].partition("```")[0])
    code, out, _ = skinlite("verify", tiny_bundle.path, "--outputs", path)
    assert code == 3  # read, and another network's numbers
    assert "My phone, my app 0.3: 1 of 8 images" in out


@pytest.mark.parametrize("name", ["model.tflite", "manifest.json", "golden/mel.png"])
def test_one_flipped_byte(skinlite: Skinlite, bundle: Bundle, image: Path, name: str) -> None:
    path = bundle.path / name
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    for line in (["verify", bundle.path], ["predict", bundle.path, image]):
        code, out, err = skinlite(*line)
        assert (code, out) == (2, "")
        assert name.rpartition("/")[2] in err


def probabilities(skinlite: Skinlite, *arguments: Any) -> dict[str, float]:
    code, out, err = skinlite("predict", *arguments, "--json")
    assert code == 0, err
    found: dict[str, float] = json.loads(out)["probabilities"]
    return found


def test_predict_gives_probabilities(skinlite: Skinlite, tiny_bundle: Bundle, image: Path) -> None:
    for file in ("model.tflite", "model.onnx"):
        found = probabilities(skinlite, tiny_bundle.path, image, "--file", file)
        assert tuple(found) == CLASSES
        assert sum(found.values()) == pytest.approx(1, abs=0.02)
    code, out, err = skinlite("predict", tiny_bundle.path, image)
    assert code == 0
    assert "no diagnosis" in out
    assert "synthetic images" in err


def test_nan_is_no_probability(
    skinlite: Skinlite, tiny_bundle: Bundle, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiteRTRunner, "probabilities", lambda self: np.full(7, np.nan))
    code, out, err = skinlite("predict", tiny_bundle.path, image, "--json")
    assert (code, out) == (2, "") and "probabilities aren't all numbers" in err
    with pytest.raises(InputError, match="aren't all numbers"):
        tiny_bundle.predict(image)


def test_predict_gives_what_the_golden_vectors_say(skinlite: Skinlite, tiny_bundle: Bundle) -> None:
    golden = tiny_bundle.path / "golden"
    vector = json.loads((golden / "vectors.json").read_text())["vectors"][4]
    patient = vector["patient"]
    flags = ["--sex", patient["sex"], "--site", patient["localization"]]
    if patient["age"] is not None:
        flags += ["--age", str(patient["age"])]
    found = probabilities(skinlite, tiny_bundle.path, golden / vector["picture"], *flags)
    assert list(found.values()) == pytest.approx(
        vector["models"]["model.tflite"]["probabilities"], abs=1e-6
    )


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [("--site", "left elbow", "abdomen, acral"), ("--sex", "femal", "female, male, unknown")],
)
def test_an_answer_that_the_bundle_does_not_know(
    skinlite: Skinlite, tiny_bundle: Bundle, image: Path, option: str, value: str, told: str
) -> None:
    """An app's stranger is encoded as unknown; on a command line it is a slip."""
    line = ["predict", tiny_bundle.path, image, "--age", "50", "--json"]
    code, out, err = skinlite(*line, option, value)
    assert (code, out) == (2, "")
    assert f"{option} '{value}'" in err and told in " ".join(err.split())
    assert json.loads(skinlite(*line, option, "unknown").out) == json.loads(skinlite(*line).out)


@pytest.mark.parametrize("age", ["430", "-1", "nan", "inf"])
def test_an_age_that_nobody_has(
    skinlite: Skinlite, tiny_bundle: Bundle, image: Path, age: str
) -> None:
    code, out, err = skinlite("predict", tiny_bundle.path, image, "--age", age)
    assert (code, out) == (2, "")
    assert "0-120" in err


def test_predict_answers_for_a_folder_as_isic_takes_it(
    skinlite: Skinlite, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    """Images without labels: no table is needed."""
    golden, out = tiny_bundle.path / "golden", tmp_path / "answers.csv"
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("nv", "mel"):
        shutil.copy(golden / f"{name}.png", folder)
    line = ["predict", tiny_bundle.path, folder, "--isic-csv", out]
    code, _, err = skinlite(*line)
    assert code == 0 and "2 predictions" in err and "synthetic images" in err
    found = pd.read_csv(out, index_col="image")
    assert list(found.index) == ["mel", "nv"]
    expected = probabilities(skinlite, tiny_bundle.path, folder / "mel.png")
    assert found.loc["mel"].to_dict() == {name.upper(): expected[name] for name in expected}
    out.unlink()
    for wrong, told in (
        ([*line, "--age", "50"], "leave out --age"),
        (["predict", tiny_bundle.path, folder / "mel.png", "--isic-csv", out], "Give one"),
        (["predict", tiny_bundle.path, tmp_path, "--isic-csv", out], "needs images"),
        ([*line[:-1], tmp_path / "absent" / "a.csv"], "existing folder"),
    ):
        code, _, err = skinlite(*wrong)
        assert code == 2 and told in " ".join(err.split()) and not out.exists()


def test_a_picture_that_is_none(skinlite: Skinlite, tiny_bundle: Bundle, tmp_path: Path) -> None:
    absent, text = tmp_path / "absent.jpg", tmp_path / "text.jpg"
    text.write_text("no image")
    for path in (absent, text, tmp_path):
        code, out, err = skinlite("predict", tiny_bundle.path, path)
        assert (code, out) == (2, "")
        assert path.name in err


def test_a_model_file_that_the_bundle_lacks(
    skinlite: Skinlite, tiny_bundle: Bundle, image: Path
) -> None:
    code, _, err = skinlite("predict", tiny_bundle.path, image, "--file", "other.tflite")
    assert code == 2
    assert "other.tflite" in err


def test_a_folder_that_is_no_bundle(skinlite: Skinlite, tmp_path: Path, image: Path) -> None:
    for line in (["verify", tmp_path], ["predict", tmp_path, image]):
        code, _, err = skinlite(*line)
        assert code == 2
        assert "skinlite export" in err
