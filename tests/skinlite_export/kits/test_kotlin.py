"""The Android kit in Kotlin on a JVM: golden numbers, other classes, what it refuses."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.data.patient import Patient
from skinlite.data.preprocessing import load_image
from skinlite.errors import SkinliteWarning
from skinlite_export.bundle.folder import ENCODING, MANIFEST, TFLITE, Bundle, open_bundle
from skinlite_export.bundle.golden import read_vectors
from skinlite_export.diagnosis.diagnose import diagnose
from skinlite_export.diagnosis.patient_faults import real_numbers
from skinlite_export.runtime.model_inputs import patients_for

Exported = Callable[..., Bundle]

MODEL = """
import sys
from pathlib import Path
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from skinlite_export.bundle.folder import TFLITE, open_bundle
bundle = open_bundle(Path(sys.argv[1]))
signature = bundle.manifest.signatures[TFLITE]
run = Interpreter(str(bundle.path / TFLITE)).get_signature_runner()
read, write = sys.stdin.buffer, sys.stdout.buffer
while True:
    inputs = {}
    for tensor in signature.inputs:
        kind = np.dtype(tensor.dtype)
        stored = read.read(int(np.prod(tensor.shape)) * kind.itemsize)
        if not stored:
            sys.exit()
        inputs[tensor.name] = np.frombuffer(stored, kind).reshape(tensor.shape)
    outputs = run(**inputs)
    for tensor in signature.outputs:
        write.write(outputs[tensor.name].tobytes())
    write.flush()
