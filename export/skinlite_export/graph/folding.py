"""Layers written as others that compute the same: batch norm folded, separable ones taken apart."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from skinlite_export.graph.deploy_graph import Graph, Node


def split_separable(graph: Graph) -> Graph:
    """Write each separable convolution as the depthwise and the 1x1 one that it is. Exact."""
    return graph.replace_each("SeparableConv2D", _split_separable)


def _split_separable(node: Node) -> list[Node]:
    depthwise, *pointwise = node.weights
    keys = ("kernel_size", "strides", "padding", "depth_multiplier")
    settings = {key: node.settings[key] for key in keys if key in node.settings}
    first = Node(
        f"{node.name}_depthwise",
        "DepthwiseConv2D",
        node.inputs,
        {**settings, "use_bias": False},
        (depthwise,),
    )
    settings = {key: node.settings[key] for key in ("filters", "use_bias")}
    second = Node(
        node.name, "Conv2D", (first.name,), {**settings, "kernel_size": 1}, tuple(pointwise)
    )
    return [first, second]


def fold_batch_norm(graph: Graph) -> Graph:
    """Fold every batch norm that follows a convolution of its own into that convolution. Exact."""
    by_name = {node.name: node for node in graph.nodes}
    folded, gone = {}, set()
    for norm in graph.nodes:
        if norm.kind == "BatchNormalization":
            conv = by_name[norm.inputs[0]]
            own = (
                conv.kind in ("Conv2D", "DepthwiseConv2D") and len(graph.consumers(conv.name)) == 1
            )
            if own and conv.is_linear:
                folded[norm.name] = fold(conv, norm)
                gone.add(conv.name)
    nodes = [folded.get(node.name, node) for node in graph.nodes if node.name not in gone]
    return replace(graph, nodes=tuple(nodes))


def fold(conv: Node, norm: Node) -> Node:
    """A convolution and the batch norm behind it as one convolution, under the norm's name."""
    rest = list(norm.weights)
    gamma = rest.pop(0) if norm.settings.get("scale", True) else np.float32(1)
    beta = rest.pop(0) if norm.settings.get("center", True) else np.float32(0)
    mean, variance = rest
    factor: NDArray[np.float32] = gamma / np.sqrt(
        variance + np.float32(norm.settings.get("epsilon", 1e-3))
    )
    kernel, *bias = conv.weights
    # A depthwise kernel is (h, w, channels, multiplier), and its outputs are in that order.
    shape = kernel.shape[2:] if conv.kind == "DepthwiseConv2D" else kernel.shape[3:]
    return replace(
        conv,
        name=norm.name,
        settings={**conv.settings, "use_bias": True},
        weights=(kernel * factor.reshape(shape), beta + (sum(bias) - mean) * factor),
    )
