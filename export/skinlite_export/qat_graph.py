"""The deploy graph as quantization-aware training wants it: one node for what is rounded once."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from skinlite_export.graph import Graph, Node


def ready_for_training(graph: Graph) -> Graph:
    """The same network, written so that every operator of its int8 file has a node.

    Separable convolutions are taken apart and the last softmax from its layer. Batch norm is folded
    into the convolution before it, as the converter would: fine-tuning is too short to move its
    statistics, and rounding has to see the kernel that the file will have. Exact.
    """
    graph = split_separable(graph)
    in_float = graph.float_nodes
    return fold_batch_norm(
        graph.replace_each(
            "Dense", lambda node: [node] if node.name in in_float else _split_softmax(node)
        )
    )


def split_separable(graph: Graph) -> Graph:
    """Write each separable convolution as the depthwise and the 1x1 one that it is. Exact."""
    return graph.replace_each("SeparableConv2D", _split_separable)


def _split_separable(node: Node) -> list[Node]:
    depthwise, *pointwise = node.weights
    settings = {key: node.settings[key] for key in ("kernel_size", "strides", "padding")}
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


def _split_softmax(node: Node) -> list[Node]:
    if node.settings["activation"] != "softmax":
        return [node]
    logits = replace(
        node, name=f"{node.name}_logits", settings={**node.settings, "activation": "linear"}
    )
    return [logits, Node(node.name, "Softmax", (logits.name,))]


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
            if own and conv.settings.get("activation", "linear") == "linear":
                folded[norm.name] = _fold(conv, norm)
                gone.add(conv.name)
    nodes = [folded.get(node.name, node) for node in graph.nodes if node.name not in gone]
    return replace(graph, nodes=tuple(nodes))


def _fold(conv: Node, norm: Node) -> Node:
    """A convolution, under the norm's name, with kernel and bias of both."""
    rest = list(norm.weights)
    gamma = rest.pop(0) if norm.settings["scale"] else np.float32(1)
    beta = rest.pop(0) if norm.settings["center"] else np.float32(0)
    mean, variance = rest
    factor: NDArray[np.float32] = gamma / np.sqrt(variance + np.float32(norm.settings["epsilon"]))
    kernel, *bias = conv.weights
    # A depthwise kernel is (h, w, channels, multiplier), and its outputs are in that order.
    shape = kernel.shape[2:] if conv.kind == "DepthwiseConv2D" else kernel.shape[3:]
    return replace(
        conv,
        name=norm.name,
        settings={**conv.settings, "use_bias": True},
        weights=(kernel * factor.reshape(shape), beta + (sum(bias) - mean) * factor),
    )
