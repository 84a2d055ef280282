"""Raw names and the order of tensors: those of the file, as its own runtimes tell them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from ai_edge_litert.interpreter import Interpreter
from onnxruntime import InferenceSession

from skinlite.errors import InputError
from skinlite_export.bundle.folder import MANIFEST, ONNX, SEAL, TFLITE, Bundle, open_bundle, seal
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.metadata.contract import Contract, contract_of
from skinlite_export.runtime.runner import load_runner
from skinlite_export.runtime.signature import Tensor
from skinlite_export.verify.tensor_check import check_tensors

NEW = ("raw_name", "position", "idct", "chroma_upsampling", "color")
"""Fields that older manifests lack."""


def in_order(tensors: tuple[Tensor, ...]) -> list[str | None]:
    assert sorted(one.position for one in tensors if one.position is not None) == list(
        range(len(tensors))
    )
    return [one.raw_name for one in sorted(tensors, key=lambda one: one.position or 0)]


def told_by_litert(bundle: Bundle) -> list[list[str]]:
    interpreter = Interpreter(str(bundle.path / TFLITE))
    sides = interpreter.get_input_details(), interpreter.get_output_details()
    return [[one["name"] for one in side] for side in sides]


def test_the_manifest_names_what_the_runtimes_name(tiny_bundle: Bundle) -> None:
    signatures = tiny_bundle.manifest.signatures
    tflite, onnx = signatures[TFLITE], signatures[ONNX]
    assert [in_order(tflite.inputs), in_order(tflite.outputs)] == told_by_litert(tiny_bundle)
    assert in_order(tflite.inputs) == ["serving_default_patient:0", "serving_default_image:0"]
    session = InferenceSession(str(tiny_bundle.path / ONNX))
    assert in_order(onnx.inputs) == [one.name for one in session.get_inputs()]
    assert in_order(onnx.outputs) == [one.name for one in session.get_outputs()]
    # The files differ, which is why it is written down.
    assert (tflite.input_order, onnx.input_order) == ("patient, image", "image, patient")
    compiled = load_runner(tiny_bundle.path / TFLITE, runtime="compiled")
    assert compiled.signature == tflite


@pytest.mark.slow
def test_of_a_file_with_other_inputs_and_outputs(exported: Callable[..., Bundle]) -> None:
    bundle = exported(io="uint8", patient_input="raw", with_attention=True)
    signature = bundle.manifest.signatures[TFLITE]
    assert [in_order(signature.inputs), in_order(signature.outputs)] == told_by_litert(bundle)
    assert signature.output_order == "probabilities, attention"
    card = (bundle.path / "MODEL_CARD.md").read_text()
    for tensor in (*signature.inputs, *signature.outputs):
        assert str(tensor.raw_name) in card


def changed(bundle: Bundle, change: Callable[[dict[str, Any]], None]) -> Bundle:
    known = json.loads((bundle.path / MANIFEST).read_text())
    for file in (TFLITE, ONNX):
        change(known["signatures"][file])
    (bundle.path / MANIFEST).write_text(json.dumps(known))
    (bundle.path / SEAL).write_text(seal(bundle.path))
    return open_bundle(bundle.path)


def swap(signature: dict[str, Any]) -> None:
    one, other = signature["inputs"]
    one["position"], other["position"] = other["position"], one["position"]


def reshape(signature: dict[str, Any]) -> None:
    signature["inputs"][1]["shape"] = [1, 19]


def test_a_manifest_that_tells_otherwise_than_the_file(bundle: Bundle) -> None:
    assert "names, order, shapes, formats" in check_tensors(bundle)
    with pytest.raises(InputError, match=r"image's position is 1, not 0; patient's position is 0"):
        check_tensors(changed(bundle, swap))
    changed(bundle, swap)
    with pytest.raises(InputError, match=r"patient's shape is \(1, 20\), not \(1, 19\)"):
        check_tensors(changed(bundle, reshape))


def without_new(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_new(one) for key, one in value.items() if key not in NEW}
    return [without_new(one) for one in value] if isinstance(value, list) else value


def test_an_older_manifest_is_read(bundle: Bundle) -> None:
    document = without_new(json.loads((bundle.path / MANIFEST).read_text()))
    (bundle.path / MANIFEST).write_text(json.dumps(document))
    (bundle.path / SEAL).write_text(seal(bundle.path))
    older = open_bundle(bundle.path)
    assert older.manifest.signatures[TFLITE].input_order == ""
    assert older.manifest.geometry == Manifest.model_fields["geometry"].annotation()
    assert "no names, no order" in check_tensors(older)
    # What an older file says of itself is what an older manifest says.
    expected = contract_of(
        older.manifest.signatures[TFLITE],
        older.manifest.about,
        older.manifest.class_list,
        older.manifest.geometry,
        older.encoder(),
    )
    written = without_new(json.loads(expected.model_dump_json()))
    assert Contract.model_validate(written).model_dump_json() == expected.model_dump_json()
