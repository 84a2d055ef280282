"""Every rewrite, alone, changes the graph and no answer, where it is for and nowhere else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest


def varied() -> Any:
    """A small graph with something to do for every rewrite."""
    from skinlite_export.graph.deploy_graph import Graph, Node

    random = np.random.default_rng(0)
    kernel = random.normal(size=(1, 1, 4, 4)).astype(np.float32)
    pointwise = {"filters": 4, "kernel_size": (1, 1), "use_bias": False}
    skip = {"pool_size": (1, 1), "strides": (2, 2), "padding": "valid"}
    average = {"pool_size": (3, 3), "strides": (2, 2), "padding": "same"}
    ends = ("positive", "norm", "peak", "widened")
    parts = ("one", "two", "skipped", "averaged", "doubled", "rows", "same")
    large = {"filters": 4, "kernel_size": (7, 7), "use_bias": False}
    strided = large | {"strides": (2, 2), "padding": "valid"}
    same = large | {"strides": (1, 1), "padding": "same"}
    skip_conv = pointwise | {"strides": (2, 2), "padding": "valid"}
    norm = tuple(random.uniform(0.5, 2, 8).astype(np.float32) for _ in range(4))
    peak = {"pool_size": (3, 3), "strides": (2, 2), "padding": "valid"}
    narrow_norm = tuple(one[:4] for one in norm)
    every_pixel = {"strides": (1, 1)}

    def separable() -> Any:
        depthwise = random.normal(size=(7, 7, 36, 1)).astype(np.float32) / 7
        return depthwise, random.normal(size=(1, 1, 36, 4)).astype(np.float32) / 7

    return Graph(
        (
            Node("x", "Input", (), {"shape": (9, 9, 4)}),
            Node("wide", "Concatenate", ("x",) * 9, {"axis": -1}),
            Node("margin", "ZeroPadding2D", ("wide",), {"padding": ((3, 3), (3, 3))}),
            Node("rows", "SeparableConv2D", ("margin",), strided, separable()),
            Node("unstrided", "SeparableConv2D", ("wide",), same, separable()),
            Node("same", "Conv2D", ("unstrided",), pointwise | {"strides": (2, 2)}, (kernel,)),
            Node("twin_pool", "AveragePooling2D", ("x",), average),
            Node("swish", "HardSwish", ("x",)),
            Node("third", "Scale", ("swish",), {"value": 1 / 3}),
            Node("one", "Conv2D", ("third",), pointwise | {"strides": (2, 2)}, (kernel,)),
            Node("two", "Conv2D", ("x",), pointwise | {"strides": (2, 2)}, (kernel + 1,)),
            Node("pool", "AveragePooling2D", ("x",), skip),
            Node("skipped", "Conv2D", ("pool",), pointwise | {"strides": (1, 1)}, (kernel - 1,)),
            Node("averaged", "AveragePooling2D", ("x",), average),
            Node("doubled", "Add", ("averaged", "twin_pool")),
            Node("all", "Concatenate", parts, {"axis": -1}),
            Node("positive", "ReLU", ("all",)),
            Node("shift_pad", "ZeroPadding2D", ("x",), {"padding": ((0, 1), (0, 1))}),
            Node("shifted", "Cropping2D", ("shift_pad",), {"cropping": ((1, 0), (1, 0))}),
            Node("even", "Conv2D", ("x",), skip_conv, (kernel + 2,)),
            Node("odd", "Conv2D", ("shifted",), skip_conv, (kernel - 2,)),
            Node("halves", "Concatenate", ("even", "odd"), {"axis": -1}),
            Node("norm", "BatchNormalization", ("halves",), {"epsilon": 1e-3}, norm),
            Node("frame", "ZeroPadding2D", ("x",), {"padding": ((1, 1), (1, 1))}),
            Node("peak", "MaxPooling2D", ("frame",), peak),
            Node("narrow", "Conv2D", ("x",), pointwise | every_pixel, (kernel,)),
            Node("bottleneck", "BatchNormalization", ("narrow",), {}, narrow_norm),
            Node("widened", "Conv2D", ("bottleneck",), skip_conv, (-kernel,)),
            Node("everything", "Concatenate", ends, {"axis": -1}),
            Node("end", "AddConstant", ("everything",), {"value": 1.0}),
        )
    )


def test_every_rewrite_alone_changes_the_graph_but_no_answer(
    assert_ordered: Callable[[Any], None],
) -> None:
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.rewrites.registry import REWRITES, apply_rewrites

    stock = varied()
    x = {"x": np.random.default_rng(1).normal(0, 3, (5, 9, 9, 4)).astype(np.float32)}
    expected = np.asarray(build_twin(stock)(x))
    for names in (*([name] for name in REWRITES), list(REWRITES)):
        graph = apply_rewrites(stock, names)
        assert graph != stock, names
        assert_ordered(graph)
        found = np.asarray(build_twin(graph)(x))
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=str(names))


def test_a_name_that_a_rewrite_would_give_may_be_there_already() -> None:
    """Keras numbers names itself: re_lu_1 is another layer than the second part of re_lu."""
    from skinlite_export.graph.deploy_graph import Graph
    from skinlite_export.rewrites.registry import REWRITES, apply_rewrites

    def renamed(graph: Graph, old: str, new: str) -> Graph:
        def name(one: str) -> str:
            return new if one == old else one

        nodes = (
            replace(node, name=name(node.name), inputs=tuple(map(name, node.inputs)))
            for node in graph.nodes
        )
        return replace(graph, nodes=tuple(nodes))

    def names(graph: Graph) -> list[str]:
        return [node.name for node in graph.nodes]

    stock, tried = varied(), 0
    for rewrite in REWRITES:
        for new in set(names(apply_rewrites(stock, [rewrite]))) - set(names(stock)):
            found = names(apply_rewrites(renamed(stock, "frame", new), [rewrite]))
            assert len(found) == len(set(found)), f"{rewrite}: {new}"
            tried += 1
    assert tried > 10


@pytest.mark.parametrize("name", ["mobilenet_v3_large", "mobilenet_v3_small", "nasnet_mobile"])
def test_the_rewrites_find_what_they_are_for(
    random_classifier: Callable[[str, int], Any], name: str
) -> None:
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.rewrites.registry import REWRITES, apply_rewrites

    stock = read_keras(random_classifier(name, 64))

    def shape(graph: Any) -> Any:
        kinds = [(node.kind, node.inputs) for node in graph.nodes]
        return kinds, graph.float_operators, graph.float_nodes

    found = {one for one in REWRITES if shape(apply_rewrites(stock, [one])) != shape(stock)}
    own = {
        "mobilenet_v3_large": {"unfuse-hard-swish", "fold-scales"},
        "mobilenet_v3_small": {"unfuse-hard-swish", "fold-scales", "compose-pointwise"},
        "nasnet_mobile": {
            "push-norm-through-concat",
            "split-concat",
            "stride-instead-of-pool",
            "pad-rows",
            "split-large-depthwise",
            "average-pool-as-depthwise",
        },
    }
    everywhere = {"push-relu-through-concat", "float-softmax", "float-head"}
    assert found == everywhere | own[name]


def test_unfused_hard_swish_is_hard_swish_everywhere() -> None:
    """Also where it bends, at -3 and 3, and far beyond."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.deploy_graph import Graph, Node
    from skinlite_export.rewrites.arithmetic import unfuse_hard_swish

    x = np.concatenate([np.linspace(-6, 6, 241), [-1e4, 1e4]])[None].astype(np.float32)
    stock = Graph((Node("x", "Input", (), {"shape": (243,)}), Node("y", "HardSwish", ("x",))))
    rewritten = unfuse_hard_swish(stock)
    assert "HardSwish" not in {node.kind for node in rewritten.nodes}
    assert rewritten.nodes[-1].name == "y"
    for graph in (stock, rewritten):
        found = np.asarray(build_twin(graph)({"x": x}))
        np.testing.assert_allclose(found, x * np.clip(x + 3, 0, 6) / 6, atol=1e-6, rtol=1e-6)


