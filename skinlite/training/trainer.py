"""The Keras model that is fitted: a classifier wrapped with augmentation, loss and optimizer."""

from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.errors import InputError
from skinlite.training.augment import Augment
from skinlite.training.config import TrainConfig
from skinlite.vocabulary import IMAGE, PATIENT


def make_trainer(classifier: keras.Model, config: TrainConfig, steps: int) -> keras.Model:
    """Wrap and compile a classifier for a training of ``steps`` batches."""
    image = keras.Input(classifier.input[IMAGE].shape[1:], dtype="uint8", name=IMAGE)
    patient = keras.Input(classifier.input[PATIENT].shape[1:], name=PATIENT)
    augmented = Augment(seed=config.seed, name="augment")(image)
    trainer = keras.Model(
        {IMAGE: image, PATIENT: patient}, classifier({IMAGE: augmented, PATIENT: patient})
    )
    warmup = min(config.warmup_steps, steps // 10)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else config.learning_rate,
        decay_steps=max(1, steps - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=config.weight_decay, global_clipnorm=config.clip_norm
    )
    trainer.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    optimizer.build(trainer.trainable_variables)  # so that a checkpoint before any step is whole
    return trainer


def start_streams(trainer: keras.Model, seed: int, epoch: int) -> None:
    """Start the random streams of dropout and augmentation for one epoch.

    Keras' files leave out where a stream stands, so a training that goes on from one could not
    otherwise draw what it would have drawn without the interruption.
    """
    streams = [stream for layer in trainer._flatten_layers() for stream in layer._seed_generators]
    seeds = np.random.default_rng([seed, epoch]).integers(2**32, size=len(streams))
    for stream, start in zip(streams, seeds, strict=True):
        stream.state.assign(np.array([start, 0], np.uint32))


def classifier_of(trainer: keras.Model) -> keras.Model:
    """The classifier inside a trainer; it shares the trainer's weights."""
    return next(layer for layer in trainer.layers if isinstance(layer, keras.Model))


def predict(model: keras.Model, examples: Examples, batch_size: int = 32) -> NDArray[np.float32]:
    """Probabilities (N, 7) of a classifier, batch by batch."""
    starts = range(0, len(examples), batch_size)
    parts = (examples.take(np.arange(i, min(i + batch_size, len(examples)))) for i in starts)
    return np.concatenate(
        [
            model.predict_on_batch({IMAGE: part.images.astype(np.float32), PATIENT: part.patients})
            for part in parts
        ]
    )


def load_weights(classifier: keras.Model, path: Path) -> None:
    """Fill a classifier from a ``.keras`` or ``.weights.h5`` file of the same architecture.

    Raises:
        InputError: no such file, or one of another network.
    """
    if not path.is_file():
        raise InputError(f"There is no weights file {path}. Use --weights imagenet, none or FILE.")
    try:
        classifier.load_weights(path)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"{path} doesn't fit {classifier.name}: {error}") from error
