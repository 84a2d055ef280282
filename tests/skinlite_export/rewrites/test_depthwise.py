"""A large separable convolution in parts is the same one, and pads in a way that costs nothing."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

FORMS = {
    "as large as before": ("same", (1, 1), None),
    "odd, halved": ("valid", (2, 2), ((3, 3), (3, 3))),
    "even, halved": ("valid", (2, 2), ((2, 3), (2, 3))),
    "padded otherwise": ("valid", (2, 2), ((4, 2), (1, 4))),
    "padded, not halved": ("valid", (1, 1), ((3, 3), (3, 3))),
    "not padded": ("valid", (1, 1), None),
}


def separable(
    size: int, padding: str, strides: tuple[int, int], margins: Any, taps: int = 7
) -> Any:
    """Two of them on one image, as a NASNet cell has them, each behind a ReLU of its own."""
    from skinlite_export.graph.deploy_graph import Graph, Node

    random = np.random.default_rng(0)
    settings = {"filters": 3, "kernel_size": (taps, taps), "strides": strides, "padding": padding}
    nodes = [Node("x", "Input", (), {"shape": (size, size, 36)})]
    for name in ("one", "two"):
        depthwise = random.normal(size=(taps, taps, 36, 1)).astype(np.float32) / 7
        pointwise = random.normal(size=(1, 1, 36, 3)).astype(np.float32) / 6
        nodes.append(Node(f"{name}_relu", "ReLU", ("x",)))
        if margins:
            padded = {"padding": margins}
            nodes.append(Node(f"{name}_pad", "ZeroPadding2D", (f"{name}_relu",), padded))
        settings = settings | {"use_bias": False}
        weights = (depthwise, pointwise)
        nodes.append(Node(name, "SeparableConv2D", (nodes[-1].name,), settings, weights))
    return Graph((*nodes, Node("both", "Add", ("one", "two"))))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [7, 10, 11])
def test_in_parts_it_gives_the_same(form: str, size: int) -> None:
    assert parts_of(separable(size, *FORMS[form])) == 6


@pytest.mark.parametrize(
    ("form", "size", "parts"),
    [
        ("as large as before", 3, 4),
        ("as large as before", 1, 2),
        ("odd, halved", 3, 4),
        ("even, halved", 4, 4),
    ],
)
def test_a_part_that_sees_only_zeros_is_left_out(form: str, size: int, parts: int) -> None:
    assert parts_of(separable(size, *FORMS[form])) == parts


def parts_of(stock: Any) -> int:
    """Check that the rewrite keeps the answers; gives the depthwise convolutions it makes."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.rewrites.depthwise import split_large_depthwise

    split = split_large_depthwise(stock)
    shape = stock.nodes[0].settings["shape"]
    x = {"x": np.random.default_rng(1).normal(size=(2, *shape)).astype(np.float32)}
    expected = np.asarray(build_twin(stock)(x))
    np.testing.assert_allclose(np.asarray(build_twin(split)(x)), expected, atol=1e-5)
    kinds = Counter(node.kind for node in split.nodes)
    assert not kinds["SeparableConv2D"]
    return kinds["DepthwiseConv2D"]


def test_every_padding_in_the_file_is_of_one_convolution() -> None:
    """XNNPACK fuses it then; what two convolutions of an image pad alike the converter shares."""
    import tensorflow as tf

    from skinlite.process.quiet import silenced
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.rewrites.depthwise import split_large_depthwise
    from skinlite_export.tflite.flatbuffer import OPERATORS, operator_codes, unpack

    twin = build_twin(split_large_depthwise(separable(11, *FORMS["odd, halved"])))
    with silenced():
        model = unpack(tf.lite.TFLiteConverter.from_keras_model(twin).convert())
    codes, operators = operator_codes(model), model.subgraphs[0].operators
    names = [OPERATORS[codes[one.opcodeIndex]] for one in operators]
    takers = Counter(int(taken) for one in operators for taken in one.inputs)
    pads = [one for one, name in zip(operators, names, strict=True) if name == "PAD"]
    assert len(pads) == 6
    assert {takers[int(one.outputs[0])] for one in pads} == {1}
    assert names.count("STRIDED_SLICE") == 1


def test_large_kernels_go_and_those_that_have_a_kernel_stay() -> None:
    from skinlite_export.rewrites.depthwise import split_large_depthwise

    cut = split_large_depthwise(separable(11, "same", (1, 1), None))
    kernels = {one.weights[0].shape[:3] for one in cut.nodes if one.kind == "DepthwiseConv2D"}
    assert kernels == {(3, 7, 36), (1, 7, 36)}
    small = separable(11, "same", (1, 1), None, taps=5)
    assert split_large_depthwise(small) == small
