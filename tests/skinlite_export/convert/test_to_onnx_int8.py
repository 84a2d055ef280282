"""The int8 .onnx: names, answers, what computes in integers, size, and equal bytes."""

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from skinlite.data.examples import Examples
from skinlite.vocabulary import IMAGE, PATIENT, PROBABILITIES
from skinlite_export.runtime.runner import OnnxRunner, predict_all


@pytest.fixture
def float_onnx(classifier: Any) -> Callable[[], bytes]:
    """Makes the float .onnx of the rewritten `classifier`, from a twin of its own."""

    def make() -> bytes:
        from skinlite_export.convert.to_onnx import to_onnx
        from skinlite_export.convert.to_tflite import to_tflite
        from skinlite_export.graph.build_keras import build_twin
        from skinlite_export.graph.read_keras import read_keras
        from skinlite_export.quantize.pixel_offset import round_offset
        from skinlite_export.rewrites.registry import ALL, apply_rewrites

        graph = round_offset(apply_rewrites(read_keras(classifier), ALL))
        return to_onnx(to_tflite(build_twin(graph), "none"))

    return make


@pytest.fixture
def quantize(few: Examples) -> Callable[[bytes], bytes]:
    def make(content: bytes) -> bytes:
        from skinlite_export.convert.samples import samples
        from skinlite_export.convert.to_onnx_int8 import to_onnx_int8

        return to_onnx_int8(content, lambda: samples(few))

    return make


def test_the_float_onnx_is_the_same_each_time(float_onnx: Callable[[], bytes]) -> None:
    assert float_onnx() == float_onnx()


