"""Two 1x1 convolutions without anything between them are one, where one is less work."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest


def bottleneck(between: int = 4, *, strides: int = 1, norm: bool = True, **narrow: Any) -> Any:
    """4 channels, narrowed, widened to 6 of half of the pixels; each convolution has its norm."""
    from skinlite_export.graph.deploy_graph import Graph, Node

    random = np.random.default_rng(0)

    def conv(name: str, source: str, taken: int, made: int, **settings: Any) -> Any:
        size = {"filters": made, "kernel_size": (1, 1)}
        weights = [random.normal(size=(1, 1, taken, made)).astype(np.float32)]
        weights += [random.normal(size=made).astype(np.float32)] * settings["use_bias"]
        return Node(name, "Conv2D", (source,), size | settings, tuple(weights))

    def normalized(name: str, source: str, channels: int) -> Any:
        settings = {"epsilon": 1e-3, "scale": True, "center": True}
        weights = tuple(random.uniform(0.5, 2, channels).astype(np.float32) for _ in range(4))
        return Node(name, "BatchNormalization", (source,), settings, weights)

    own = {"use_bias": False, "strides": (strides, strides)} | narrow
    last = {"use_bias": True, "strides": (2, 2), "activation": "relu"}
    nodes = [Node("x", "Input", (), {"shape": (6, 6, 4)}), conv("narrow", "x", 4, between, **own)]
    if norm:
        nodes.append(normalized("norm", "narrow", between))
    nodes += [
        conv("wide", nodes[-1].name, between, 6, **last),
        normalized("end", "wide", 6),
    ]
    return Graph(tuple(nodes))


def composed(graph: Any) -> int:
    """Check that the rewrite keeps the answers; gives how many convolutions it leaves."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.rewrites.arithmetic import compose_pointwise

    found = compose_pointwise(graph)
    x = {"x": np.random.default_rng(1).normal(size=(2, 6, 6, 4)).astype(np.float32)}
    expected = np.asarray(build_twin(graph)(x))
    np.testing.assert_allclose(np.asarray(build_twin(found)(x)), expected, atol=1e-5)
    return [node.kind for node in found.nodes].count("Conv2D")


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("use_bias", [True, False])
def test_a_linear_bottleneck_goes_with_its_norm_and_its_bias(norm: bool, use_bias: bool) -> None:
    assert composed(bottleneck(norm=norm, use_bias=use_bias)) == 1


def test_what_is_bent_or_skips_pixels_or_would_be_more_work_stays() -> None:
    assert composed(bottleneck(activation="relu")) == 2
    assert composed(bottleneck(strides=2)) == 2
    assert composed(bottleneck(between=2)) == 2  # 24 multiplications in one, 20 in two


def test_groups_stay() -> None:
    """Keras multiplies groups on a GPU only; the graph is all there is to see."""
    from skinlite_export.rewrites.arithmetic import compose_pointwise

    graph = bottleneck()
    nodes = list(graph.nodes)
    narrow = nodes[1]
    half = (narrow.weights[0][:, :, :2],)
    nodes[1] = replace(narrow, settings=narrow.settings | {"groups": 2}, weights=half)
    kinds = [node.kind for node in compose_pointwise(replace(graph, nodes=tuple(nodes))).nodes]
    assert kinds.count("Conv2D") == 2


@pytest.mark.parametrize("seen", ["narrow", "norm"])
def test_what_is_seen_elsewhere_stays(seen: str) -> None:
    from skinlite_export.graph.deploy_graph import Node

    graph = bottleneck()
    other = (
        Node("other", "GlobalAveragePooling2D", (seen,)),
        Node("mean", "GlobalAveragePooling2D", ("end",)),
        Node("both", "Concatenate", ("other", "mean")),
    )
    assert composed(replace(graph, nodes=(*graph.nodes, *other))) == 2


def test_three_in_a_row_become_one() -> None:
    from skinlite_export.graph.deploy_graph import Node

    graph = bottleneck()
    kernel = np.random.default_rng(2).normal(size=(1, 1, 4, 4)).astype(np.float32)
    settings = {"filters": 4, "kernel_size": (1, 1), "use_bias": False}
    image, narrow, *rest = graph.nodes
    before = Node("before", "Conv2D", ("x",), settings, (kernel,))
    nodes = (image, before, replace(narrow, inputs=("before",)), *rest)
    assert composed(replace(graph, nodes=nodes)) == 1
