"""The feed as layers: RGB, 0-255, to what a foreign network takes; and its outputs in our order."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from skinlite.classes import HAM10000
from skinlite.errors import InputError
from skinlite.models.keras_layers import operation_of
from skinlite.vocabulary import IMAGE, PROBABILITIES

PASSING = ("Activation", "Dropout", "Flatten", "GlobalAveragePooling2D", "Reshape", "Softmax")
"""Layers behind the last kernel that leave the outputs in its order; `VECTORS` only where they
give one number a class."""

VECTORS = ("Flatten", "Reshape")

Three = tuple[float, float, float]


def with_feed(
    network: keras.Model,
    *,
    mean: Three | None,
    std: Three | None,
    channels: str,
    classes: Sequence[str],
    logits: bool,
    wanted: Sequence[str] = HAM10000.codes,
) -> keras.Model:
    """A classifier of ours around a foreign network, whose last kernel is put in our order.

    Args:
        network: from an image (batch, H, W, 3) to a number for each class; or to a single one, of
            what its second class is.
        mean: RGB, of levels 0-255: the network takes (level - mean) / std. None: each image's own.
        std: likewise.
        channels: order of the colours that it takes, ``RGB`` or ``BGR``.
        classes: its outputs, by name, in its order.
        logits: whether they still have to go through a softmax; of a single number, whether it
            is one, so that it is no sigmoid's.
        wanted: the classes in the order that its outputs are to have.

    Returns:
        A model from ``{"image": (batch, H, W, 3) RGB 0-255}`` to probabilities
        (batch, classes) in the order of ``wanted``.

    Raises:
        InputError: its last layers have no kernel that could be put in order.
    """
    order = [list(classes).index(name) for name in wanted]
    single = network.outputs[0].shape[-1] == 1
    if single and not logits:
        _without_sigmoid(network)
    elif not single and order != list(range(len(order))):
        _permute(_last_kernel(network, len(order)), order)
    image = keras.Input(network.inputs[0].shape[1:], name=IMAGE)
    # Of a file of Keras 2 it gives a list.
    (x,) = keras.tree.flatten(network(_fed(image, mean, std, channels)))
    if len(x.shape) > 2:
        x = layers.Flatten(name="outputs")(x)
    if single:
        return keras.Model({IMAGE: image}, _both(x, order), name="adopted")
    last = layers.Softmax if logits else layers.Identity
    return keras.Model({IMAGE: image}, last(name=PROBABILITIES)(x), name="adopted")


def _fed(image: Any, mean: Three | None, std: Three | None, channels: str) -> Any:
    """What the network takes of an image."""
    if mean is None or std is None:
        # An image of one colour becomes 0, whatever the deviation.
        whole = layers.LayerNormalization(
            axis=(1, 2, 3), center=False, scale=False, epsilon=1e-7, name="feed"
        )
        image, mean, std = whole(image), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    scale, offset = 1 / np.array(std), -np.array(mean) / np.array(std)
    if channels == "RGB" and len({*zip(mean, std, strict=True)}) == 1:
        if (scale[0], offset[0]) == (1, 0):
            return image
        return layers.Rescaling(float(scale[0]), float(offset[0]), name="feed_scaled")(image)
    kernel = np.diag(scale)
    if channels == "BGR":
        kernel, offset = kernel[:, ::-1], offset[::-1]
    conv = layers.Conv2D(3, 1, trainable=False, name="feed_colours")
    fed = conv(image)
    conv.set_weights([kernel.reshape(1, 1, 3, 3), offset])
    return fed


def _both(logit: Any, order: list[int]) -> Any:
    """Probabilities (batch, 2) of a logit (batch, 1): what it isn't, and what it is, in an order.

    The softmax of (-z/2, z/2) is the sigmoid of -z, and of z.
    """
    dense = layers.Dense(2, activation="softmax", name=PROBABILITIES)
    both = dense(logit)
    dense.set_weights([np.array([[-0.5, 0.5]])[:, order], np.zeros(2)])
    return both


def _without_sigmoid(network: keras.Model) -> None:
    """Take the sigmoid off the end of a network, so that it gives a logit."""
    tensor = network.outputs[0]
    while True:
        operation = operation_of(tensor)
        if isinstance(operation, keras.Model):
            tensor = operation.outputs[0]
        elif getattr(operation, "activation", None) is keras.activations.sigmoid:
            operation.activation = keras.activations.linear
            return
        elif type(operation).__name__ in VECTORS:
            tensor = operation.input
        else:
            raise InputError(
                f"Layer {operation.name!r} is a {type(operation).__name__}: of a single output the "
                "last layer has to have the activation sigmoid, or to give a logit."
            )


def _last_kernel(network: keras.Model, count: int) -> Any:
    """The dense layer or convolution whose channels are the network's outputs."""
    tensor = network.outputs[0]
    while True:
        operation = operation_of(tensor)
        kind = type(operation).__name__
        if isinstance(operation, keras.Model):
            tensor = operation.outputs[0]
        elif kind in ("Dense", "Conv2D") and operation.kernel.shape[-1] == count:
            return operation
        elif kind in PASSING and (
            kind not in VECTORS or tuple(operation.output.shape) == (None, count)
        ):
            tensor = operation.input
        else:
            raise InputError(
                f"Layer {operation.name!r} is a {kind}: the outputs behind it can't be put in the "
                "order of the data set's classes, which takes a Dense or Conv2D layer before at "
                f"most {', '.join(PASSING)}."
            )


def _permute(layer: Any, order: list[int]) -> None:
    """Put a kernel's last axis, and its bias, in another order.

    Whether the layer is used once isn't asked here: each layer that is added to a Sequential calls
    those before it again. A run that answers otherwise than its file is refused.
    """
    layer.set_weights([weight[..., order] for weight in layer.get_weights()])
