"""What Keras keeps private of a model's layers, and what TensorFlow makes of one, in one place.

``Layer._flatten_layers`` and ``Layer._seed_generators``, as Keras 3.15.1 has them. When
they go: walk ``model.layers`` with the layers inside of those that are models or wrappers; and
collect the attributes of a layer that are `keras.random.SeedGenerator`.
"""

import re
from collections.abc import Iterable
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


def plain(name: str) -> str:
    """A name of letters of ASCII, digits, ``_``, ``.`` and ``-``; the first a letter or digit."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip("_.-") or "layer"


def make_names_plain(model: keras.Model) -> None:
    """Rename layers whose names TensorFlow's graphs don't take, as "Conv 1": Keras takes any."""
    layers = [one for one in all_layers(model) if not isinstance(one, keras.layers.InputLayer)]
    taken = {layer.name for layer in layers}
    for layer in layers:
        name = start = plain(layer.name)
        if name == layer.name:
            continue
        number = 1
        while name in taken:
            number += 1
            name = f"{start}_{number}"
        taken.add(name)
        layer.name = name


def keep_slopes(model: keras.Model) -> None:
    """Let TensorFlow compute the leaky ReLUs of a network with their own slopes.

    TensorFlow 2.21 with oneDNN makes one operator of a convolution, its bias, an addition and a
    leaky ReLU, of which the slope is 0.2 whatever the layer's is; so do ``predict``, ``fit`` and
    ``tf.function``, not a call (findings/tensorflow-leaky-relu-behind-an-add.sh). When that is
    mended, this function and the next can go.
    """
    if keras.backend.backend() == "tensorflow" and any(map(_leaky, _operations(model))):
        without_fusing()


def without_fusing() -> None:
    """Turn off the optimizer that fuses, for the process: networks take a little longer."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"remapping": False})


def _operations(model: keras.Model) -> Iterable[Any]:
    for layer in all_layers(model):
        yield layer
        yield from getattr(layer, "operations", ())  # of a network: its operators on tensors too


def _leaky(operation: Any) -> bool:
    named = getattr(getattr(operation, "activation", None), "__name__", "")
    kinds = type(operation).__name__.lower(), named.replace("_", "")
    return "leakyrelu" in kinds or bool(getattr(operation, "negative_slope", 0))