def test_scales_are_folded_only_where_every_way_ends_in_a_kernel() -> None:
    """One factor before a padded convolution (goes), one that an addition also sees (stays)."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.deploy_graph import Graph, Node
    from skinlite_export.rewrites.arithmetic import fold_scales

    random = np.random.default_rng(0)
    conv = {"filters": 2, "kernel_size": 3, "padding": "valid"}
    kernels = [random.normal(size=(3, 3, 2, 2)).astype(np.float32) for _ in range(2)]
    bias = random.normal(size=2).astype(np.float32)
    graph = Graph(
        (
            Node("x", "Input", (), {"shape": (6, 6, 2)}),
            Node("third", "Scale", ("x",), {"value": 1 / 3}),
            Node("pad", "ZeroPadding2D", ("third",), {"padding": 1}),
            Node("first", "Conv2D", ("pad",), conv, (kernels[0], bias)),
            Node("half", "Scale", ("first",), {"value": 0.5}),
            Node("half_pad", "ZeroPadding2D", ("half",), {"padding": 1}),
            Node("second", "Conv2D", ("half_pad",), conv, (kernels[1], bias)),
            Node("sum", "Add", ("half", "second")),
        )
    )
    folded = fold_scales(graph)
    assert [node.name for node in folded.nodes if node.kind == "Scale"] == ["half"]
    x = {"x": random.normal(size=(2, 6, 6, 2)).astype(np.float32)}
    expected = np.asarray(build_twin(graph)(x))
    np.testing.assert_allclose(np.asarray(build_twin(folded)(x)), expected, atol=1e-5)


def residual(behind: str) -> Any:
    """A scaled tensor, added to what a batch norm behind a convolution gives."""
    from skinlite_export.graph.deploy_graph import Graph, Node

    random = np.random.default_rng(0)
    kernels = [random.normal(size=(1, 1, 2, 2)).astype(np.float32) for _ in range(2)]
    pointwise = {"filters": 2, "kernel_size": 1, "use_bias": False}
    norm = tuple(random.uniform(0.5, 2, 2).astype(np.float32) for _ in range(4))
    return Graph(
        (
            Node("x", "Input", (), {"shape": (6, 6, 2)}),
            Node("sixth", "Scale", ("x",), {"value": 1 / 6}),
            Node("conv", "Conv2D", ("sixth",), pointwise, kernels[:1]),
            Node("norm", "BatchNormalization", ("conv",), {}, norm),
            Node("behind", "ReLU", ("norm",), {"max_value": 6.0}),
            Node("sum", "Add", ("sixth", behind)),
            Node("end", "Conv2D", ("sum",), pointwise, kernels[1:]),
        )
    )


@pytest.mark.parametrize(("behind", "goes"), [("norm", True), ("behind", False), ("conv", False)])
def test_a_scale_goes_through_an_addition_whose_other_side_can_take_the_inverse(
    behind: str, goes: bool
) -> None:
    """A batch norm can, for the addition alone; what is bent or seen by others can't."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.rewrites.arithmetic import fold_scales

    graph = residual(behind)
    if behind == "norm":  # alone in the sum
        graph = replace(graph, nodes=tuple(node for node in graph.nodes if node.name != "behind"))
    folded = fold_scales(graph)
    assert any(node.kind == "Scale" for node in folded.nodes) is not goes
    x = {"x": np.random.default_rng(1).normal(size=(2, 6, 6, 2)).astype(np.float32)}
    expected = np.asarray(build_twin(graph)(x))
    np.testing.assert_allclose(np.asarray(build_twin(folded)(x)), expected, atol=1e-5)


