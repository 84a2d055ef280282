"""The rewrites of the deploy graph: each makes it cheaper for the phone's kernels, none changes it.

A rewrite is a function from graph to graph, equal to 1e-5 on any input. `REWRITES` holds them in
the order they are applied; ``--rewrites none`` leaves the graph to the stock converter.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from skinlite.errors import InputError
from skinlite_export.graph import Graph, Node

Rewrite = Callable[[Graph], Graph]


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


def push_relu_through_concat(graph: Graph) -> Graph:
    """Apply a ReLU to the parts of a concatenation instead of to the whole.

    A ReLU alone has no int8 kernel in XNNPACK and breaks the delegate; after a max-pool or an
    addition the converter fuses it into that kernel, where it costs nothing. Exact.
    """
    pushed = {
        node.inputs[0]: node
        for node in graph.nodes
        if node.kind == "ReLU" and graph.consumers(node.inputs[0]) == [node]
    }
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.kind == "Concatenate" and node.name in pushed:
            relu = pushed[node.name]
            parts = [
                replace(relu, name=f"{relu.name}_{index}", inputs=(part,))
                for index, part in enumerate(node.inputs)
            ]
            inputs = tuple(part.name for part in parts)
            nodes += [*parts, replace(node, name=relu.name, inputs=inputs)]
        elif nodes and nodes[-1].name == node.name:
            continue  # the ReLU itself, now done in the parts
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
