"""The deploy graph: a trained classifier as a plain list of nodes that rewrites can edit.

A node's ``kind`` is the Keras layer class of that name, or one of these:

* ``Input``: shape without the batch.
* ``HardSwish``: x * relu6(x + 3) / 6, as one operation.
* ``AddConstant``, ``Scale``: x + value, x * value.
* ``Affine``: x * scale + offset, vectors along the last axis.
* ``PadRows``: ZeroPadding2D by whole rows, columns and channels as one axis.
* ``SpatialSoftmax``: softmax over the axis 1 of (positions, maps).
* ``Standardize``: (x - mean) / sqrt(variance + epsilon) over the axes ``axis``.
* ``Sum``: over the last axis, kept as 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Margins = tuple[int, int]
"""Rows above and below, or pixels left and right."""


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

    @property
    def is_linear(self) -> bool:
        """Whether no activation bends its output."""
        return self.settings.get("activation") in (None, "linear")

    @property
    def is_relu(self) -> bool:
        """Whether it is a ReLU without an upper end."""
        return self.kind == "ReLU" and not self.settings.get("max_value")

    @property
    def joins_channels(self) -> bool:
        """Whether it is a concatenation of channels, not of rows or columns."""
        return self.kind == "Concatenate" and self.settings.get("axis", -1) == -1

    @property
    def is_pointwise(self) -> bool:
        """Whether it is a 1x1 convolution of all channels of a pixel, with any stride."""
        one_group = self.settings.get("groups", 1) == 1
        return self.kind == "Conv2D" and self.weights[0].shape[:2] == (1, 1) and one_group


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
        """Replace every node of a kind by nodes, of which the last takes over its name.

        The others are named after it; where a node has such a name already, they are named after
        a longer one.
        """
        taken = {node.name for node in self.nodes}
        nodes: list[Node] = []
        for node in self.nodes:
            if node.kind != kind:
                nodes.append(node)
                continue
            *before, last = rewrite(node)
            named = node
            while taken.intersection(one.name for one in before):
                named = replace(named, name=f"{named.name}_")
                *before, last = rewrite(named)
            nodes += [*before, replace(last, name=node.name)]
        return replace(self, nodes=tuple(nodes))

    def free_names(self, start: str, count: int) -> list[str]:
        """So many names for parts of a node, numbered from 0, that no node has."""
        taken = {node.name for node in self.nodes}
        while taken.intersection(names := [f"{start}{part}" for part in range(count)]):
            start += "_"
        return names

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

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of what each node gives, of those that give an image, where known."""
        sizes: dict[str, tuple[int, int]] = {}
        for node in self.nodes:
            shape = node.settings.get("shape" if node.kind == "Input" else "target_shape", ())
            if len(shape) == 3 and min(size or 0 for size in shape) > 0:
                sizes[node.name] = shape[:2]
            elif node.settings.get("keepdims"):  # of a mean over the image
                sizes[node.name] = (1, 1)
            elif node.inputs and sizes.keys() >= {*node.inputs} and node.kind not in FLATTENING:
                rows, columns = zip(*(sizes[name] for name in node.inputs), strict=True)
                sizes[node.name] = _made(node, 0, rows), _made(node, 1, columns)
        return sizes


FLATTENING = {"Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Permute", "Reshape"}
"""Kinds that make something else of an image."""


def _made(node: Node, axis: int, each: tuple[int, ...]) -> int:
    """How many rows (axis 0) or columns (1) a node makes of so many of each of its inputs."""
    joined = node.kind == "Concatenate" and node.settings.get("axis") == axis + 1
    taken = sum(each) if joined else max(each)  # the others repeat one of size 1

    def along(name: str, default: Any) -> Any:
        value = node.settings.get(name, default)
        return value if isinstance(value, int) else value[axis]

    if node.kind in ("ZeroPadding2D", "PadRows"):
        return taken + sum(node.settings["padding"][axis])
    if node.kind == "Cropping2D":
        return taken - sum(node.settings["cropping"][axis])
    if node.kind == "UpSampling2D":
        return taken * int(along("size", 2))
    if node.kind == "Resizing":
        return int(node.settings[("height", "width")[axis]])
    window = along("kernel_size", along("pool_size", 1))
    stride = along("strides", along("pool_size", 1))
    seen = taken if node.settings.get("padding") == "same" else taken - window + 1
    return -(-seen // stride)
