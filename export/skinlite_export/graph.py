"""The deploy graph: a trained classifier as a plain list of nodes that rewrites can edit.

A node's ``kind`` is the Keras layer class of that name, or one of these:

* ``Input``: shape without the batch.
* ``HardSwish``: x * relu6(x + 3) / 6, as one operation.
* ``AddConstant``, ``Scale``: x + value, x * value.
* ``PadRows``: ZeroPadding2D by whole rows, columns and channels as one axis.
* ``SpatialSoftmax``: softmax over the axis 1 of (positions, maps).
* ``Sum``: over the last axis, kept as 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Node:
    """One operation.

    Attributes:
        name: unique in its graph.
        kind: see the module's docstring.
        inputs: names of the nodes it takes.
        settings: constructor arguments.
        weights: in the layer's own order.
    """

    name: str
    kind: str
    inputs: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    weights: tuple[NDArray[np.float32], ...] = ()


@dataclass(frozen=True)
class Graph:
    """A network.

    Attributes:
        nodes: in topological order; the last one is the output.
        float_operators: TFLite operators that an int8 conversion leaves in float on purpose.
        float_nodes: nodes that it leaves in float on purpose, by name.
    """

    nodes: tuple[Node, ...]
    float_operators: frozenset[str] = frozenset()
    float_nodes: frozenset[str] = frozenset()

    def replace_each(self, kind: str, rewrite: Callable[[Node], list[Node]]) -> "Graph":
        """Replace every node of a kind by nodes, of which the last takes over its name."""
        nodes: list[Node] = []
        for node in self.nodes:
            if node.kind == kind:
                *before, last = rewrite(node)
                nodes += [*before, replace(last, name=node.name)]
            else:
                nodes.append(node)
        return replace(self, nodes=tuple(nodes))

    def without_unused(self) -> "Graph":
        """Without the nodes that nothing takes, but for inputs and the output."""
        used, nodes = {self.nodes[-1].name}, list[Node]()
        for node in reversed(self.nodes):
            if node.name in used or node.kind == "Input":
                used.update(node.inputs)
                nodes.append(node)
        return replace(self, nodes=tuple(reversed(nodes)))

    def consumers(self, name: str) -> list[Node]:
        """The nodes that take a node's output."""
        return [node for node in self.nodes if name in node.inputs]
