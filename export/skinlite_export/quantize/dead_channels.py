"""Dead channels put to use: as copies of the channels whose rounding costs most.

Training leaves channels behind that no image moves: MobileNetV2 of ImageNet has 7 of 32 in its
first layer, with kernels of about 0. The same layer has edge detectors: depthwise kernels that take
the difference of neighbours that lie far from 0, so that what int8 rounds away of them is large
beside what is left. On a frozen MobileNetV2 four of them made 4/5 of what that layer was off by.

So a dead channel becomes a copy of such a channel, and the two are shifted apart by half a step.
The bias behind the depthwise convolution takes the shifts back, and the projection takes the mean
of both: the steps of one lie between those of the other, as if there were one bit more; n copies
have n times as many. It costs nothing: the dead channels were computed as well. Only channels that
stay between the ends of their ReLU on every sample are copied: at 0 nothing is rounded, and a shift
would show. So the network stays the same on the samples, but for the depthwise convolution's
padding, which isn't shifted; as the shifts add up to 0, next to nothing of that is left in the
mean. Zhao et al., "Improving neural network quantization without retraining using outlier channel
splitting" (ICML 2019), give wide channels more room by copies, too; there they are halved, and come
on top.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from skinlite_export.convert.samples import Sample, any_batch, batches, tensors
from skinlite_export.graph.build_keras import Twin
from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.graph.folding import fold
from skinlite_export.rewrites.arithmetic import add_to_bias

TINY = 1e-6
"""A kernel is about 0 whose weights are smaller than so much of its layer's largest."""

STEPS = 255
"""Of an int8 activation, from 0 to the top of its range."""

PADDING = {"PadRows", "ZeroPadding2D"}


@dataclass(frozen=True)
class Layer:
    """A convolution with the batch norm behind it, if it has one."""

    conv: Node
    norm: Node | None

    @property
    def last(self) -> str:
        """Name of the node that gives its output."""
        return (self.norm or self.conv).name

    @property
    def kernel(self) -> NDArray[np.float32]:
        """With the batch norm in it."""
        return (fold(self.conv, self.norm) if self.norm else self.conv).weights[0]

    def copied(self, sources: NDArray[np.intp], shifts: NDArray[np.float64]) -> list[Node]:
        """Its nodes, with every channel a copy of that of ``sources``, and ``shifts`` more."""
        nodes = [_copied(node, sources) for node in (self.conv, self.norm) if node]
        if self.norm:
            gamma, beta, *rest = nodes[1].weights
            nodes[1] = replace(nodes[1], weights=(gamma, beta + np.float32(shifts), *rest))
        else:
            nodes[0] = add_to_bias(nodes[0], shifts)
        return nodes


@dataclass(frozen=True)
class Bottleneck:
    """A convolution and a depthwise one, each with a ReLU behind it, and a 1x1 convolution.

    Attributes:
        first: the convolution.
        rounded: the ReLU6 behind it, whose output int8 rounds. (Of a ReLU without a top the range
            is often cut, so that the size of a step isn't known.)
        depthwise: the second.
        passed: the ReLU behind that.
        project: the third.
    """

    first: Layer
    rounded: Node
    depthwise: Layer
    passed: Node
    project: Node

    @property
    def tiny(self) -> NDArray[np.intp]:
        """The channels of the first convolution whose weights are about 0."""
        largest = np.abs(self.first.kernel).max(axis=(0, 1, 2))
        return np.flatnonzero(largest <= TINY * largest.max())


@dataclass(frozen=True)
class Seen:
    """What the channels of a bottleneck do on the samples; each of shape (channels,).

    Attributes:
        lowest: the least of the first ReLU.
        highest: the most.
        share: of the places where the second ReLU gives what it takes.
        least: of the second ReLU.
        most: likewise.
    """

    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    share: NDArray[np.float64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]


def use_dead_channels(twin: Twin, samples: Iterable[Sample]) -> Graph:
    """Make each dead channel a copy of one that int8 rounds badly.

    Args:
        twin: of a rewritten graph.
        samples: calibration inputs, batch 1.

    Returns:
        A graph that is equal on the samples, but for a padding's part in a step; the same where
        nothing can be copied.
    """
    graph = twin.graph
    found = {place: one for place, one in enumerate(bottlenecks(graph)) if len(one.tiny)}
    if found:
        told = list(_watch(twin.model, list(found.values()), samples))
        for place, seen in zip(found, told, strict=True):
            # Of the graph as it is by now: a projection may be the first layer of the next one.
            filled = {node.name: node for node in _filled(list(bottlenecks(graph))[place], seen)}
            graph = replace(graph, nodes=tuple(filled.get(node.name, node) for node in graph.nodes))
    return graph