def test_what_pays_in_int8_only_is_left_out_of_float() -> None:
    from skinlite_export.rewrites.registry import FOR_INT8, REWRITES, apply_rewrites

    stock = varied()
    rest = [name for name in REWRITES if name not in FOR_INT8]
    found, expected = apply_rewrites(stock, list(REWRITES), "none"), apply_rewrites(stock, rest)
    assert [node.name for node in found.nodes] == [node.name for node in expected.nodes]
    assert "HardSwish" in {node.kind for node in found.nodes}


def test_a_relu_is_pushed_whatever_stands_between(
    assert_ordered: Callable[[Any], None],
) -> None:
    """Two nodes are neighbours in a graph, not always in its list."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.deploy_graph import Graph, Node
    from skinlite_export.rewrites.delegate import push_relu_through_concat

    graph = Graph(
        (
            Node("x", "Input", (), {"shape": (3,)}),
            Node("y", "Input", (), {"shape": (2,)}),
            Node("both", "Concatenate", ("x", "y")),
            Node("between", "AddConstant", ("y",), {"value": 1.0}),
            Node("positive", "ReLU", ("both",)),
            Node("end", "Concatenate", ("positive", "between")),
        )
    )
    pushed = push_relu_through_concat(graph)
    assert_ordered(pushed)
    assert [node.kind for node in pushed.nodes].count("ReLU") == 2
    x = {"x": np.array([[-1, 0, 2]], np.float32), "y": np.array([[-3, 4]], np.float32)}
    assert np.asarray(build_twin(pushed)(x)).tolist() == [[0, 0, 2, 0, 4, -2, 5]]


def test_a_relu_is_pushed_before_a_max_pool() -> None:
    """Behind it, what the pool takes would have to have the range of what the ReLU leaves."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.deploy_graph import Graph, Node
    from skinlite_export.rewrites.delegate import push_relu_through_concat

    pool = {"pool_size": (1, 1)}
    graph = Graph(
        (
            Node("x", "Input", (), {"shape": (1, 1, 3)}),
            Node("twice", "Add", ("x", "x")),
            Node("padded", "ZeroPadding2D", ("twice",), {"padding": ((0, 1), (0, 1))}),
            Node("pooled", "MaxPooling2D", ("padded",), {"pool_size": (2, 2)}),
            Node("seen", "MaxPooling2D", ("x",), pool),
            Node("both", "Concatenate", ("pooled", "seen", "x")),
            Node("positive", "ReLU", ("both",)),
            Node("end", "Concatenate", ("positive", "seen")),
        )
    )
    pushed = push_relu_through_concat(graph)
    by_name = {node.name: node for node in pushed.nodes}
    assert by_name[by_name["padded"].inputs[0]].is_relu, "where the addition can take it"
    assert by_name["seen"].inputs == ("x",), "something else wants it with its negatives"
    x = {"x": np.array([[[[-1, 0, 2]]]], np.float32)}
    found = np.asarray(build_twin(pushed)(x)).ravel().tolist()
    assert found == [0, 0, 4, 0, 0, 2, 0, 0, 2, -1, 0, 2]
