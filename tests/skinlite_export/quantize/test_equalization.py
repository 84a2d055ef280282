"""Equalized channels: the same answers, no wider range, and finer steps where they were coarse."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

NARROW = 1 / 4


def kernel(*shape: int) -> Any:
    return np.random.default_rng(0).uniform(0.5, 1, shape).astype(np.float32)


def network(
    between: str = "ReLU",
    settings: dict[str, float] | None = None,
    *,
    narrow: float = NARROW,
    join: str = "Add",
) -> Any:
    """Two ways to three channels, of which the last is narrow, their sum, and all that takes it."""
    from skinlite_export.graph.deploy_graph import Graph, Node

    widths = np.array([1, 1, narrow], np.float32)
    one, three = {"kernel_size": (1, 1)}, {"kernel_size": (3, 3), "strides": (1, 1)}
    norm = (widths, widths / 4, np.full(3, 3, np.float32), np.ones(3, np.float32))
    separable = {**three, "padding": "same", "filters": 3, "use_bias": False}
    return Graph(
        (
            Node("image", "Input", (), {"shape": (6, 6, 2)}),
            Node("patient", "Input", (), {"shape": (2,)}),
            Node(
                "conv",
                "SeparableConv2D",
                ("image",),
                separable,
                (kernel(3, 3, 2, 1), kernel(1, 1, 2, 3)),
            ),
            Node("left", "BatchNormalization", ("conv",), {}, norm),
            Node(
                "right",
                "Conv2D",
                ("image",),
                {**one, "filters": 3},
                (kernel(1, 1, 2, 3) * widths, widths),
            ),
            Node("sum", join, ("left", "right")),
            Node("between", between, ("sum",), settings or {}),
            Node(
                "depthwise",
                "DepthwiseConv2D",
                ("between",),
                {**three, "use_bias": False},
                (kernel(3, 3, 3, 1),),
            ),
            Node("pooled", "MaxPooling2D", ("between",), {"pool_size": (3, 3), "strides": (1, 1)}),
            Node("concatenated", "Concatenate", ("depthwise", "pooled"), {"axis": -1}),
            Node(
                "last",
                "Conv2D",
                ("concatenated",),
                {**one, "filters": 4, "activation": "relu"},
                (kernel(1, 1, 6, 4), kernel(4)),
            ),
            Node("flat", "GlobalAveragePooling2D", ("last",)),
            Node("both", "Concatenate", ("flat", "patient"), {"axis": -1}),
            Node("end", "Dense", ("both",), {"units": 7}, (kernel(6, 7), kernel(7))),
        )
    )


def samples() -> list[dict[str, Any]]:
    random = np.random.default_rng(1)
    return [
        {
            "image": random.uniform(0, 1, (1, 6, 6, 2)).astype(np.float32),
            "patient": np.ones((1, 2), np.float32),
        }
        for _ in range(5)
    ]


def test_narrow_channels_take_the_whole_range_and_no_answer_changes() -> None:
    from skinlite_export.graph.build_keras import Twin, build_twin
    from skinlite_export.quantize.equalization import channel_peaks, equalize

    stock = network()
    equal = equalize(Twin(stock), samples())
    names = ["left", "right", "between", "depthwise", "pooled", "last"]
    before, after = (channel_peaks(build_twin(one), names, samples()) for one in (stock, equal))
    for name in names:
        assert after[name].max() <= before[name].max() * (1 + 1e-5), name
    assert before["between"].min() < 0.3 * before["between"].max()
    assert after["between"].min() > 0.7 * after["between"].max()
    for sample in samples():
        expected, found = (np.asarray(build_twin(one)(sample)) for one in (stock, equal))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_channel_that_uses_next_to_nothing_is_scaled_by_the_largest_factor() -> None:
    """A larger one would cost more in the kernels that take its inverse."""
    from skinlite_export.graph.build_keras import Twin
    from skinlite_export.quantize.equalization import MOST, equalize

    stock = network(narrow=0.01)
    equal = {node.name: node for node in equalize(Twin(stock), samples()).nodes}
    before = next(node for node in stock.nodes if node.name == "left").weights[0]
    np.testing.assert_allclose(equal["left"].weights[0] / before, [1, 1, MOST], rtol=0.3)


def test_a_dense_part_of_a_concatenation_is_scaled_as_a_whole() -> None:
    """As the patient's, hundreds of small numbers beside the image's: its kernel has one scale."""
    from skinlite_export.graph.build_keras import Twin, build_twin
    from skinlite_export.graph.deploy_graph import Node
    from skinlite_export.quantize.equalization import MOST, equalize

    whole = network()
    *nodes, both, end = whole.nodes
    small = np.full((2, 3), 1e-3, np.float32) * [1, 2, 3]
    settings = {"units": 3, "activation": "relu"}
    dense = Node("dense", "Dense", ("patient",), settings, (small, np.zeros(3, np.float32)))
    both, end = (
        replace(both, inputs=("flat", "dense")),
        replace(end, weights=(kernel(7, 7), kernel(7))),
    )
    stock = replace(whole, nodes=(*nodes, dense, both, end))
    equal = equalize(Twin(stock), samples())
    scaled = {node.name: node for node in equal.nodes}
    np.testing.assert_allclose(scaled["dense"].weights[0], small * MOST)
    np.testing.assert_allclose(scaled["end"].weights[0][4:], end.weights[0][4:] / MOST)
    for sample in samples():
        expected, found = (np.asarray(build_twin(one)(sample)) for one in (stock, equal))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_of_a_product_one_factor_is_scaled() -> None:
    from skinlite_export.graph.build_keras import Twin, build_twin
    from skinlite_export.quantize.equalization import equalize

    stock = network(join="Multiply")
    equal = equalize(Twin(stock), samples())
    scaled = {node.name: node for node in equal.nodes}
    before = {node.name: node for node in stock.nodes}
    assert (scaled["left"].weights[0] != before["left"].weights[0]).any()
    assert np.array_equal(scaled["right"].weights[0], before["right"].weights[0])
    for sample in samples():
        expected, found = (np.asarray(build_twin(one)(sample)) for one in (stock, equal))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_last_layer_gives_what_it_gave() -> None:
    """A network that ends in what could take a factor: nobody divides by it behind the end."""
    from skinlite_export.graph.build_keras import Twin, build_twin
    from skinlite_export.quantize.equalization import equalize

    whole = network()
    end = [node.name for node in whole.nodes].index("flat")
    stock = replace(whole, nodes=whole.nodes[: end + 1])
    equal = equalize(Twin(stock), samples())
    for sample in samples():
        expected, found = (np.asarray(build_twin(one)(sample)) for one in (stock, equal))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("between", "settings"), [("ReLU", {"max_value": 6.0}), ("AddConstant", {"value": 1.0})]
)
def test_no_factor_passes_what_it_does_not_commute_with(
    between: str, settings: dict[str, float]
) -> None:
    from skinlite_export.graph.build_keras import Twin
    from skinlite_export.quantize.equalization import equalize

    stock = network(between, settings)
    equal = {node.name: node for node in equalize(Twin(stock), samples()).nodes}
    for name in ("left", "right"):
        node = next(node for node in stock.nodes if node.name == name)
        assert all(map(np.array_equal, node.weights, equal[name].weights)), name


def test_a_factor_for_each_channel_of_a_depthwise_convolution() -> None:
    from skinlite_export.graph.deploy_graph import Node
    from skinlite_export.rewrites.arithmetic import scale_output

    weights = (kernel(3, 3, 2, 2), kernel(4))
    node = Node("x", "DepthwiseConv2D", ("y",), {"kernel_size": (3, 3)}, weights)
    found = scale_output(node, np.array([1, 2, 3, 4], np.float32))
    assert replace(found, weights=weights) == node
    for weight, scaled in zip(weights, found.weights, strict=True):
        np.testing.assert_allclose((scaled / weight).reshape(-1, 4)[0], [1, 2, 3, 4], rtol=1e-6)