def bottlenecks(graph: Graph) -> Iterator[Bottleneck]:
    """Those of a graph whose parts nothing else takes."""
    by_name = {node.name: node for node in graph.nodes}

    def only(node: Node | None, kinds: set[str]) -> Node | None:
        takers = graph.consumers(node.name) if node else []
        return takers[0] if len(takers) == 1 and takers[0].kind in kinds else None

    def layer(conv: Node | None) -> Layer | None:
        if not conv or not conv.is_linear or conv.settings.get("groups", 1) != 1:
            return None
        norm = only(conv, {"BatchNormalization"})
        if norm and not all(norm.settings.get(key, True) for key in ("scale", "center")):
            return None
        return Layer(conv, norm)

    for node in graph.nodes:
        first = layer(node) if node.kind == "Conv2D" else None
        rounded = only(by_name[first.last], {"ReLU"}) if first else None
        padding = only(rounded, PADDING)
        depthwise = layer(only(padding or rounded, {"DepthwiseConv2D"}))
        passed = only(by_name[depthwise.last], {"ReLU"}) if depthwise else None
        project = only(passed, {"Conv2D"})
        if first and rounded and depthwise and passed and project:
            one_each = depthwise.conv.weights[0].shape[3] == 1
            if rounded.settings.get("max_value") and one_each and project.is_pointwise:
                yield Bottleneck(first, rounded, depthwise, passed, project)


def _filled(bottleneck: Bottleneck, seen: Seen) -> list[Node]:
    """The nodes of a bottleneck whose dead channels are copies of others; none without copies."""
    # A kernel of about 0 can't be moved by an image; a constant behind both ReLUs proves it.
    dead = [
        channel
        for channel in bottleneck.tiny
        if seen.most[channel] - seen.least[channel] <= TINY * seen.most.max()
    ]
    depthwise, project = bottleneck.depthwise.kernel, bottleneck.project.weights[0]
    noise = seen.share * np.sum(depthwise[..., 0] ** 2, axis=(0, 1))
    noise = noise * np.sum(project[0, 0] ** 2, axis=1)
    noise[dead] = 0
    # A dead channel that is copied over no longer sets the range. Nor may a copy widen it.
    widest = np.delete(seen.highest, dead).max(initial=0)
    step = widest / STEPS
    noise[(seen.lowest <= step) | (seen.highest > widest - step)] = 0
    sources, turns = np.arange(len(noise)), np.zeros(len(noise))
    copies = np.ones(len(noise))
    lost = np.zeros(project.shape[3])
    for channel in dead:
        # The steps of n copies are n times as fine.
        source = int(np.argmax(noise / copies**2))
        if not noise[source]:
            break
        sources[channel], turns[channel] = source, copies[source]
        copies[source] += 1
        lost += seen.least[channel] * project[0, 0, channel]
    if copies.max() == 1:
        return []
    shifts = (turns / copies[sources] - (1 - 1 / copies[sources]) / 2) * step
    back = -shifts * depthwise[:, :, sources, 0].sum(axis=(0, 1))
    weights = np.asarray(project[:, :, sources] / copies[sources, None], np.float32)
    projected = replace(bottleneck.project, weights=(weights, *bottleneck.project.weights[1:]))
    return [
        *bottleneck.first.copied(sources, shifts),
        *bottleneck.depthwise.copied(sources, back),
        add_to_bias(projected, lost),
    ]


def _copied(node: Node, sources: NDArray[np.intp]) -> Node:
    """A convolution or batch norm with every channel a copy of that of ``sources``."""
    axis = 2 if node.kind == "DepthwiseConv2D" else -1
    return replace(
        node,
        weights=tuple(
            np.take(weight, sources, axis if weight.ndim == 4 else 0) for weight in node.weights
        ),
    )


def _watch(
    model: tf_keras.Model, found: list[Bottleneck], samples: Iterable[Sample]
) -> Iterator[Seen]:
    """What the channels of each bottleneck do on the samples."""
    names = [
        name for one in found for name in (one.rounded.name, one.depthwise.last, one.passed.name)
    ]
    watched = tf_keras.Model(model.input, [model.get_layer(name).output for name in names])

    @tf.function(autograph=False, input_signature=any_batch(model))
    def told(inputs: dict[str, tf.Tensor]) -> list[list[tf.Tensor]]:
        outputs = tf.nest.flatten(watched(inputs, training=False))
        every = (0, 1, 2)
        return [
            [
                tf.reduce_min(rounded, every),
                tf.reduce_max(rounded, every),
                tf.reduce_mean(tf.cast(taken == passed, tf.float32), every),
                tf.reduce_min(passed, every),
                tf.reduce_max(passed, every),
            ]
            for rounded, taken, passed in zip(
                outputs[::3], outputs[1::3], outputs[2::3], strict=True
            )
        ]

    rows = [told(tensors(batch)) for batch in batches(samples)]
    for each in zip(*rows, strict=True):
        lowest, highest, share, least, most = (np.array(one) for one in zip(*each, strict=True))
        yield Seen(lowest.min(0), highest.max(0), share.mean(0), least.min(0), most.max(0))
