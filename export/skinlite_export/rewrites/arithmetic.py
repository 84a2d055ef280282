"""Rewrites of the arithmetic: hard-swish and hard-sigmoid in the operations that int8 has, and
what two layers compute in one."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.graph.folding import fold

WITH_KERNEL = {"Conv2D", "Dense", "DepthwiseConv2D"}
"""Layers whose first weight is a kernel that their input is multiplied with."""

HOMOGENEOUS = {"AveragePooling2D", "Flatten", "GlobalAveragePooling2D", "Multiply", "ZeroPadding2D"}
"""Layers that give a times the output for a times one of their inputs."""


def unfuse_hard_swish(graph: Graph) -> Graph:
    """Write hard-swish as relu6(x + 3) * (x / 6).

    Left as one piece, the converter makes HARD_SWISH of it, which XNNPACK does not take in int8:
    every one is an island that breaks the delegate, and int8 runs slower than float32. Written
    in this order it isn't fused, and ADD, MUL and RELU6 all have int8 kernels. Exact.
    """

    def rewrite(node: Node) -> list[Node]:
        name = node.name
        return [
            Node(f"{name}_add", "AddConstant", node.inputs, {"value": 3.0}),
            Node(f"{name}_relu6", "ReLU", (f"{name}_add",), {"max_value": 6.0}),
            Node(f"{name}_scale", "Scale", node.inputs, {"value": 1 / 6}),
            Node(f"{name}_mul", "Multiply", (f"{name}_relu6", f"{name}_scale")),
        ]

    return graph.replace_each("HardSwish", rewrite)


def fold_scales(graph: Graph) -> Graph:
    """Drop a multiplication by a constant, and divide it out of the next convolutions' kernels.

    What lies between (padding, pooling, squeeze-excite's product) only passes the factor on. A
    residual addition passes it on too, where the convolution or batch norm behind each of its other
    inputs can take the inverse. It takes the 1/6 of hard-swish and hard-sigmoid away: one kernel
    and one rounding less each, and XNNPACK then looks x * relu6(x + 3) up in a table. A factor that
    reaches anything else stays. Exact.
    """
    for node in graph.nodes:
        reached = _reach(graph, node.name) if node.kind == "Scale" else None
        if reached:
            graph = _drop_scale(graph, node, *reached)
    return graph


def _reach(graph: Graph, name: str) -> tuple[set[str], set[str]] | None:
    """Where a factor on ``name`` ends; None where it reaches what can't take it.

    Returns:
        The layers whose kernels take it, and those whose outputs take its inverse because they are
        added to it.
    """
    scaled, kernels, added = [name], set[str](), set[str]()
    for reached in scaled:  # grows while it is walked
        for node in graph.consumers(reached):
            others = [operand for operand in node.inputs if operand not in scaled]
            if node.kind in WITH_KERNEL:
                kernels.add(node.name)
            elif node.kind in HOMOGENEOUS and len(others) == len(node.inputs) - 1:
                scaled.append(node.name)
            elif node.kind == "Add" and all(_can_scale(graph, operand) for operand in others):
                added.update(others)
                if node.name not in scaled:
                    scaled.append(node.name)
            else:
                return None
    return None if graph.nodes[-1].name in scaled else (kernels, added)


def _can_scale(graph: Graph, name: str) -> bool:
    """Whether a node's output can be scaled by its weights, seen by one addition only."""
    node = next(node for node in graph.nodes if node.name == name)
    return (
        len(graph.consumers(name)) == 1
        and (node.kind in WITH_KERNEL or node.kind == "BatchNormalization")
        and node.is_linear
        and node.settings.get("scale", True)
    )


def scale_output(node: Node, factor: np.float32 | NDArray[np.float32]) -> Node:
    """The same layer with ``factor`` times the output, one for all channels or one for each."""
    count = len(node.weights)
    if node.kind == "BatchNormalization":
        count -= 2  # mean and variance are of the input
    scaled = []
    for weight in node.weights[:count]:
        # A depthwise kernel is (h, w, channels, multiplier), and its outputs are in that order.
        depthwise = node.kind == "DepthwiseConv2D" and weight.ndim == 4
        shape = weight.shape[2:] if depthwise else weight.shape[-1:]
        scaled.append(weight * np.broadcast_to(factor, math.prod(shape)).reshape(shape))
    return replace(node, weights=(*scaled, *node.weights[count:]))


def add_to_bias(node: Node, values: NDArray[np.floating[Any]]) -> Node:
    """The same convolution with ``values`` (channels,) more in its outputs."""
    kernel, *bias = node.weights
    whole = values + bias[0] if bias else values
    settings = {**node.settings, "use_bias": True}
    return replace(node, settings=settings, weights=(kernel, whole.astype(np.float32)))


def _drop_scale(graph: Graph, scale: Node, kernels: set[str], added: set[str]) -> Graph:
    (source,), value = scale.inputs, np.float32(scale.settings["value"])
    nodes = []
    for node in graph.nodes:
        if node.name == scale.name:
            continue
        if node.name in added:
            node = scale_output(node, 1 / value)
        weights = node.weights
        if node.name in kernels:
            weights = (weights[0] * value, *weights[1:])
        inputs = tuple(source if name == scale.name else name for name in node.inputs)
        nodes.append(replace(node, inputs=inputs, weights=weights))
    return replace(graph, nodes=tuple(nodes))


def compose_pointwise(graph: Graph) -> Graph:
    """Make one 1x1 convolution of two with a batch norm at most between them, where that is less.

    A linear bottleneck that nothing else sees: the one kernel times the other. No intermediate
    image, one rounding less, and no more multiplications. Exact in real arithmetic.
    """
    by_name = {node.name: node for node in graph.nodes}
    for wide in graph.nodes:
        narrow = _bottleneck(graph, by_name, wide)
        if not narrow:
            continue
        (first, *shift), (second, *bias) = narrow.weights, wide.weights
        taken, between, made = *first.shape[2:], second.shape[3]
        if taken * made > between * (taken + made):
            continue
        bias += [offset @ second[0, 0] for offset in shift]
        by_name[wide.name] = replace(
            wide,
            inputs=narrow.inputs,
            settings=wide.settings | {"use_bias": bool(bias)},
            weights=(first @ second, *([np.sum(bias, axis=0)] if bias else [])),
        )
    return replace(graph, nodes=tuple(by_name[node.name] for node in graph.nodes)).without_unused()


def _bottleneck(graph: Graph, by_name: dict[str, Node], wide: Node) -> Node | None:
    """The linear 1x1 convolution, its batch norm folded in, that this one alone takes."""
    if not wide.is_pointwise:
        return None
    source = by_name[wide.inputs[0]]
    norm = source if source.kind == "BatchNormalization" else None
    narrow = by_name[norm.inputs[0]] if norm else source
    alone = all(len(graph.consumers(producer.name)) == 1 for producer in (source, narrow))
    every_pixel = narrow.settings.get("strides", (1, 1)) == (1, 1)
    if not (alone and narrow.is_pointwise and narrow.is_linear and every_pixel):
        return None
    return fold(narrow, norm) if norm else narrow
