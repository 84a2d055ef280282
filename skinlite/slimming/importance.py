"""What each channel is worth: what the loss would change by without it, on training images."""

from typing import Any, Literal

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.models.keras_layers import DROPPING, all_layers, as_used
from skinlite.slimming.channels import Channels
from skinlite.slimming.cut import CONSUMERS, kernel_of
from skinlite.training.input.batches import class_weights

Importance = Literal["taylor", "batch-norm", "random"]

KINDS: tuple[Importance, ...] = ("taylor", "batch-norm", "random")

Worth = NDArray[np.float64]
"""By the number of a channel (`Channels.roots`): not negative."""

BATCH = 16


def worth_of(
    kind: Importance,
    model: keras.Model,
    channels: Channels,
    images: Examples,
    power: float,
    seed: int,
) -> Worth:
    """The worth of every channel.

    Args:
        kind: ``taylor``; or a control, ``batch-norm`` (its scale) or ``random``.
        model: whose channels they are.
        channels: of it.
        images: of training.
        power: of the class weights, see `skinlite.training.config.TrainConfig`.
        seed: of ``random``.
    """
    if kind == "taylor":
        return _taylor(model, channels, images, power)
    if kind == "batch-norm":
        return _by_batch_norm(channels)
    return np.random.default_rng(seed).random(len(channels.roots))[channels.roots]


class Gradients(keras.optimizers.Optimizer):
    """An optimizer that changes nothing: it notes weight times gradient, summed by input channel.

    The sum of w * dL/dw over what a layer does with an input channel is a * dL/da of that channel,
    summed over positions: the first order of what the loss changes by where the layer no longer
    sees it (Molchanov et al., arXiv:1906.10771, with the gate at the input).
    """

    def build(self, variables: list[Any]) -> None:
        """Make a place for each variable's sums."""
        if self.built:
            return
        super().build(variables)
        self.noted = [
            self.add_variable(variable.shape[-2:-1], name=f"noted_{place}")
            for place, variable in enumerate(variables)
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Note one variable's sums; see `skinlite.training.optimizer` for what is Keras' own."""
        rank = len(variable.shape)
        if rank < 2:
            return
        axes = [axis for axis in range(rank) if axis != rank - 2]
        note = self.noted[self._get_variable_index(variable)]
        self.assign(note, ops.sum(ops.multiply(gradient, variable), axis=axes))


def _taylor(model: keras.Model, channels: Channels, images: Examples, power: float) -> Worth:
    """Squared first-order change of the weighted cross-entropy, mean over batches."""
    layers = all_layers(model)
    trainable = [layer.trainable for layer in layers]
    dropping = {layer: layer.rate for layer in layers if isinstance(layer, DROPPING)}
    as_used(model)
    model.trainable = True
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    given = {one.name: keras.Input(one.shape[1:], name=one.name) for one in model.inputs}
    wrapped = keras.Model(given, model(given))
    optimizer = Gradients(learning_rate=0.0)
    wrapped.compile(
        optimizer=optimizer,
        loss="sparse_categorical_crossentropy",
        jit_compile=keras.backend.backend() == "jax",
    )
    optimizer.build(wrapped.trainable_variables)
    places = {id(variable): at for at, variable in enumerate(wrapped.trainable_variables)}
    takers = [
        (channels.of(use.inputs[0]), places[id(kernel_of(use))])
        for use in channels.uses
        if use.kind in CONSUMERS
    ]
    weights = class_weights(images.labels, power, model.output.shape[-1])
    worth = np.zeros(len(channels.roots))
    for first in range(0, len(images) - BATCH + 1, BATCH):
        part = images.take(np.arange(first, first + BATCH))
        inputs = {name: value for name, value in part.inputs.items() if name in given}
        wrapped.train_on_batch(inputs, part.labels, sample_weight=weights[part.labels])
        change = np.zeros(len(worth))
        for ids, place in takers:
            np.add.at(change, ids, ops.convert_to_numpy(optimizer.noted[place]))
        worth += change**2
    for layer, was in zip(layers, trainable, strict=True):
        layer.trainable = was
    for layer, rate in dropping.items():
        layer.rate = rate
    return worth[channels.roots]


def _by_batch_norm(channels: Channels) -> Worth:
    """The largest scale of a batch norm that a channel goes through, over that norm's mean."""
    worth = np.zeros(len(channels.roots))
    for use in channels.uses:
        if use.kind == "BatchNormalization" and use.layer.scale:
            scale = np.abs(ops.convert_to_numpy(use.layer.gamma))
            np.maximum.at(worth, channels.of(use.output), scale / max(scale.mean(), 1e-12))
    return worth[channels.roots]
