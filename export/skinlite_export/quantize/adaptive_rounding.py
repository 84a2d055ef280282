"""Adaptive rounding: int8 kernels whose errors cancel on the calibration images.

A weight that is rounded to the nearest int8 step is off by the same on every image and at every
place, and where the inputs of a layer go together, as a pixel and its neighbours do, the errors of
its weights add up: no later average takes them away. What they add up to on average goes into the
bias (bias correction; Nagel et al., "Data-free quantization through weight equalization and bias
correction", ICCV 2019, section 4.2), and each weight is rounded up or down such that the layer's
output varies least about it: min (w - q)^T Cov(x) (w - q), for each output channel, over the int8
kernels q. The problem is that of Nagel et al., "Up or down? Adaptive rounding for post-training
quantization" (ICML 2020), section 3.1, with the bias as one more unknown; solved by coordinate
descent, as Behdin et al., "QuantEase" (arXiv:2309.01885) do, one weight at a time given the others.

Approximate, as all rounding is; costs nothing at run time.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from skinlite_export.convert.samples import Sample, any_batch, batches, tensors
from skinlite_export.graph.build_keras import Twin
from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.quantize.pixel_offset import round_offset
from skinlite_export.rewrites.arithmetic import add_to_bias

KINDS = {"Conv2D", "DepthwiseConv2D"}
STEPS = 127
"""Of an int8 weight to either side; the largest of a channel sets the size of its step."""
SWEEPS = 4
"""Over a layer's weights. One could not be told from four, which take seconds."""
LARGEST = 2400
"""Inputs of an output beyond which a kernel keeps the nearest steps: few images say little of so
many (the 3x3 over all channels of Soft-Attention), and their moments would fill the memory. Those
of InceptionResNetV2's other kernels take 1 GB."""
BLOCK = 64
"""Weights whose changes are passed on to all others in one multiplication."""

Moments = NDArray[np.float64]
"""(groups, k, k): sums of x x^T over the k inputs that one output of a convolution sees."""


@dataclass(frozen=True)
class Seen:
    """What the k inputs of one output of a convolution are, over all samples and places.

    Attributes:
        mean: (groups, k).
        moments: (groups, k, k), about that mean.
    """

    mean: NDArray[np.float64]
    moments: Moments


def round_kernels(
    graph: Graph,
    samples: Callable[[], Iterator[Sample]],
    keep_float: Collection[str] = (),
    steps: int = STEPS,
) -> Graph:
    """Put the weights of the convolutions on int8 steps, so that quantization changes them no more.

    Args:
        graph: rewritten.
        samples: gives the calibration inputs, batch 1.
        keep_float: layers that are not to be int8.
        steps: of a weight to either side.

    Returns:
        The graph with other weights, and with separable convolutions taken apart.
    """
    (rounded,) = round_for_each(Twin(graph), samples, keep_float, (steps,))
    return rounded


def round_for_each(
    twin: Twin,
    samples: Callable[[], Iterator[Sample]],
    keep_float: Collection[str],
    steps: Sequence[int],
) -> list[Graph]:
    """`round_kernels` for several numbers of steps, with what the layers see measured once."""
    twin = twin.apart()
    twin = twin.become(round_offset(twin.graph))
    graph = twin.graph
    left_out = graph.float_nodes | set(keep_float)
    nodes = [
        node
        for node in graph.nodes
        if node.kind in KINDS
        and node.name not in left_out
        and node.settings.get("groups", 1) == 1
        and _grouped(node, node.weights[0]).shape[1] <= LARGEST
    ]
    rounded: list[dict[str, Node]] = [{} for _ in steps]
    for node, seen in input_moments(twin.model, nodes, samples):
        grouped = _grouped(node, node.weights[0]).astype(np.float64)
        for count, by_name in zip(steps, rounded, strict=True):
            with threadpool_limits(1, "blas"):  # others would wait for work more than they did any
                together = round_together(grouped, seen.moments, count)
            # What the outputs are off by on average, (groups, channels) in the outputs' order.
            off = np.einsum("gk,gkc->gc", seen.mean, grouped - together)
            kernel = _ungrouped(node, together.astype(np.float32))
            rounded_node = replace(node, weights=(kernel, *node.weights[1:]))
            by_name[node.name] = add_to_bias(rounded_node, off.ravel())
    return [
        replace(graph, nodes=tuple(by_name.get(node.name, node) for node in graph.nodes))
        for by_name in rounded
    ]


def round_together(
    weights: NDArray[np.float64], moments: Moments, steps: int = STEPS
) -> NDArray[np.float64]:
    """The int8 weights, in real numbers, with the least error of a convolution's outputs.

    The largest weight of a channel keeps its value, and with it the channel's step; what is 0 stays
    0, so that pruned weights stay pruned.

    Args:
        weights: (groups, k, channels of a group).
        moments: (groups, k, k).
        steps: of a weight to either side.
    """
    largest = np.abs(weights).max(axis=1, keepdims=True)
    step = np.where(largest > 0, largest, 1) / steps
    fixed = (np.abs(weights) == largest) | (weights == 0)
    error = weights - np.round(weights / step) * step
    # Inputs that were never seen to differ from 0 keep the nearest step.
    own = np.maximum(np.diagonal(moments, axis1=1, axis2=2), 1e-12)[:, :, None]
    slope = moments @ error
    for _ in range(SWEEPS):
        before = error.copy()
        for start in range(0, weights.shape[1], BLOCK):
            block = slice(start, start + BLOCK)
            inner, local, old = (
                moments[:, block, block],
                slope[:, block].copy(),
                error[:, block].copy(),
            )
            for i in range(inner.shape[1]):
                row = start + i
                # Where this weight's error would be best, given those of the others.
                best = error[:, row] - local[:, i] / own[:, row]
                nearest = np.rint((weights[:, row] - best) / step[:, 0])
                nearest = np.minimum(np.maximum(nearest, -steps), steps)
                new_error = weights[:, row] - nearest * step[:, 0]
                new_error = np.where(fixed[:, row], error[:, row], new_error)
                change = new_error - error[:, row]
                if change.any():  # in later sweeps few do
                    rest = slice(i + 1, None)
                    local[:, rest] += inner[:, rest, i, None] * change[:, None]
                    error[:, row] = new_error
            slope = slope + moments[:, :, block] @ (error[:, block] - old)
        if np.array_equal(before, error):
            break
    return weights - error


