"""Rewrites of the arithmetic: hard-swish and hard-sigmoid in the operations that int8 has."""

from dataclasses import replace

import numpy as np

from skinlite_export.graph import Graph, Node

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

    What lies between (padding, pooling, squeeze-excite's product) only passes the factor on. It
    takes the 1/6 of hard-swish and hard-sigmoid away: one kernel and one rounding less each. A
    factor that reaches anything else, such as a residual addition, stays. Exact.
    """
    for node in graph.nodes:
        kernels = _kernels_after(graph, node.name) if node.kind == "Scale" else None
        if kernels:
            graph = _drop_scale(graph, node, kernels)
    return graph


def _kernels_after(graph: Graph, name: str) -> set[str] | None:
    """The layers with a kernel that a factor on ``name`` reaches; None where it reaches others."""
    scaled, kernels = [name], set()
    for reached in scaled:  # grows while it is walked
        for node in graph.consumers(reached):
            if node.kind in WITH_KERNEL:
                kernels.add(node.name)
            elif node.kind in HOMOGENEOUS and sum(one in scaled for one in node.inputs) == 1:
                scaled.append(node.name)
            else:
                return None
    return None if graph.nodes[-1].name in scaled else kernels


def _drop_scale(graph: Graph, scale: Node, kernels: set[str]) -> Graph:
    (source,), value = scale.inputs, np.float32(scale.settings["value"])
    nodes = []
    for node in graph.nodes:
        if node.name == scale.name:
            continue
        weights = node.weights
        if node.name in kernels:
            weights = (weights[0] * value, *weights[1:])
        inputs = tuple(source if name == scale.name else name for name in node.inputs)
        nodes.append(replace(node, inputs=inputs, weights=weights))
    return replace(graph, nodes=tuple(nodes))
