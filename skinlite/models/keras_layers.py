"""What Keras keeps private of a model's layers, in one place.

``Layer._flatten_layers`` and ``Layer._seed_generators``, as Keras 3.15.1 has them. When
they go: walk ``model.layers`` with the layers inside of those that are models or wrappers; and
collect the attributes of a layer that are `keras.random.SeedGenerator`.
"""

from typing import Any

import keras

DROPPING = keras.layers.Dropout, keras.layers.SpatialDropout2D, keras.layers.GaussianDropout
"""Layers that leave something out in training."""


def all_layers(model: keras.Model) -> list[Any]:
    """The model and its layers, with those inside of other layers."""
    return list(model._flatten_layers())


def as_used(model: keras.Model) -> None:
    """Make a model compute in training what it computes in use: it no longer learns.

    Calling it with ``training=False`` doesn't: inside of another model it is called as that one is.
    """
    model.trainable = False  # batch norm goes by its moving averages then
    for layer in all_layers(model):
        if isinstance(layer, DROPPING):
            layer.rate = 0.0


def seed_generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    """The random streams of a model's layers, in the layers' order."""
    return [stream for layer in all_layers(model) for stream in layer._seed_generators]