def test_tf2onnx_takes_the_same_steps_each_time(
    float_onnx: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal before we give it names and order, which hide its steps while the outcome is one."""
    from skinlite_export.convert import to_onnx as onnx_export

    for ours in ("channels_first", "_canonicalize"):
        monkeypatch.setattr(onnx_export, ours, lambda graph: None)
    assert float_onnx() == float_onnx()


def test_int8_keeps_names_and_answers(
    float_onnx: Callable[[], bytes],
    quantize: Callable[[bytes], bytes],
    few: Examples,
    tmp_path: Path,
) -> None:
    before, after = tmp_path / "float.onnx", tmp_path / "int8.onnx"
    before.write_bytes(float_onnx())
    after.write_bytes(quantize(before.read_bytes()))
    whole, integer = OnnxRunner(before), OnnxRunner(after)
    assert [value.name for value in integer.session.get_inputs()] == [IMAGE, PATIENT]
    assert [value.name for value in integer.session.get_outputs()] == [PROBABILITIES]
    assert {value.type for value in integer.session.get_inputs()} == {"tensor(float)"}
    expected, found = (predict_all(runner, few.images, few.patients) for runner in (whole, integer))
    assert np.ptp(expected, axis=0).max() > 0.05
    assert 0 < np.abs(found - expected).max() < 0.1


def test_convolutions_are_integers_and_pixels_are_exact(
    float_onnx: Callable[[], bytes], quantize: Callable[[bytes], bytes]
) -> None:
    content = float_onnx()
    quantized = quantize(content)
    graph = onnx.load_model_from_string(quantized).graph
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    producers = {name: node for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    # That of the attention maps, which are summed and multiplied by gamma, stays in float.
    (summed,) = (node for node in convolutions if node.input[1] in constants)
    np.testing.assert_allclose(constants[summed.input[1]], np.full((1, 16, 1, 1), 0.7), rtol=1e-6)
    for node in convolutions:
        if node is not summed:
            sources = [producers[name] for name in node.input[:2]]
            assert [source.op_type for source in sources] == ["DequantizeLinear"] * 2
            assert constants[sources[1].input[0]].dtype == np.int8
            assert len(constants[sources[1].input[1]]) > 1  # a scale per channel
    (pixels,) = (node for node in graph.node if node.input[0] == IMAGE)
    assert pixels.op_type == "QuantizeLinear"
    assert constants[pixels.input[1]] == 1 and constants[pixels.input[2]] == 0
    # What a level means is said by the steps behind it; nothing is computed for that.
    (levels,) = (node for node in graph.node if node.input[0] == pixels.output[0])
    assert levels.op_type == "DequantizeLinear"
    np.testing.assert_allclose(constants[levels.input[1]], 1 / 127.5, rtol=1e-6)
    assert constants[levels.input[2]] == 127
    (transpose,) = (node for node in graph.node if node.input[0] == levels.output[0])
    assert transpose.op_type == "Transpose"
    # Neither softmax sees a rounded output, and the last no rounded input.
    count = Counter(node.op_type for node in graph.node)
    assert count["Softmax"] == 2 and count["Transpose"] == 1, "of the pixels, and no other"
    last = producers[graph.output[0].name]
    assert last.op_type == "Softmax"
    assert producers[last.input[0]].op_type != "DequantizeLinear"
    assert len(quantized) < 0.5 * len(content)


def test_onnxruntime_since_1_12_reads_both(
    float_onnx: Callable[[], bytes], quantize: Callable[[bytes], bytes]
) -> None:
    """Opset 17 in format 8 and no operators of its own; 1.12.0 was seen to do so."""
    content = float_onnx()
    for file in (content, quantize(content)):
        model = onnx.load_model_from_string(file)
        assert model.ir_version <= 8
        opsets = {one.domain: one.version for one in model.opset_import}
        assert opsets[""] == 17
        assert {node.domain for node in model.graph.node} == {""}


def test_two_products_fit_into_16_bits(
    float_onnx: Callable[[], bytes], quantize: Callable[[bytes], bytes]
) -> None:
    """What x86 without VNNI adds with saturation; so a pair of weights never counts 129."""
    graph = onnx.load_model_from_string(quantize(float_onnx())).graph
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    weights = [constant for constant in constants.values() if constant.dtype == np.int8]
    kernels = [one for one in weights if one.ndim >= 2]
    assert len(kernels) == 5
    largest = max(np.abs(one.astype(int)).max() for one in kernels)
    assert largest == 64 and 2 * 255 * largest <= np.iinfo(np.int16).max


EMULATED = """
import sys, numpy as np, onnxruntime
given = dict(np.load(sys.argv[1]))
for path in sys.argv[2:]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = [
        session.run(None, {name: values[row : row + 1] for name, values in given.items()})[0]
        for row in range(len(given["image"]))
    ]
    np.save(path + ".npy", np.concatenate(rows))
"""


def test_a_processor_without_vnni_answers_the_same(
    float_onnx: Callable[[], bytes],
    quantize: Callable[[bytes], bytes],
    few: Examples,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On an emulated Haswell, where weights in 8 bits answer otherwise."""
    emulator = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
    if emulator is None:
        pytest.skip("there is no qemu-user")
    from onnxruntime import quantization

    content, safe, unsafe = float_onnx(), tmp_path / "safe.onnx", tmp_path / "unsafe.onnx"
    safe.write_bytes(quantize(content))
    quantizer = quantization.QDQQuantizer
    monkeypatch.setattr(
        quantization,
        "QDQQuantizer",
        lambda *given, **options: quantizer(*given, **(options | {"reduce_range": False})),
    )
    unsafe.write_bytes(quantize(content))
    images, patients = few.images.astype(np.float32), few.patients
    np.savez(tmp_path / "inputs.npz", allow_pickle=False, image=images, patient=patients)
    command = [emulator, "-cpu", "Haswell", sys.executable, "-c", EMULATED]
    subprocess.run(
        [*command, str(tmp_path / "inputs.npz"), str(safe), str(unsafe)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    apart = []
    for path in (safe, unsafe):
        here = predict_all(OnnxRunner(path), few.images, few.patients)
        apart.append(np.abs(np.load(f"{path}.npy") - here).max())
    assert apart[0] < 1e-5 < 1e-3 < apart[1]


def test_same_input_same_bytes_and_nothing_said(
    float_onnx: Callable[[], bytes],
    quantize: Callable[[bytes], bytes],
    capfd: pytest.CaptureFixture[str],
) -> None:
    content = float_onnx()
    capfd.readouterr()
    assert quantize(content) == quantize(content)
    assert capfd.readouterr() == ("", "")
