"""Cross-layer equalization: channels that use little of their tensor's int8 steps are scaled up.

An activation has one scale for all its channels, and the widest channel sets it. Between the layer
that makes a channel and those that take it, as long as only what commutes with a positive factor
lies there (ReLU, additions, pools, padding, concatenation), the channel may be multiplied in the
one and divided in the others: the same network, in real arithmetic. Nagel et al., "Data-free
quantization through weight equalization and bias correction" (ICCV 2019), section 4.1; here with
factors from measured activations instead of weights.

The factor is the largest with which no tensor gets a wider range than it had: no step grows.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from skinlite_export.convert.samples import Sample, any_batch, batches, tensors
from skinlite_export.graph.build_keras import Twin
from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.rewrites.arithmetic import scale_output

MOST = 4.0
"""Largest factor. The kernels that take its inverse are rounded too: with 16 MobileNetV3Large lost,
and NASNetMobile gained no more."""

USUAL = 95
"""Percentile over images of a channel's peak; what a few images reach does not count."""

PASSING = {
    "AverageDepthwise",
    "AveragePooling2D",
    "Cropping2D",
    "GlobalAveragePooling2D",
    "MaxPooling2D",
    "PadRows",
    "ZeroPadding2D",
}
"""Kinds that give a channel times a factor for a channel times that factor, as ReLU does."""

MAKING = {"BatchNormalization", "Conv2D", "Dense", "DepthwiseConv2D"}
"""Kinds whose weights can take a factor for each channel they make. (Those of a Dense have the same
one: its kernel has one scale.)"""

TAKING = {"Conv2D": 2, "Dense": 0, "DepthwiseConv2D": 2}
"""Kinds whose kernels can take its inverse, and the axis of the channels that they are given."""

Groups = dict[str, NDArray[np.intp]]
"""For each node the group of each of its channels; those of a group have the same factor."""

FIXED = 0
"""Group of the channels whose factor is 1."""


def equalize(twin: Twin, samples: Iterable[Sample]) -> Graph:
    """Scale each channel up as far as no tensor's range grows.

    Args:
        twin: of a rewritten graph.
        samples: calibration inputs, batch 1.

    Returns:
        An equal graph, with separable convolutions taken apart.
    """
    twin = twin.apart()
    graph = twin.graph
    groups = group_channels(graph, twin.model)
    tensors = [node.name for node in graph.nodes if _is_tensor(graph, node)]
    peaks = channel_peaks(twin.model, tensors, samples)
    # The largest share of its tensor's range that a channel of the group has anywhere.
    shares = np.zeros(1 + max(channels.max() for channels in groups.values()))
    for name, channels in peaks.items():
        np.maximum.at(shares, groups[name], channels / max(channels.max(), 1e-12))
    factors = np.where(shares > 0, 1 / np.clip(shares, 1 / MOST, 1), 1).astype(np.float32)
    factors[FIXED] = 1
    each = {name: factors[channels] for name, channels in groups.items()}
    return replace(graph, nodes=tuple(_scaled(node, each) for node in graph.nodes))


def group_channels(graph: Graph, twin: tf_keras.Model) -> Groups:
    """Find the channels that have to have the same factor."""
    count, ids, ties = 1, Groups(), []

    def tie(channels: NDArray[np.intp], others: NDArray[np.intp] | int) -> None:
        ties.append(np.stack(np.broadcast_arrays(channels, others)))

    for node in graph.nodes:
        width = twin.get_layer(node.name).output.shape[-1]
        first, *others = [ids[name] for name in node.inputs] or [np.zeros(0, np.intp)]
        if node.is_relu or node.kind in PASSING:
            ids[node.name] = first
        elif node.joins_channels:
            ids[node.name] = np.concatenate([first, *others])
        elif node.kind == "Concatenate":  # of rows or columns
            ids[node.name] = first
            for other in others:
                tie(other, first)
        elif node.kind in ("Add", "Multiply") and len(first) == width:
            ids[node.name] = first
            if node.kind == "Add" and any(len(other) != width for other in others):
                tie(first, FIXED)  # one number is added to all channels of a pixel
            for other in others:
                # Of a product's factors, the first alone is scaled.
                tie(other, first if node.kind == "Add" and len(other) == width else FIXED)
        else:
            ids[node.name] = np.arange(count, count + width)
            count += width
            if not _takes(node):
                for tensor in (first, *others):
                    tie(tensor, FIXED)
            if not _makes(node):
                tie(ids[node.name], FIXED)
            elif node.kind == "Dense":
                tie(ids[node.name], ids[node.name][:1])
    tie(ids[graph.nodes[-1].name], FIXED)
    rows, columns = np.concatenate(ties, axis=1)
    edges = coo_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    group = connected_components(edges, directed=False)[1]
    return {name: group[positions] for name, positions in ids.items()}


def _takes(node: Node) -> bool:
    return node.kind in TAKING and node.settings.get("groups", 1) == 1


def _makes(node: Node) -> bool:
    positive = node.settings.get("activation") in (None, "linear", "relu")
    return node.kind in MAKING and positive and node.settings.get("scale", True)


def _is_tensor(graph: Graph, node: Node) -> bool:
    """Whether this node's output has a range of its own in the file: it isn't fused into what
    takes it, nor a part of a concatenation, which has the scale of the whole. (What a max-pool
    before a concatenation takes has that scale, too, and is counted all the same.)"""
    takers = graph.consumers(node.name)
    if node.kind == "Input" or len(takers) != 1:
        return node.kind != "Input"
    fused = takers[0].kind in ("BatchNormalization", "ReLU")
    fuses = node.kind not in ("Concatenate", "MaxPooling2D")
    return takers[0].kind != "Concatenate" and not (fused and fuses)


def channel_peaks(
    twin: tf_keras.Model, names: list[str], samples: Iterable[Sample]
) -> dict[str, NDArray[np.float32]]:
    """The usual peak of each channel of some layers' outputs."""
    watched = tf_keras.Model(twin.input, [twin.get_layer(name).output for name in names])

    @tf.function(autograph=False, input_signature=any_batch(twin))
    def peaks(inputs: dict[str, tf.Tensor]) -> list[tf.Tensor]:
        outputs = watched(inputs, training=False)
        return [
            tf.reduce_max(tf.abs(values), axis=range(1, len(values.shape) - 1))
            for values in tf.nest.flatten(outputs)
        ]

    rows = [[peak.numpy() for peak in peaks(tensors(batch))] for batch in batches(samples)]
    return {
        name: np.percentile(np.concatenate(peak_rows), USUAL, axis=0)
        for name, peak_rows in zip(names, zip(*rows, strict=True), strict=True)
    }


def _scaled(node: Node, factors: dict[str, NDArray[np.float32]]) -> Node:
    """The same layer for inputs and outputs that are multiplied by their factors."""
    if _takes(node):
        kernel, *rest = node.weights
        axes = [axis for axis in range(kernel.ndim) if axis != TAKING[node.kind]]
        factor = np.expand_dims(factors[node.inputs[0]], axes)
        node = replace(node, weights=(kernel / factor, *rest))
    return scale_output(node, factors[node.name]) if _makes(node) else node
