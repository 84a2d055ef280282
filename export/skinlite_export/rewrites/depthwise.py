"""Rewrites of large depthwise convolutions: XNNPACK's kernels end at 25 taps, 5x5.

Anything larger runs as a general convolution with one channel per group, many times slower: the
sixteen 7x7 of NASNetMobile take more than half of its time.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from skinlite_export.graph.deploy_graph import Graph, Margins, Node

MOST_TAPS = 25
"""Of XNNPACK's largest depthwise kernel."""


def split_large_depthwise(graph: Graph) -> Graph:
    """Cut a 7x7 separable convolution into rows that XNNPACK has kernels for: 3x7 + 3x7 + 1x7.

    Each part sees the rows of the image that its rows of the kernel would have seen, and pads
    them for itself: XNNPACK fuses a padding into the convolution that alone takes it, and copies
    the image where there are two. Exact in real arithmetic.
    """
    by_name, sizes = {node.name: node for node in graph.nodes}, graph.sizes()
    cut = Counter[tuple[str, tuple[str, ...]]]()

    def rewrite(node: Node) -> list[Node]:
        source, (above, below), (left, right) = _seen(node, by_name)
        if not _is_large(node) or source not in sizes:
            return [node]
        depthwise, pointwise, *bias = node.weights
        (height, width), (rows, columns) = sizes[source], depthwise.shape[:2]
        stride = node.settings["strides"][0]
        # The converter would share what two convolutions of an image pad alike: the second one
        # gets a column more, where no window sees it.
        image = (by_name[source].kind, by_name[source].inputs)
        right += min(cut[image], _spare(left + width + right, columns, stride))
        cut[image] += 1
        nodes, parts = list[Node](), list[str]()
        for first in range(0, rows, MOST_TAPS // columns):
            kernel = depthwise[first : first + MOST_TAPS // columns]
            top, bottom = above - first, below - (rows - first - len(kernel))
            if bottom < 0:
                bottom = min(0, bottom + _spare(above + height + below, rows, stride))
            if height + min(0, top) + min(0, bottom) > 0:  # else it sees nothing but zeros
                name = f"{node.name}_rows{first}"
                nodes += _part(name, source, ((top, bottom), (left, right)), kernel, stride)
                parts.append(name)
        if len(parts) > 1:
            nodes.append(Node(f"{node.name}_sum", "Add", tuple(parts)))
        settings = {key: node.settings[key] for key in ("filters", "use_bias")}
        settings["kernel_size"] = (1, 1)
        return [*nodes, Node(node.name, "Conv2D", (nodes[-1].name,), settings, (pointwise, *bias))]

    return graph.replace_each("SeparableConv2D", rewrite).without_unused()


def _is_large(node: Node) -> bool:
    """Whether XNNPACK has no kernel for it, and its padding is the same all round, or none."""
    (rows, columns), strides = node.settings["kernel_size"], node.settings["strides"]
    even = set(strides) == {1} and rows % 2 == columns % 2 == 1
    return rows * columns > MOST_TAPS and (node.settings["padding"] == "valid" or even)


def _part(
    name: str,
    source: str,
    margins: tuple[Margins, Margins],
    kernel: NDArray[np.float32],
    stride: int,
) -> list[Node]:
    """A depthwise convolution of an image with margins of zeros; negative ones are cut off."""
    rows, columns = margins
    nodes, taken = [], source
    if min(rows) < 0:
        cropping = {"cropping": (tuple(max(0, -margin) for margin in rows), (0, 0))}
        nodes.append(Node(f"{name}_seen", "Cropping2D", (taken,), cropping))
        taken = nodes[-1].name
    if max(*rows, *columns) > 0:
        padding = {"padding": (tuple(max(0, margin) for margin in rows), columns)}
        nodes.append(Node(f"{name}_pad", "ZeroPadding2D", (taken,), padding))
        taken = nodes[-1].name
    settings = {
        "kernel_size": kernel.shape[:2],
        "strides": (stride, stride),
        "padding": "valid",
        "use_bias": False,
        "depth_multiplier": kernel.shape[3],
    }
    return [*nodes, Node(name, "DepthwiseConv2D", (taken,), settings, (kernel,))]


def _seen(node: Node, by_name: dict[str, Node]) -> tuple[str, Margins, Margins]:
    """What a convolution sees: an image, and the rows and columns of zeros around it."""
    source, (rows, columns) = node.inputs[0], node.settings["kernel_size"]
    if node.settings["padding"] == "same":
        return source, (rows // 2, rows // 2), (columns // 2, columns // 2)
    if by_name[source].kind == "ZeroPadding2D":
        above_below, left_right = by_name[source].settings["padding"]
        return by_name[source].inputs[0], above_below, left_right
    return source, (0, 0), (0, 0)


def _spare(length: int, window: int, stride: int) -> int:
    """How many rows or columns may follow so many without one window more."""
    return stride - 1 - (length - window) % stride
