"""The int8 .onnx: names, answers, what computes in integers, size, and equal bytes."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from skinlite.data.examples import Examples
from skinlite.vocabulary import IMAGE, PATIENT, PROBABILITIES
from skinlite_export.runtime import OnnxRunner, predict_all


@pytest.fixture
def float_onnx(classifier: Any) -> Callable[[], bytes]:
    """Makes the float .onnx of the rewritten `classifier`, from a twin of its own."""

    def make() -> bytes:
        from skinlite_export.convert import to_tflite
        from skinlite_export.onnx_export import to_onnx
        from skinlite_export.reader import read_keras
        from skinlite_export.rewrites import ALL, apply_rewrites
        from skinlite_export.twin import build_twin

        return to_onnx(to_tflite(build_twin(apply_rewrites(read_keras(classifier), ALL)), "none"))

    return make


@pytest.fixture
def quantize(few: Examples) -> Callable[[bytes], bytes]:
    def make(content: bytes) -> bytes:
        from skinlite_export.calibration import samples
        from skinlite_export.onnx_int8 import to_onnx_int8

        return to_onnx_int8(content, lambda: samples(few))

    return make


def test_the_float_onnx_is_the_same_each_time(float_onnx: Callable[[], bytes]) -> None:
    assert float_onnx() == float_onnx()


def test_tf2onnx_takes_the_same_steps_each_time(
    float_onnx: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal before we give it names and order, which hide its steps while the outcome is one."""
    from skinlite_export import onnx_export

    monkeypatch.setattr(onnx_export, "_canonicalize", lambda graph: None)
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
    for node in graph.node:
        if node.op_type == "Conv":
            sources = [producers[name] for name in node.input[:2]]
            assert [source.op_type for source in sources] == ["DequantizeLinear"] * 2
            assert constants[sources[1].input[0]].dtype == np.int8
            assert len(constants[sources[1].input[1]]) > 1  # a scale per channel
    (pixels,) = (node for node in graph.node if node.input[0] == IMAGE)
    assert pixels.op_type == "QuantizeLinear"
    assert constants[pixels.input[1]] == 1 and constants[pixels.input[2]] == 0
    # Neither softmax sees a rounded output, and the last no rounded input.
    assert Counter(node.op_type for node in graph.node)["Softmax"] == 2
    last = producers[graph.output[0].name]
    assert last.op_type == "Softmax"
    assert producers[last.input[0]].op_type != "DequantizeLinear"
    assert len(quantized) < 0.5 * len(content)


def test_same_input_same_bytes_and_nothing_said(
    float_onnx: Callable[[], bytes],
    quantize: Callable[[bytes], bytes],
    capfd: pytest.CaptureFixture[str],
) -> None:
    content = float_onnx()
    capfd.readouterr()
    assert quantize(content) == quantize(content)
    assert capfd.readouterr() == ("", "")
