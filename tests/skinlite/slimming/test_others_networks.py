"""Channels of networks as other people build them: cut or kept, never wrong, never a traceback."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Build = Callable[[Any, Any], Any]
"""From the image to what the head is given, with `keras.layers`."""


def model_of(build: Build) -> Any:
    """A classifier with random weights."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    image = layers.Input((16, 16, 3), name="image")
    x = layers.GlobalAveragePooling2D()(build(image, layers))
    model = keras.Model(image, layers.Dense(7, activation="softmax", name="scores")(x))
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.3, one.shape) for one in model.get_weights()])
    return model


def is_cut_rightly(model: Any) -> Any:
    """That the narrowest computes what the whole one does with zeros; the channels."""
    from skinlite.slimming.channels import Channels
    from skinlite.slimming.choose import Narrowing
    from skinlite.slimming.cost import model_cycles
    from skinlite.slimming.cut import cut, masked

    channels = Channels(model)
    worth = np.random.default_rng(0).random(len(channels.roots))[channels.roots]
    narrowing = Narrowing(channels, worth)
    before = narrowing.cycles
    narrowing.until(0.0)
    assert narrowing.cycles < 0.8 * before
    narrow = cut(model, channels, narrowing.kept)
    assert model_cycles(narrow) == pytest.approx(narrowing.cycles)
    images = np.random.default_rng(0).random((3, 16, 16, 3), np.float32)
    found, whole = (np.array(one(images, training=False)) for one in (narrow, model))
    masked(channels, narrowing.kept)
    assert np.abs(found - np.array(model(images, training=False))).max() < 1e-4
    assert np.abs(found - whole).max() > 1e-3  # it matters
    return channels


def softmax_gate(image: Any, layers: Any) -> Any:
    x = layers.Conv2D(32, 3, padding="same")(image)
    gate = layers.Dense(32, activation="relu")(layers.GlobalAveragePooling2D()(x))
    gate = layers.Dense(32, activation="softmax", name="gate")(gate)
    return layers.Conv2D(32, 3)(layers.Multiply()([x, layers.Reshape((1, 1, 32))(gate)]))


def for_any_size(image: Any, layers: Any) -> Any:
    """A backbone as it comes without its top."""
    import keras

    own = keras.Input((None, None, 3))
    x = layers.ReLU()(layers.Conv2D(32, 3, padding="same", name="inside")(own))
    x = layers.Conv2D(32, 3, strides=2, name="last")(2.0 * x)
    return keras.Model(own, x, name="backbone")(image)


def one_relu(image: Any, layers: Any) -> Any:
    relu = layers.ReLU()
    return relu(layers.Conv2D(48, 3)(relu(layers.Conv2D(32, 3)(image))))


def one_flatten(image: Any, layers: Any) -> Any:
    flatten = layers.Flatten()
    ways = [layers.Conv2D(32, 3, strides=stride)(image) for stride in (4, 7)]
    x = layers.Dense(32)(layers.Concatenate()([flatten(x) for x in ways]))
    return layers.Reshape((1, 1, 32))(x)


def one_reshape(image: Any, layers: Any) -> Any:
    reshape = layers.Reshape((1, 1, 32))
    z = layers.Conv2D(48, 3)(image)
    found = []
    for _ in range(2):
        x = layers.Conv2D(32, 3)(z)
        gate = layers.Dense(32)(layers.GlobalAveragePooling2D()(x))
        found.append(layers.Multiply()([x, reshape(gate)]))
    return layers.Concatenate()([found[0], layers.Softmax()(found[1])])  # so that this one stays


@pytest.mark.parametrize("build", [softmax_gate, for_any_size, one_relu, one_flatten, one_reshape])
def test_it_is_cut_rightly(build: Build) -> None:
    is_cut_rightly(model_of(build))


def test_a_softmax_on_the_way_keeps_its_channels_and_no_others() -> None:
    """It would be a softmax over fewer."""
    channels = is_cut_rightly(model_of(softmax_gate))
    # The gate's, and those that it is multiplied with: not those that it is computed from.
    assert channels.held == {"gate (Dense) looks at all of them": 32}


def test_a_reshape_that_changes_channels_elsewhere_keeps_its_width() -> None:
    def build(image: Any, layers: Any) -> Any:
        reshape = layers.Reshape((1, 1, 32))
        x = layers.Conv2D(48, 3)(layers.Conv2D(32, 3)(image))
        gate = reshape(layers.Dense(32)(layers.GlobalAveragePooling2D()(x)))
        y = reshape(layers.Conv2D(8, 1, strides=7)(x))
        return layers.Concatenate()([gate, y])

    is_cut_rightly(model_of(build))


def test_a_layer_costs_what_each_of_its_calls_costs() -> None:
    from skinlite.slimming.channels import Channels

    def build(image: Any, layers: Any) -> Any:
        twice = layers.Conv2D(3, 3, padding="same", name="twice")
        return twice(layers.MaxPooling2D()(twice(image)))

    shapes = [use.output.shape for use in Channels(model_of(build)).uses if use.kind == "Conv2D"]
    assert shapes == [(16, 16, 3), (8, 8, 3)]


def test_every_activation_of_keras_is_known() -> None:
    """Those that look at other channels keep them; a function of somebody's own may."""
    import keras
    from keras import layers

    from skinlite.slimming.channels import Channels

    names = set(dir(keras.activations)) - {"deserialize", "get", "serialize", "threshold"}
    functions = [getattr(keras.activations, name) for name in names if not name.startswith("_")]
    values = np.linspace(-0.2, 0.1, 8, dtype=np.float32)[None]
    other = values + 5 * np.eye(1, 8, dtype=np.float32)  # in the first channel
    assert len(functions) > 25
    for function in [*functions, lambda x: x - keras.ops.mean(x, -1, keepdims=True)]:
        before, after = (np.array(function(one)) for one in (values, other))
        halved = before.shape != values.shape  # one channel of two
        mixes = halved or not np.allclose(before[0, 1:], after[0, 1:])
        image = layers.Input((4, 4, 3))
        x = layers.Conv2D(8, 1, activation=function, name="conv")(image)
        x = layers.Dense(7)(layers.GlobalAveragePooling2D()(x))
        held = Channels(keras.Model(image, x)).held
        assert held == ({"conv (Conv2D) looks at all of them": 8} if mixes else {}), function
