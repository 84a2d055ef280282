"""Rewrites of large depthwise convolutions: XNNPACK's kernels end at 25 taps, 5x5.

Anything larger runs as a general convolution with one channel per group, many times slower: the
sixteen 7x7 of NASNetMobile take more than half of its time.
"""

from dataclasses import replace

import numpy as np

from skinlite_export.graph import Graph, Node

MOST_TAPS = 25
"""Of XNNPACK's largest depthwise kernel."""

FEW_CHANNELS = 32
"""Up to so many, a dense convolution is faster in int8 than three depthwise ones and their sum."""


def dense_instead_of_separable(graph: Graph) -> Graph:
    """Multiply out a large separable convolution of few channels: depthwise times pointwise.

    The dense kernel has a good int8 matrix kernel, and one rounding instead of two. Exact in real
    arithmetic.
    """

    def rewrite(node: Node) -> list[Node]:
        depthwise, pointwise, *bias = node.weights
        if not _is_large(node) or depthwise.shape[2] > FEW_CHANNELS:
            return [node]
        kernel = np.einsum("hwc,cf->hwcf", depthwise[..., 0], pointwise[0, 0])
        return [replace(node, kind="Conv2D", weights=(kernel, *bias))]

    return graph.replace_each("SeparableConv2D", rewrite)


def split_large_depthwise(graph: Graph) -> Graph:
    """Cut a 7x7 separable convolution into rows that XNNPACK has kernels for: 3x7 + 3x7 + 1x7.

    Each part sees the rows of the picture that its rows of the kernel would have seen. The parts
    are not added, which would round them twice more, but concatenated: the pointwise convolution,
    its kernel repeated, sums them in 32 bits. Exact in real arithmetic.
    """

    def rewrite(node: Node) -> list[Node]:
        if not _is_large(node):
            return [node]
        depthwise, pointwise, *bias = node.weights
        (rows, columns), nodes, source = depthwise.shape[:2], [], node.inputs[0]
        if node.settings["padding"] == "same":
            margins = {"padding": ((rows // 2, rows // 2), (columns // 2, columns // 2))}
            nodes.append(Node(f"{node.name}_pad", "ZeroPadding2D", (source,), margins))
            source = nodes[-1].name
        parts = []
        for first in range(0, rows, MOST_TAPS // columns):
            kernel = depthwise[first : first + MOST_TAPS // columns]
            name, after = f"{node.name}_rows{first}", rows - first - len(kernel)
            cut = {"cropping": ((first, after), (0, 0))}
            settings = {
                "kernel_size": kernel.shape[:2],
                "strides": node.settings["strides"],
                "padding": "valid",
                "use_bias": False,
            }
            nodes.append(Node(f"{name}_seen", "Cropping2D", (source,), cut))
            nodes.append(Node(name, "DepthwiseConv2D", (f"{name}_seen",), settings, (kernel,)))
            parts.append(name)
        nodes.append(Node(f"{node.name}_parts", "Concatenate", tuple(parts), {"axis": -1}))
        settings = {key: node.settings[key] for key in ("filters", "use_bias")}
        settings["kernel_size"] = (1, 1)
        weights = (np.concatenate([pointwise] * len(parts), axis=2), *bias)
        return [*nodes, Node(node.name, "Conv2D", (nodes[-1].name,), settings, weights)]

    return graph.replace_each("SeparableConv2D", rewrite)


def _is_large(node: Node) -> bool:
    """Whether XNNPACK has no kernel for it, and its padding is the same all round, or none."""
    (rows, columns), strides = node.settings["kernel_size"], node.settings["strides"]
    even = set(strides) == {1} and rows % 2 == columns % 2 == 1
    return rows * columns > MOST_TAPS and (node.settings["padding"] == "valid" or even)
