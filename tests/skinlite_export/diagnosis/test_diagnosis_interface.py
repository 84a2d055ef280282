"""The same where the file takes bytes, or a patient's answers as they are."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite.data.preprocessing import load_image
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.bundle.golden import expect, read_vectors
from skinlite_export.diagnosis.diagnose import diagnose
from skinlite_export.recipe import Recipe
from skinlite_export.runtime.model_inputs import pixels_for

RightOutputs = Callable[[Bundle], dict[str, Any]]


@pytest.fixture
def interfaced(bundle: Bundle) -> Callable[..., Bundle]:
    """The bundle with another interface of its .tflite, and the golden vectors of that."""

    def make(**options: Any) -> Bundle:
        from skinlite_export.tflite.interface import with_interface

        path, recipe = bundle.path / TFLITE, Recipe(quantize="int8", **options)
        path.write_bytes(with_interface(path.read_bytes(), recipe, bundle.encoder()))
        runner, known, vectors = bundle.runner(), read_vectors(bundle), []
        for one in known.vectors:
            image = load_image(bundle.path / "golden" / one.picture)
            expected = expect(runner, pixels_for(runner, image), "", one.patient, bundle.encoder())
            vectors.append(one.model_copy(update={"models": {TFLITE: expected}}))
        changed = known.model_copy(update={"vectors": vectors})
        (bundle.path / "golden" / "vectors.json").write_text(changed.model_dump_json())
        signatures = {**bundle.manifest.signatures, TFLITE: runner.signature}
        manifest = bundle.manifest.model_copy(update={"signatures": signatures})
        return Bundle(bundle.path, manifest)

    return make


def test_tensors_of_int8(
    interfaced: Callable[..., Bundle], right_outputs: RightOutputs, tmp_path: Path
) -> None:
    """Zero points and scales that are left out, at each end."""
    changed = interfaced(io="int8")
    signature, path = changed.runner().signature, tmp_path / "phone.json"

    def tell(change: Callable[[dict[str, Any]], None]) -> dict[str, str]:
        document = right_outputs(changed)
        for one in document["vectors"]:
            change(one)
        path.write_text(json.dumps(document))
        return diagnose(changed, path).faults

    assert tell(lambda one: None) == {}
    # A Java byte is signed, an array of C's uint8_t not: the same bits in the same memory.
    assert tell(lambda one: one.update(image=[level % 256 for level in one["image"]])) == {}
    found = tell(lambda one: one.update(image=[level + 128 for level in one["image"]]))
    assert "zero point was left out" in found["image"]
    scale = signature.outputs[0].quantization
    assert scale is not None

    def undo(*parts: float) -> Callable[[dict[str, Any]], None]:
        def change(one: dict[str, Any]) -> None:
            factor, offset = parts
            one["probabilities"] = [value * factor + offset for value in one["probabilities"]]

        return change

    cases = {
        "it was not applied": undo(1 / scale.scale, scale.zero_point),
        "the zero point was left out": undo(1, scale.zero_point * scale.scale),
        "the scale was left out": undo(1 / scale.scale, 0),
    }
    for words, change in cases.items():
        assert words in tell(change)["probabilities"]


def test_answers_that_go_in_as_they_are(
    interfaced: Callable[..., Bundle], right_outputs: RightOutputs, tmp_path: Path
) -> None:
    changed, path = interfaced(io="uint8", patient_input="raw"), tmp_path / "phone.json"
    document = right_outputs(changed)
    path.write_text(json.dumps(document))
    assert diagnose(changed, path).faults == {}
    encoder = changed.encoder()
    for one in document["vectors"]:
        tensors = one["patient"]
        told = [age for age in tensors["age"] if age >= 0]  # the drawn JPEG's patient has none
        if told:
            tensors["age"] = [(age - encoder.age_mean) / encoder.age_std for age in told]
        tensors["site"] = [(site + 1) % 15 for site in tensors["site"]]
        del one["probabilities"]
    path.write_text(json.dumps(document))
    found = diagnose(changed, path).faults["patient"]
    assert (
        "normalised, but the file does this itself" in found
        and "site order: shifted by one" in found
    )
