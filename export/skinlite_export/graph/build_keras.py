"""The tf_keras twin: a deploy graph built as the kind of model that TensorFlow's tools accept."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.errors import SkinliteError
from skinlite.models.keras_layers import without_fusing
from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.graph.folding import split_separable

SAME = 1e-4
"""Largest difference of a float32 probability that rewriting and converting may make."""


class AddConstant(tf_keras.layers.Layer):
    """x + value."""

    def __init__(self, value: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Any shape, unchanged."""
        return x + self.value

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "value": self.value}


class Scale(AddConstant):
    """x * value."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Any shape, unchanged."""
        return x * self.value


class Affine(tf_keras.layers.Layer):
    """x * scale + offset, each a vector along the last axis."""

    def __init__(self, scale: tuple[float, ...], offset: tuple[float, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = tuple(scale), tuple(offset)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Any shape, unchanged. Of images a depthwise convolution: in int8 it has exact scales."""
        kind = x.dtype.as_numpy_dtype
        scale, offset = (np.array(one, kind) for one in (self.scale, self.offset))
        if len(x.shape) != 4 or len(scale) != x.shape[-1]:
            return x * scale + offset
        product = tf.nn.depthwise_conv2d(x, scale.reshape(1, 1, -1, 1), (1, 1, 1, 1), "VALID")
        return tf.nn.bias_add(product, offset) if offset.any() else product

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


class HardSwish(tf_keras.layers.Layer):
    """x * relu6(x + 3) / 6, in the form that the converter fuses."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Any shape, unchanged."""
        return x * tf.nn.relu6(x + 3.0) * (1 / 6)


class SpatialSoftmax(tf_keras.layers.Layer):
    """Softmax over the positions of (batch, positions, maps)."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Same shape; each map sums to 1."""
        return tf.nn.softmax(x, axis=1)


class Standardize(tf_keras.layers.Layer):
    """(x - mean) / sqrt(variance + epsilon), of each image over some axes."""

    def __init__(self, axis: tuple[int, ...], epsilon: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = tuple(axis), epsilon

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Any shape, unchanged."""
        centred = x - tf.reduce_mean(x, self.axis, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), self.axis, keepdims=True)
        return centred * tf.math.rsqrt(variance + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


class Sum(tf_keras.layers.Layer):
    """Sum over the last axis, kept as 1."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(batch, positions, maps) -> (batch, positions, 1)."""
        return tf.reduce_sum(x, axis=-1, keepdims=True)


class AverageDepthwise(tf_keras.layers.Layer):
    """``times`` an average pool, as a depthwise convolution."""

    def __init__(
        self,
        pool_size: tuple[int, int],
        strides: tuple[int, int],
        padding: str,
        times: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size, self.strides, self.padding = pool_size, strides, padding.upper()
        self.times = times

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(batch, h, w, c) -> (batch, rows, columns, c)."""
        weight = 1 / (self.pool_size[0] * self.pool_size[1])
        mean = self._sum(x, self.times * weight)
        if self.padding == "VALID":
            return mean
        # How much of the window lies on the image: 1 inside, less along the edge.
        with tf.init_scope():
            covered = self._sum(tf.ones((1, *x.shape[1:3], 1)), weight).numpy()
        return mean * (1 / covered)

    def _sum(self, x: tf.Tensor, weight: float) -> tf.Tensor:
        kernel = np.full((*self.pool_size, x.shape[-1], 1), weight, np.float32)
        return tf.nn.depthwise_conv2d(x, kernel, (1, *self.strides, 1), self.padding)


class PadRows(tf_keras.layers.ZeroPadding2D):
    """Zeros around an image, written row by row: columns and channels are one axis meanwhile."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(batch, h, w, c) -> (batch, rows, columns, c)."""
        _, height, width, channels = x.shape
        rows, columns = self.padding
        margins = [(0, 0), rows, [channels * one for one in columns]]
        padded = tf.pad(tf.reshape(x, (-1, height, width * channels)), margins)
        return tf.reshape(padded, (-1, height + sum(rows), width + sum(columns), channels))


INITIALIZERS = {
    "Conv2D": ("kernel",),
    "Dense": ("kernel",),
    "DepthwiseConv2D": ("depthwise",),
    "SeparableConv2D": ("depthwise", "pointwise"),
}
"""Of the kinds with kernels. Random ones, which are replaced at once, take longer than zeros."""

OWN = {
    kind.__name__: kind
    for kind in (
        *(AddConstant, Affine, AverageDepthwise, HardSwish, PadRows),
        *(Scale, SpatialSoftmax, Standardize, Sum),
    )
}


@dataclass(frozen=True, eq=False)
class Twin:
    """A deploy graph with its model in tf_keras, which is built once it is asked for."""

    graph: Graph

    @cached_property
    def model(self) -> tf_keras.Model:
        """From {"image", "patient"} to probabilities; see `build_twin`."""
        return build_twin(self.graph)

    def apart(self) -> "Twin":
        """With separable convolutions taken apart; itself where there are none."""
        graph = split_separable(self.graph)
        return self if len(graph.nodes) == len(self.graph.nodes) else Twin(graph)

    def become(self, graph: Graph) -> "Twin":
        """The twin of another graph, in the model that this one has, where only weights differ.

        A model is one twin's at a time: asked for it again, this one builds another. So don't keep
        ``model`` in a variable.
        """
        twin, model = Twin(graph), vars(self).get("model")
        if model is not None and _without_weights(graph) == _without_weights(self.graph):
            for node, before in zip(graph.nodes, self.graph.nodes, strict=True):
                if node.weights is not before.weights:
                    model.get_layer(node.name).set_weights(node.weights)
            vars(twin)["model"] = vars(self).pop("model")
        return twin


def _without_weights(graph: Graph) -> list[Node]:
    return [replace(node, weights=()) for node in graph.nodes]


def build_twin(graph: Graph) -> tf_keras.Model:
    """Build a graph in tf_keras, with its weights; layers carry the names of the nodes."""
    if any(node.kind == "LeakyReLU" for node in graph.nodes):
        without_fusing()
    tensors: dict[str, Any] = {}
    for node in graph.nodes:
        if node.kind == "Input":
            tensors[node.name] = tf_keras.Input(node.settings["shape"], name=node.name)
            continue
        layer = _layer(node)
        inputs = [tensors[name] for name in node.inputs]
        tensors[node.name] = layer(inputs if len(inputs) > 1 else inputs[0])
        if node.weights:
            layer.set_weights(node.weights)
    named = {node.name: tensors[node.name] for node in graph.nodes if node.kind == "Input"}
    # Keras would number the model, and the number would get into the file's tensor names.
    return tf_keras.Model(named, tensors[graph.nodes[-1].name], name="twin")


def few_probabilities(
    model: keras.Model | tf_keras.Model, examples: Examples
) -> NDArray[np.float32]:
    """What a model answers for the first images, as `check_same` compares it."""
    few = examples.take(np.arange(min(8, len(examples))))
    # Layer by layer: for so few images, tracing a network takes longer than running it.
    return np.asarray(model(few.inputs, training=False))


def check_same(expected: NDArray[np.float32], twin: tf_keras.Model, examples: Examples) -> None:
    """Compare a deploy graph with the model that it has to equal, on a few images.

    Args:
        expected: the model's `few_probabilities`.
        twin: of the graph.
        examples: whose first images both are given.

    Raises:
        SkinliteError: a probability differs by more than `SAME`.
    """
    difference = np.abs(few_probabilities(twin, examples) - expected).max()
    if not difference <= SAME:
        raise SkinliteError(
            f"The deploy graph differs from the Keras model by {difference:.2g} in a probability; "
            "this is a bug in skinlite. Please report it. It may work with `rewrites=()`."
        )


def _layer(node: Node) -> tf_keras.layers.Layer:
    kind = OWN.get(node.kind) or getattr(tf_keras.layers, node.kind)
    zeros = {f"{name}_initializer": "zeros" for name in INITIALIZERS.get(node.kind, ())}
    return kind(**{**node.settings, **zeros}, name=node.name)