"""

INSIDE = {
    "io": "uint8",
    "resize_in_graph": (450, 600),
    "patient_input": "raw",
    "with_attention": True,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {},
        INSIDE,
        {"io": "int8", "with_attention": True},
    ],
    ids=["float32", "everything inside", "int8"],
)
def test_kotlin_gives_the_golden_numbers(
    kit: list[str], exported: Exported, tmp_path: Path, options: dict[str, Any]
) -> None:
    bundle, outputs = exported(**options), tmp_path / "phone.json"
    model = [sys.executable, "-c", MODEL, str(bundle.path)]
    subprocess.run([*kit, str(bundle.path), str(outputs), *model], check=True)
    found = json.loads(outputs.read_text())
    assert (found["schema_version"], found["device"], found["model"]) == (1, 'a "JVM"', TFLITE)
    known, image = read_vectors(bundle).vectors, bundle.manifest.signatures[TFLITE].image
    assert [one["picture"] for one in found["vectors"]] == [vector.picture for vector in known]
    for one, vector in zip(found["vectors"], known, strict=True):
        expected = vector.models[TFLITE]
        pixels = load_image(bundle.path / "golden" / expected.pixels)
        # Java's ImageIO decodes the JPEG as Pillow does.
        assert np.array_equal(one["image"], image.pack(pixels).ravel())
        assert one["patient"].keys() == expected.patient.keys()
        for name, values in expected.patient.items():
            assert one["patient"][name] == pytest.approx(values, abs=1e-6)
        assert one["probabilities"] == pytest.approx(expected.probabilities, abs=1e-6)
    told = diagnose(bundle, outputs)
    assert [(stage.checked, stage.fault) for stage in told.findings] == [(8, None)] * 4
    found["vectors"][4]["image"] = found["vectors"][4]["image"][::-1]
    outputs.write_text(json.dumps(found))
    assert list(diagnose(bundle, outputs).faults) == ["image"]


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 8])
def test_kotlin_takes_other_classes(
    kit: list[str], other_bundle: Callable[[int], Bundle], tmp_path: Path, count: int
) -> None:
    bundle, outputs = other_bundle(count), tmp_path / "phone.json"
    model = [sys.executable, "-c", MODEL, str(bundle.path)]
    subprocess.run([*kit, str(bundle.path), str(outputs), *model], check=True)
    found = json.loads(outputs.read_text())["vectors"]
    for one, vector in zip(found, read_vectors(bundle).vectors, strict=True):
        expected = vector.models[TFLITE].probabilities
        assert len(expected) == count and one["probabilities"] == pytest.approx(expected, abs=1e-6)
    told = diagnose(bundle, outputs)
    assert [(stage.checked, stage.fault) for stage in told.findings] == [(count + 1, None)] * 4
    # Exchanged, so that benign is called malignant.
    for one in found:
        one["probabilities"] = one["probabilities"][::-1]
    outputs.write_text(json.dumps({"schema_version": 1, "vectors": found}))
    reverse = ", ".join(reversed(bundle.manifest.classes))
    assert f"wrong label order: {reverse}" in diagnose(bundle, outputs).faults["probabilities"]


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, INSIDE], ids=["encoded", "raw"])
def test_kotlin_takes_an_answer_that_the_table_lacks_as_unknown(
    kit: list[str], exported: Exported, tmp_path: Path, options: dict[str, Any]
) -> None:
    bundle = open_bundle(Path(shutil.copytree(exported(**options).path, tmp_path / "bundle")))
    path, outputs = bundle.path / "golden/vectors.json", tmp_path / "phone.json"
    known = json.loads(path.read_text())
    stranger = Patient(age=30, sex="intersex", localization="elbow")
    known["vectors"] = [known["vectors"][0] | {"patient": stranger.model_dump()}]
    path.write_text(json.dumps(known))
    model = [sys.executable, "-c", MODEL, str(bundle.path)]
    subprocess.run([*kit, str(bundle.path), str(outputs), *model], check=True)
    (one,) = json.loads(outputs.read_text())["vectors"]
    found = real_numbers(one["patient"], bundle.manifest.signatures[TFLITE])
    with pytest.warns(SkinliteWarning, match="read as 'unknown'"):
        (expected,) = patients_for(bundle.runner(), [stranger], bundle.encoder())
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_kotlin_takes_a_whole_number_as_tables_write_it(
    kit: list[str], other_bundle: Callable[[int], Bundle], tmp_path: Path
) -> None:
    """JSON's 1 is 1.0 in Kotlin, and the word of a category is 1."""
    bundle = open_bundle(Path(shutil.copytree(other_bundle(2).path, tmp_path / "bundle")))
    path = bundle.path / ENCODING
    path.write_text(path.read_text().replace("false", "0").replace("true", "1"))
    table = json.loads(path.read_text())
    table["metadata"][0]["values"] = ["0", "1", "unknown"]
    path.write_text(json.dumps(table))
    path, outputs = bundle.path / "golden/vectors.json", tmp_path / "phone.json"
    known = json.loads(path.read_text())
    known["vectors"] = known["vectors"][:1]
    known["vectors"][0]["patient"]["metadata"] = {"itch": 1}
    path.write_text(json.dumps(known))
    model = [sys.executable, "-c", MODEL, str(bundle.path)]
    subprocess.run([*kit, str(bundle.path), str(outputs), *model], check=True)
    (one,) = json.loads(outputs.read_text())["vectors"]
    place = table["columns"].index("itch=0")
    assert one["patient"]["patient"][place : place + 3] == [0, 1, 0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"age": 120.5}, "Age 120.5 is outside of 0-120 years"),
        ({"metadata": {"hurt": 1}}, "hurt: the model wasn't trained on it"),
    ],
)
def test_kotlin_refuses_what_no_patient_has(
    kit: list[str], damaged: Bundle, tmp_path: Path, told: dict[str, Any], message: str
) -> None:
    path = damaged.path / "golden/vectors.json"
    known = json.loads(path.read_text())
    known["vectors"][0]["patient"] |= told
    path.write_text(json.dumps(known))
    line = [*kit, str(damaged.path), str(tmp_path / "phone.json"), "true"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode and message in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "was", "now", "told"),
    [
        (MANIFEST, '"antialias": false', '"antialias": true', "antialias is true; this kit knows"),
        (MANIFEST, '"dtype": "float32"', '"dtype": "int64"', "image is int64; this kit knows"),
        (ENCODING, "age-sex-localization", "age-only", "has the kind age-only; this kit knows"),
        (
            MANIFEST,
            '"log deviation R"',
            '"noise of R"',
            "the statistics aren't those that this kit",
        ),
        (MANIFEST, "{", "{{", "JSON can't be read at character 1"),
    ],
)
def test_kotlin_refuses_what_it_does_not_do(
    kit: list[str], damaged: Bundle, tmp_path: Path, file: str, was: str, now: str, told: str
) -> None:
    path = damaged.path / file
    changed = path.read_text().replace(was, now, 1)
    assert changed != path.read_text()
    path.write_text(changed)
    outputs = tmp_path / "phone.json"
    done = subprocess.run(
        [*kit, str(damaged.path), str(outputs), "true"], capture_output=True, text=True
    )
    assert told in done.stderr
    assert done.returncode and not outputs.exists()
