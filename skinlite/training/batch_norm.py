"""Batch-norm statistics taken from data, for a network that was not trained (long enough)."""

import keras
import numpy as np

from skinlite.data.examples import Examples
from skinlite.vocabulary import IMAGE, PATIENT


def settle_batch_norm(
    classifier: keras.Model, examples: Examples, *, batches: int = 4, batch_size: int = 32
) -> None:
    """Set every moving mean and variance to the average over some batches; no weight changes.

    An initialised network keeps Keras' mean 0 and variance 1, with which its activations shrink to
    1e-8 layer by layer: quantized kernels refuse such ranges, so that its latency would mean
    nothing either.
    """
    norms = [
        layer
        for layer in classifier._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in norms]
    rows = np.random.default_rng(0).permutation(len(examples))
    for batch in range(batches):
        part = examples.take(np.sort(rows[batch * batch_size : (batch + 1) * batch_size]))
        if not len(part):
            break
        for layer in norms:
            layer.momentum = batch / (batch + 1)  # makes the moving average a plain one
        classifier({IMAGE: part.images.astype(np.float32), PATIENT: part.patients}, training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