def input_moments(
    twin: tf_keras.Model, nodes: list[Node], samples: Callable[[], Iterator[Sample]]
) -> Iterator[tuple[Node, Seen]]:
    """Each convolution with the mean and the moments of what it sees."""
    watched = tf_keras.Model(twin.input, [twin.get_layer(node.inputs[0]).output for node in nodes])

    shapes = [_grouped(node, node.weights[0]).shape[:2] for node in nodes]
    # About the mean of the first batch: about 0, float32 would lose what varies in the squares.
    firsts, sums = ([tf.Variable(tf.zeros(shape)) for shape in shapes] for _ in range(2))
    squares = [tf.Variable(tf.zeros((groups, k, k))) for groups, k in shapes]
    counts = [tf.Variable(0.0, dtype=tf.float64) for _ in nodes]

    is_boolean = tf.TensorSpec((), tf.bool)

    @tf.function(autograph=False, input_signature=[*any_batch(twin), is_boolean])
    def add(inputs: dict[str, tf.Tensor], is_first: tf.Tensor) -> None:
        outputs = tf.nest.flatten(watched(inputs, training=False))
        windows = [_windows(node, values) for node, values in zip(nodes, outputs, strict=True)]
        # One branch for all layers: one for each takes seconds to trace.
        means = tf.cond(
            is_first,
            lambda: [
                tf.reduce_mean(_patches(node, seen), axis=1)
                for node, seen in zip(nodes, windows, strict=True)
            ],
            lambda: [first.value() for first in firsts],
        )
        totals = zip(nodes, windows, firsts, means, sums, squares, counts, strict=True)
        for node, seen, first, mean, total, square, count in totals:
            first.assign(mean)
            about = tf.transpose(mean) if node.kind == "DepthwiseConv2D" else mean
            patches = _patches(node, seen - tf.reshape(about, seen.shape[1:]))
            total.assign_add(tf.reduce_sum(patches, axis=1))
            square.assign_add(tf.matmul(patches, patches, transpose_a=True))
            count.assign_add(tf.cast(tf.shape(patches)[1], tf.float64))

    for index, batch in enumerate(batches(samples())):
        add(tensors(batch), tf.constant(index == 0))
    for node, first, total, square, count in zip(nodes, firsts, sums, squares, counts, strict=True):
        mean = total.numpy().astype(np.float64) / count.numpy()
        about = square.numpy() - count.numpy() * mean[:, :, None] * mean[:, None, :]
        yield node, Seen(first.numpy() + mean, about)


def _windows(node: Node, seen: tf.Tensor) -> tf.Tensor:
    """The pixels that each output of a convolution sees: (places, height * width, channels).

    The places are those of all images.
    """
    height, width, channels, _ = node.weights[0].shape
    strides = np.broadcast_to(node.settings.get("strides", 1), 2).tolist()
    if (height, width, *strides) == (1, 1, 1, 1):
        return tf.reshape(seen, (-1, 1, channels))
    same = node.settings.get("padding", "valid") == "same"
    sizes = zip(seen.shape[1:3], (height, width), strides, strict=True)
    (rows, above), (columns, left) = (_along_axis(*one, same) for one in sizes)
    padded = tf.pad(seen, ((0, 0), above, left, (0, 0)))
    places = rows[:, None, :, None] * padded.shape[2] + columns[:, None]
    # Whole pixels are copied: TensorFlow's extract_patches takes longer than all the rest.
    pixels = tf.reshape(padded, (-1, padded.shape[1] * padded.shape[2], channels))
    windows = tf.gather(pixels, places.reshape(-1, height * width).astype(np.int32), axis=1)
    return tf.reshape(windows, (-1, height * width, channels))


def _along_axis(
    size: int, window: int, stride: int, same: bool
) -> tuple[NDArray[np.intp], tuple[int, int]]:
    """Along one axis, what each output sees (outputs, window), counted after padding so much."""
    outputs = -(-size // stride) if same else (size - window) // stride + 1
    padding = max((outputs - 1) * stride + window - size, 0) if same else 0
    seen = np.arange(outputs)[:, None] * stride + np.arange(window)
    return seen, (padding // 2, padding - padding // 2)


def _patches(node: Node, windows: tf.Tensor) -> tf.Tensor:
    """`_windows` as the k inputs of each output: (groups, places, k)."""
    if node.kind == "DepthwiseConv2D":
        return tf.transpose(windows, (2, 0, 1))
    return tf.reshape(windows, (1, -1, windows.shape[1] * windows.shape[2]))


def _grouped(node: Node, kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """A kernel (height, width, inputs, outputs) as (groups, k, channels of a group)."""
    if node.kind == "Conv2D":
        return kernel.reshape(1, -1, kernel.shape[-1])
    return kernel.reshape(-1, *kernel.shape[2:]).swapaxes(0, 1)


def _ungrouped(node: Node, grouped: NDArray[np.float32]) -> NDArray[np.float32]:
    shape = node.weights[0].shape
    if node.kind == "Conv2D":
        return grouped.reshape(shape)
    return grouped.swapaxes(0, 1).reshape(shape)
