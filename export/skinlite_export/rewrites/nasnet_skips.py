"""Rewrites of NASNet's skips, which halve an image: one half of the channels from its even pixels,
the other from its odd ones, which Keras reaches by padding and cropping."""

from dataclasses import replace

import numpy as np

from skinlite_export.graph.deploy_graph import Graph, Node

FEW_CHANNELS = 64
"""Up to so many, four times the multiplications cost less than padding, cropping, concatenating."""


def one_kernel_for_skips(graph: Graph) -> Graph:
    """Make one 2x2 convolution of stride 2 of both halves of a skip.

    Of each window its first kernel takes the upper left pixel, its second the lower right one; the
    other weights are 0. XNNPACK pads pixel by pixel, which costs more than both convolutions, and
    the batch norm behind them has a convolution to go into again. Exact.
    """
    by_name = {node.name: node for node in graph.nodes}

    def rewrite(node: Node) -> list[Node]:
        halves = [by_name[name] for name in node.inputs]
        if len(halves) != 2 or not (node.joins_channels and all(map(_is_half, halves))):
            return [node]
        even, odd = halves
        (kernel, other), source = (half.weights[0][0, 0] for half in halves), even.inputs[0]
        channels, split = kernel.shape
        if (
            channels > FEW_CHANNELS
            or _unshifted(by_name[odd.inputs[0]], by_name) != source
            or any(len(graph.consumers(half.name)) > 1 for half in halves)
        ):
            return [node]
        both = np.zeros((2, 2, channels, split + other.shape[1]), np.float32)
        both[0, 0, :, :split], both[1, 1, :, split:] = kernel, other
        size = {"filters": both.shape[3], "kernel_size": (2, 2), "padding": "same"}
        return [Node(node.name, "Conv2D", (source,), even.settings | size, (both,))]

    return graph.replace_each("Concatenate", rewrite).without_unused()


def _is_half(node: Node) -> bool:
    """Whether it is a 1x1 convolution without a bias that takes every other pixel."""
    return (
        node.is_pointwise
        and node.is_linear
        and set(node.settings.get("strides", ())) == {2}
        and len(node.weights) == 1
    )


def _unshifted(crop: Node, by_name: dict[str, Node]) -> str | None:
    """What is shifted up and left by one pixel: padded on two sides, cropped on the others."""
    if crop.kind != "Cropping2D" or crop.settings["cropping"] != ((1, 0), (1, 0)):
        return None
    pad = by_name[crop.inputs[0]]
    if pad.kind != "ZeroPadding2D" or pad.settings["padding"] != ((0, 1), (0, 1)):
        return None
    return pad.inputs[0]


def push_norm_through_concat(graph: Graph) -> Graph:
    """Normalize the parts of a concatenation instead of the whole, where all are convolutions.

    The converter folds each into its convolution; behind a concatenation a batch norm is a
    multiplication and an addition of its own, with two roundings. Exact.
    """
    by_name = {node.name: node for node in graph.nodes}
    norms: dict[str, Node] = {}
    for norm in graph.nodes:
        if norm.kind == "BatchNormalization":
            whole = by_name[norm.inputs[0]]
            parts = [by_name[name] for name in whole.inputs]
            alone = all(len(graph.consumers(producer.name)) == 1 for producer in (whole, *parts))
            if whole.joins_channels and alone and {part.kind for part in parts} == {"Conv2D"}:
                norms[whole.name] = norm
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.name in norms:
            norm = norms[node.name]
            widths = [by_name[name].weights[0].shape[-1] for name in node.inputs]
            slices = zip(
                *(np.split(weight, np.cumsum(widths)[:-1]) for weight in norm.weights), strict=True
            )
            names = graph.free_names(f"{norm.name}_norm", len(node.inputs))
            parts = [
                replace(norm, name=named, inputs=(name,), weights=weights)
                for named, name, weights in zip(names, node.inputs, slices, strict=True)
            ]
            inputs = tuple(part.name for part in parts)
            nodes += [*parts, replace(node, name=norm.name, inputs=inputs)]
        elif not (node.kind == "BatchNormalization" and node.inputs[0] in norms):
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def pad_rows(graph: Graph) -> Graph:
    """Pad what is pooled by whole rows, columns and channels as one.

    XNNPACK fuses a padding into the convolution behind it, but not into a pool, and copies pixel by
    pixel when it pads columns. Exact.
    """

    def rewrite(node: Node) -> list[Node]:
        pooled = any(taker.kind == "MaxPooling2D" for taker in graph.consumers(node.name))
        return [replace(node, kind="PadRows") if pooled else node]

    return graph.replace_each("ZeroPadding2D", rewrite)
