"""The Keras model that is fitted: a classifier wrapped with augmentation, loss and optimizer."""

import math
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.models.keras_layers import seed_generators
from skinlite.progress import Report
from skinlite.training.config import TrainConfig
from skinlite.training.distillation.loss import TEACHER, loss_of, taught
from skinlite.training.input.augment import Augment
from skinlite.training.input.batches import Epoch
from skinlite.training.optimizer import make_optimizer
from skinlite.vocabulary import IMAGE


class DivergedError(Exception):
    """The loss or a weight became infinite, or not a number."""


def make_trainer(
    classifier: keras.Model,
    config: TrainConfig,
    steps: int,
    *,
    head: bool = False,
    teacher: keras.Model | None = None,
) -> keras.Model:
    """Wrap and compile a classifier for a training of ``steps`` batches.

    Args:
        classifier: what is fitted.
        config: settings.
        steps: batches in all.
        head: it is a head (`skinlite.training.frozen.head_of`), fed with feature maps, which are
            not augmented.
        teacher: what it learns from, besides the labels; it is in the trainer, and so in
            checkpoints, that a training goes on with the same.
    """
    kind = "float32" if head else "uint8"
    image = keras.Input(classifier.input[IMAGE].shape[1:], dtype=kind, name=IMAGE)
    others = {  # the patient, where the network takes one
        name: keras.Input(tensor.shape[1:], name=name)
        for name, tensor in classifier.input.items()
        if name != IMAGE
    }
    pixels = (
        Augment(config.zoom, config.shift, config.brightness, seed=config.seed, name="augment")(
            image
        )
        if config.augments and not head
        else keras.ops.cast(image, "float32")
    )
    loss: Any = "sparse_categorical_crossentropy"
    inputs = {IMAGE: pixels, **others}
    if teacher is None:
        output = classifier(inputs)
    else:
        output = taught(classifier, teacher, inputs)
        loss = loss_of(config, classifier.output.shape[-1])
    trainer = keras.Model({IMAGE: image, **others}, output)
    optimizer = make_optimizer(classifier, config, steps)
    trainer.compile(optimizer=optimizer, loss=loss)
    optimizer.build(trainer.trainable_variables)  # so that a checkpoint before any step is whole
    return trainer


def start_streams(trainer: keras.Model, seed: int, epoch: int) -> None:
    """Start the random streams of dropout and augmentation for one epoch.

    Keras' files leave out where a stream stands, so a training that goes on from one could not
    otherwise draw what it would have drawn without the interruption.
    """
    streams = seed_generators(trainer)
    seeds = np.random.default_rng([seed, epoch]).integers(2**32, size=len(streams))
    for stream, start in zip(streams, seeds, strict=True):
        stream.state.assign(np.array([start, 0], np.uint32))


def fit_epoch(trainer: keras.Model, batches: Epoch, title: str, report: Report) -> float:
    """Fit one epoch; its loss, the mean of the batches.

    Raises:
        DivergedError: the loss became infinite or NaN.
    """

    def after_batch(step: int, logs: dict[str, float]) -> None:
        report(title, step, len(batches))
        if not math.isfinite(logs["loss"]):
            raise DivergedError(f"The loss became {logs['loss']} in {title}.")

    progress = keras.callbacks.LambdaCallback(on_train_batch_end=after_batch)
    fitted = trainer.fit(batches, shuffle=False, verbose=0, callbacks=[progress])
    loss: float = fitted.history["loss"][0]
    return loss


def classifier_of(trainer: keras.Model) -> keras.Model:
    """The classifier inside a trainer; it shares the trainer's weights."""
    models = (layer for layer in trainer.layers if isinstance(layer, keras.Model))
    found = next(model for model in models if model.name != TEACHER)
    if not isinstance(found.output, list):  # with a teacher it gives its features, too
        return found
    return keras.Model(found.input, found.outputs[0], name=found.name)


def teacher_in(trainer: keras.Model) -> keras.Model | None:
    """The teacher inside a trainer, if it has one."""
    return next((layer for layer in trainer.layers if layer.name == TEACHER), None)


def predict(model: keras.Model, examples: Examples, batch_size: int = 32) -> NDArray[np.float32]:
    """Probabilities (N, classes) of a classifier, batch by batch."""
    size, last = min(batch_size, len(examples)), len(examples) - 1
    # The last batch is filled up with its last example: tracing a network for another shape takes
    # longer than some images more.
    rows = (np.minimum(np.arange(i, i + size), last) for i in range(0, len(examples), size))
    parts = (examples.take(batch) for batch in rows)
    # One batch layer by layer: of MobileNetV3Large at 112 px it takes 0.7 s of a processor, and
    # tracing the network 2.2 s.
    untraced = len(examples) <= batch_size and keras.backend.backend() == "tensorflow"
    predict_batch = partial(model, training=False) if untraced else model.predict_on_batch
    probabilities = np.concatenate([np.asarray(predict_batch(part.inputs)) for part in parts])
    return probabilities[: len(examples)]
