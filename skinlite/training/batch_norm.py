"""Batch-norm statistics taken from data, for a network whose moving averages can't be trusted."""

from typing import Any

import keras
import numpy as np

from skinlite.data.examples import Examples
from skinlite.models.keras_layers import all_layers

FORGOTTEN = 0.05
"""How much of a moving average may be older than an epoch."""


def remembers_too_long(classifier: keras.Model, steps: int) -> bool:
    """Whether a moving average still holds what was true before an epoch of ``steps`` batches.

    Such an average describes weights that are gone: with the 0.999 of Keras' MobileNetV3, 80 % of
    it after 220 batches, and inference looks broken.
    """
    return any(norm.momentum**steps > FORGOTTEN for norm in _norms(classifier))


def settle_batch_norm(
    classifier: keras.Model, examples: Examples, *, batches: int = 4, batch_size: int = 32
) -> None:
    """Set every moving mean and variance to the average over some batches; no weight changes.

    An initialised network keeps Keras' mean 0 and variance 1, with which its activations shrink to
    1e-8 layer by layer: quantized kernels refuse such ranges, so that its latency would mean
    nothing either.
    """
    norms = _norms(classifier)
    momenta = [layer.momentum for layer in norms]
    rows = np.random.default_rng(0).permutation(len(examples))
    for batch in range(batches):
        part = examples.take(np.sort(rows[batch * batch_size : (batch + 1) * batch_size]))
        if not len(part):
            break
        for layer in norms:
            layer.momentum = batch / (batch + 1)  # makes the moving average a plain one
        classifier(part.inputs, training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum


def share_statistics(classifier: keras.Model) -> None:
    """Normalise by the whole batch, not by each device's part of it; so the loss stays the same.

    JAX sees the whole batch anyhow.
    """
    if keras.backend.backend() != "tensorflow":
        return
    for norm in _norms(classifier):
        norm.synchronized = True


def _norms(classifier: keras.Model) -> list[Any]:
    return [
        layer
        for layer in all_layers(classifier)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
