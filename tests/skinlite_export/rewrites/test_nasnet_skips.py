"""A skip of NASNet is one convolution, where that pays and where nothing else sees its halves."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest


def skip(size: int, channels: int, *more: Any) -> Any:
    """NASNet's skip, of an image of any size: halves from even and from odd pixels."""
    from skinlite_export.graph.deploy_graph import Graph, Node

    random = np.random.default_rng(0)
    conv = {"filters": 3, "kernel_size": (1, 1), "strides": (2, 2), "use_bias": False}
    kernels = [random.normal(size=(1, 1, channels, 3)).astype(np.float32) for _ in range(2)]
    return Graph(
        (
            Node("x", "Input", (), {"shape": (size, size, channels)}),
            Node("pad", "ZeroPadding2D", ("x",), {"padding": ((0, 1), (0, 1))}),
            Node("crop", "Cropping2D", ("pad",), {"cropping": ((1, 0), (1, 0))}),
            Node("even", "Conv2D", ("x",), conv, kernels[:1]),
            Node("odd", "Conv2D", ("crop",), conv, kernels[1:]),
            *more,
            Node("both", "Concatenate", ("even", "odd"), {"axis": -1}),
        )
    )


@pytest.mark.parametrize("size", [8, 9])
def test_a_skip_is_one_convolution_whether_its_size_is_even_or_odd(size: int) -> None:
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.rewrites.nasnet_skips import one_kernel_for_skips

    stock = skip(size, 4)
    rewritten = one_kernel_for_skips(stock)
    assert [node.kind for node in rewritten.nodes] == ["Input", "Conv2D"]
    x = {"x": np.random.default_rng(1).normal(size=(2, size, size, 4)).astype(np.float32)}
    expected = np.asarray(build_twin(stock)(x))
    np.testing.assert_allclose(np.asarray(build_twin(rewritten)(x)), expected, atol=1e-6)


def test_a_skip_stays_where_one_kernel_would_not_pay_or_a_half_is_seen_elsewhere() -> None:
    from skinlite_export.graph.deploy_graph import Node
    from skinlite_export.rewrites.nasnet_skips import FEW_CHANNELS, one_kernel_for_skips

    for graph in (skip(8, FEW_CHANNELS + 1), skip(8, 4, Node("other", "ReLU", ("odd",)))):
        assert "both" in {one.name for one in one_kernel_for_skips(graph).nodes if one.inputs[1:]}


def test_a_norm_and_a_relu_behind_a_skip_both_go_through_it() -> None:
    """In NASNetLarge, whose skips are too wide for one kernel."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.deploy_graph import Node
    from skinlite_export.rewrites.nasnet_skips import FEW_CHANNELS
    from skinlite_export.rewrites.registry import REWRITES, apply_rewrites

    stock = skip(8, FEW_CHANNELS + 1)
    random = np.random.default_rng(2)
    weights = tuple(random.uniform(0.5, 1.5, 6).astype(np.float32) for _ in range(4))
    norm = Node("norm", "BatchNormalization", ("both",), {"epsilon": 1e-3}, weights)
    stock = replace(stock, nodes=(*stock.nodes, norm, Node("relu", "ReLU", ("norm",))))
    stock = replace(stock, nodes=(*stock.nodes, Node("flat", "Flatten", ("relu",))))
    rewritten = apply_rewrites(stock, list(REWRITES))
    assert [node.kind for node in rewritten.nodes[-2:]] == ["Concatenate", "Flatten"]
    x = {"x": random.normal(size=(2, 8, 8, FEW_CHANNELS + 1)).astype(np.float32)}
    expected = np.asarray(build_twin(stock)(x))
    np.testing.assert_allclose(np.asarray(build_twin(rewritten)(x)), expected, atol=1e-5)
