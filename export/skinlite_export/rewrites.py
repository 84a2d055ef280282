"""The rewrites of the deploy graph: each makes it cheaper for the phone's kernels, none changes it.

A rewrite is a function from graph to graph, equal to 1e-5 on any input. `REWRITES` holds them in
the order they are applied; ``--rewrites none`` leaves the graph to the stock converter.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from skinlite.errors import InputError
from skinlite_export.graph import Graph, Node

Rewrite = Callable[[Graph], Graph]

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


def push_relu_through_concat(graph: Graph) -> Graph:
    """Apply a ReLU to the parts of a concatenation instead of to the whole.

    A ReLU alone has no int8 kernel in XNNPACK and breaks the delegate; after a max-pool or an
    addition the converter fuses it into that kernel, where it costs nothing. Exact.
    """
    concatenations = {
        node.name: node
        for node in graph.nodes
        if node.kind == "Concatenate"
        and [one.kind for one in graph.consumers(node.name)] == ["ReLU"]
    }
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.name in concatenations:
            continue  # it comes back in the place, and under the name, of its ReLU
        if node.kind == "ReLU" and node.inputs[0] in concatenations:
            whole = concatenations[node.inputs[0]]
            parts = [
                replace(node, name=f"{node.name}_{index}", inputs=(part,))
                for index, part in enumerate(whole.inputs)
            ]
            inputs = tuple(part.name for part in parts)
            nodes += [*parts, replace(whole, name=node.name, inputs=inputs)]
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def float_softmax(graph: Graph) -> Graph:
    """Leave softmax in float when the rest is int8: two islands of a few hundred numbers.

    An int8 softmax has steps of 1/256, too coarse for an attention map over 49 positions and for
    the probabilities; and XNNPACK has a kernel for the float one only, so that the island costs no
    break of the delegate either. More exact than int8, and nothing else changes.
    """
    return replace(graph, float_operators=graph.float_operators | {"SOFTMAX"})


REWRITES: dict[str, Rewrite] = {
    "unfuse-hard-swish": unfuse_hard_swish,
    "fold-scales": fold_scales,
    "push-relu-through-concat": push_relu_through_concat,
    "float-softmax": float_softmax,
}


def parse_rewrites(text: str) -> tuple[str, ...]:
    """The names in ``all``, ``none`` or ``NAME,...``, in the order they are applied.

    Raises:
        InputError: an unknown name; the message lists them.
    """
    if text in ("all", "none"):
        return tuple(REWRITES) if text == "all" else ()
    asked = [name.strip() for name in text.split(",")]
    for name in asked:
        if name not in REWRITES:
            raise InputError(
                f"There is no rewrite {name!r}. Choose all, none, or of: {', '.join(REWRITES)}."
            )
    return tuple(name for name in REWRITES if name in asked)


def apply_rewrites(graph: Graph, names: Sequence[str]) -> Graph:
    """Apply rewrites by name."""
    for name in names:
        graph = REWRITES[name](graph)
    return graph
