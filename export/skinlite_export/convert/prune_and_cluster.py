"""Weights that zip smaller: pruned, or clustered; by tensorflow-model-optimization, in one shot.

Neither makes a file faster, nor smaller on the phone: the kernels are dense, and a zero takes a
byte. What shrinks is the download, which is compressed.

Sources: Zhu and Gupta, "To prune, or not to prune", 2017; Han, Mao and Dally, "Deep compression",
ICLR 2016.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.recipe import Recipe

COMPRESSED = ("Conv2D", "Dense")
"""Kinds that hold nearly all of the weights; tfmot prunes no depthwise kernels."""

LARGE = 4096
"""Weights below which a kernel is left alone: it costs accuracy and saves nothing."""

Kernel = NDArray[np.float32]


def compress(graph: Graph, recipe: Recipe) -> Graph:
    """Prune, then cluster, as far as a recipe asks for it."""
    if recipe.prune:
        graph = prune(graph, recipe.prune)
    return cluster(graph, recipe.cluster) if recipe.cluster else graph


def prune(graph: Graph, sparsity: float) -> Graph:
    """Set the smallest share of each large kernel to 0.

    Args:
        graph: with its weights.
        sparsity: the share, in (0, 1).
    """
    tfmot = _tfmot()
    schedule = tfmot.sparsity.keras.ConstantSparsity(sparsity, begin_step=0, frequency=1)

    def pruned(model: tf_keras.Model) -> tf_keras.Model:
        wrapped = tfmot.sparsity.keras.prune_low_magnitude(model, schedule)
        for layer in wrapped.layers:
            layer.pruning_step.assign(0)
        # The wrapper makes its mask in a training step; one on zeros changes nothing else.
        wrapped(tf.zeros((1, *model.input_shape[1:])), training=True)
        return tfmot.sparsity.keras.strip_pruning(wrapped)

    return _each_kernel(graph, pruned)


def cluster(graph: Graph, clusters: int) -> Graph:
    """Round the weights of each large kernel to so many values, after scaling its output channels.

    Args:
        graph: with its weights.
        clusters: values per kernel, 2 at least. Each output channel is scaled to a maximum of 1
            before, as int8 does it after, so that the values of all channels fall together.
    """
    tfmot = _tfmot()

    def clustered(model: tf_keras.Model) -> tf_keras.Model:
        init = tfmot.clustering.keras.CentroidInitialization.LINEAR
        wrapped = tfmot.clustering.keras.cluster_weights(
            model, number_of_clusters=clusters, cluster_centroids_init=init
        )
        return tfmot.clustering.keras.strip_clustering(wrapped)

    return _each_kernel(graph, clustered)


def _tfmot() -> Any:
    """The package, which asks for its TensorFlow's version with the deprecated distutils."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import tensorflow_model_optimization as tfmot
    return tfmot


def _each_kernel(graph: Graph, compress: Callable[[Any], Any]) -> Graph:
    """Replace the large kernels but the last layer's by what a tfmot function makes of them."""
    *_, last = (node.name for node in graph.nodes if node.kind in COMPRESSED)
    return replace(
        graph,
        nodes=tuple(
            replace(node, weights=(_compressed(node, compress), *node.weights[1:]))
            if node.kind in COMPRESSED and node.name != last and node.weights[0].size >= LARGE
            else node
            for node in graph.nodes
        ),
    )


def _compressed(node: Node, compress: Callable[[Any], Any]) -> Kernel:
    """One kernel through tfmot, as a model of one layer: the wrappers know no layers of ours."""
    kernel = np.asarray(node.weights[0])
    peak = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)), keepdims=True)
    scale = np.where(peak > 0, peak, 1.0).astype(np.float32)
    settings = {**node.settings, "use_bias": False}
    # A convolution needs an image of its kernel's size, a dense layer a vector.
    model = tf_keras.Sequential(
        [
            tf_keras.Input((*kernel.shape[:-2], _channels(node, kernel))),
            getattr(tf_keras.layers, node.kind)(**settings, name=node.name),
        ]
    )
    model.layers[0].set_weights([kernel / scale])
    (weights,) = compress(model).layers[0].get_weights()
    return np.asarray(weights * scale, np.float32)


def _channels(node: Node, kernel: Kernel) -> int:
    return int(kernel.shape[-2] * node.settings.get("groups", 1))
