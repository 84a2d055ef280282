"""Channels first: the same outputs, with one transpose, that of the image."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skinlite.data.examples import Examples
from skinlite.vocabulary import IMAGE, PROBABILITIES
from skinlite_export.convert.onnx_transposes import channels_first

LAST, FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
SHAPE = (1, 3, 2, 4)
"""Of an image with its channels first."""


def test_the_image_alone_is_transposed(classifier: Any, few: Examples, tmp_path: Path) -> None:
    """Through hard-swish, depthwise convolutions, Soft-Attention and the flattened image."""
    from skinlite_export.convert.to_onnx import to_onnx
    from skinlite_export.convert.to_tflite import convert_float32
    from skinlite_export.runtime.litert import LiteRTRunner
    from skinlite_export.runtime.onnx import OnnxRunner
    from skinlite_export.runtime.runner import predict_all

    files = tmp_path / "model.tflite", tmp_path / "model.onnx"
    files[0].write_bytes(convert_float32(classifier))
    files[1].write_bytes(to_onnx(files[0].read_bytes()))
    graph = onnx.load(files[1]).graph
    kinds = Counter(node.op_type for node in graph.node)
    assert (kinds["Transpose"], kinds["ReduceSum"]) == (1, 0)
    assert kinds["HardSwish"] == 1
    producers = {name: node for node in graph.node for name in node.output}
    (transpose,) = (node for node in graph.node if node.op_type == "Transpose")
    name = transpose.input[0]
    while name in producers:  # rescaled before it, at most
        assert producers[name].op_type in ("Mul", "Add")
        name = producers[name].input[0]
    assert name == IMAGE
    expected, found = (
        predict_all(runner, few.images, few.patients)
        for runner in (LiteRTRunner(files[0]), OnnxRunner(files[1]))
    )
    assert np.ptp(expected, axis=0).max() > 0.05
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_every_padding_names_its_mode() -> None:
    """Without it, ncnn can't load what pnnx makes of the file."""
    import keras
    from keras import layers

    from skinlite_export.convert.to_onnx import to_onnx
    from skinlite_export.convert.to_tflite import convert_float32

    image = layers.Input((8, 8, 3), name=IMAGE)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(image)
    x = layers.GlobalAveragePooling2D()(layers.AveragePooling2D(3, strides=2)(x))
    x = layers.Dense(7, "softmax", name=PROBABILITIES)(x)
    graph = onnx.load_from_string(to_onnx(convert_float32(keras.Model({IMAGE: image}, x)))).graph
    (padding,) = (node for node in graph.node if node.op_type == "Pad")
    assert [(one.name, one.s) for one in padding.attribute] == [("mode", b"constant")]


def model(*nodes: Any, outputs: dict[str, tuple[int, ...]], **constants: Any) -> Any:
    """An .onnx from ``x``, an image with its channels first, to ``outputs``."""
    made = helper.make_model(
        helper.make_graph(
            list(nodes),
            "test",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)],
            [helper.make_tensor_value_info(*one[:1], 1, one[1]) for one in outputs.items()],
            [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(made)
    return made


def answers(made: Any) -> list[Any]:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        made.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    image = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    found: list[Any] = session.run(None, {"x": image})
    return found


def flat(*takers: Any, outputs: dict[str, tuple[int, ...]], **constants: Any) -> Any:
    """An image that is flattened with its channels last, and what takes it."""
    return model(
        helper.make_node("Transpose", ["x"], ["last"], perm=LAST),
        helper.make_node("Reshape", ["last", "row"], ["flat"]),
        *takers,
        outputs=outputs,
        row=np.array([1, 24]),
        **constants,
    )


def weights(*shape: int) -> Any:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("transposed", [False, True])
def test_dense_layers_take_over_the_order(transposed: bool) -> None:
    """One takes the image alone; the other has it twice, behind something else."""
    made = flat(
        helper.make_node("Gemm", ["flat", "a"], ["one"], transB=int(transposed)),
        helper.make_node("Concat", ["before", "flat", "flat"], ["all"], axis=1),
        helper.make_node("MatMul", ["all", "b"], ["two"]),
        outputs={"one": (1, 5), "two": (1, 6)},
        a=weights(5, 24) if transposed else weights(24, 5),
        b=weights(50, 6),
        before=weights(1, 2),
    )
    expected = answers(made)
    channels_first(made)
    (reshape,) = (node for node in made.graph.node if node.op_type == "Reshape")
    assert reshape.input[0] == "x"
    for found, value in zip(answers(made), expected, strict=True):
        np.testing.assert_allclose(found, value, atol=1e-6)


def test_who_else_takes_the_row_keeps_its_order() -> None:
    made = flat(
        helper.make_node("Gemm", ["flat", "a"], ["one"]),
        helper.make_node("Relu", ["flat"], ["two"]),
        outputs={"one": (1, 5), "two": (1, 24)},
        a=weights(24, 5),
    )
    before = made.SerializeToString()
    channels_first(made)
    assert made.SerializeToString() == before


def test_what_changes_nothing_goes() -> None:
    made = model(
        helper.make_node("Transpose", ["x"], ["last"], perm=LAST),
        helper.make_node("Transpose", ["last"], ["again"], perm=FIRST),
        helper.make_node("Reshape", ["again", "same"], ["reshaped"]),
        helper.make_node("Relu", ["reshaped"], ["y"]),
        outputs={"y": SHAPE},
        same=np.array(SHAPE),
    )
    channels_first(made)
    (relu,) = (node for node in made.graph.node if node.op_type == "Relu")
    assert relu.input[0] == "x"


@pytest.mark.parametrize("axis", [1, 2])
def test_maps_that_are_no_attention_stay(axis: int) -> None:
    """A softmax over the maps, or sums that nobody multiplies with an image."""
    made = model(
        helper.make_node("Transpose", ["x"], ["last"], perm=LAST),
        helper.make_node("Reshape", ["last", "rows"], ["maps"]),
        helper.make_node("Softmax", ["maps"], ["soft"], axis=axis),
        helper.make_node("ReduceSum", ["soft", "over"], ["sums"], keepdims=1),
        outputs={"sums": (1, 8, 1)},
        rows=np.array([1, 8, 3]),
        over=np.array([2]),
    )
    expected = answers(made)
    channels_first(made)
    np.testing.assert_allclose(answers(made)[0], expected[0], atol=1e-6)
    assert [node.op_type for node in made.graph.node][-1] == "ReduceSum"
