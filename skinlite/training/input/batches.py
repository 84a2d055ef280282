"""Batches of one epoch: shuffled rows of the pixel cache, encoded patients, weighted labels."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.data.patient import PatientEncoder
from skinlite.training.config import TrainConfig
from skinlite.vocabulary import CLASSES, IMAGE, PATIENT


def class_weights(
    labels: NDArray[np.intp], power: float, classes: int = len(CLASSES)
) -> NDArray[np.float32]:
    """W_c = (N / (C N_c)) ** power (paper, section 3.3); a class without examples gets 0."""
    counts = np.bincount(labels, minlength=classes)
    weights = len(labels) / (classes * np.maximum(counts, 1))
    return np.where(counts > 0, weights**power, 0).astype(np.float32)


class Epoch(keras.utils.PyDataset):
    """The batches of one epoch, the same for the same seed and epoch whatever came before.

    Args:
        examples: of the training split.
        encoder: knows which columns are one answer.
        batch_size: images.
        weights: of the classes.
        answer_dropout: chance that an answer is shown as not told.
        seed: of the training.
        epoch: from 0.
        images: how many to show; every one comes as often as another, or once more.
        share: which part of how many of each batch is given, where several hosts share it.
    """

    def __init__(
        self,
        examples: Examples,
        encoder: PatientEncoder,
        *,
        batch_size: int,
        weights: NDArray[np.float32],
        answer_dropout: float,
        seed: int,
        epoch: int,
        images: int | None = None,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        super().__init__()
        self.share = share
        self.examples = examples
        self.batch_size = min(batch_size, images or len(examples))
        self.weights = weights
        random = np.random.default_rng([seed, epoch])
        count = images or len(examples)
        passes = -(-count // len(examples))
        self.order = np.concatenate([random.permutation(len(examples)) for _ in range(passes)])
        self.order = self.order[:count]
        self.patients = examples.patients.copy()
        for field in encoder.fields if encoder.asks else ():
            dropped = random.random(len(examples)) < answer_dropout
            self.patients[dropped, field] = encoder.missing()[field]
        # Always "not told" would be a second bias, which who tells would be answered without.
        self.patients[:, encoder.untold_columns] = 0

    def __len__(self) -> int:
        # A short last batch would have its own noise in the batch statistics: it is left out.
        return len(self.order) // self.batch_size

    def __getitem__(
        self, index: int
    ) -> tuple[dict[str, Any], NDArray[np.intp], NDArray[np.float32]]:
        # Sorted rows read the memory map forwards; order within a batch does not matter.
        rows = np.sort(self.order[index * self.batch_size : (index + 1) * self.batch_size])
        part, parts = self.share
        rows = rows[part * len(rows) // parts : (part + 1) * len(rows) // parts]
        labels = self.examples.labels[rows]
        inputs = {IMAGE: self.examples.take(rows).images}
        if self.patients.shape[1]:
            inputs[PATIENT] = self.patients[rows]
        return inputs, labels, self.weights[labels]


def make_epoch(
    config: TrainConfig,
    train: Examples,
    encoder: PatientEncoder,
    epoch: int,
    classes: int = len(CLASSES),
    share: tuple[int, int] = (0, 1),
) -> Epoch:
    """The batches of an epoch, from 0, as a training's settings ask for them."""
    return Epoch(
        train,
        encoder,
        batch_size=config.batch_size,
        weights=class_weights(train.labels, config.class_weight_power, classes),
        answer_dropout=config.answer_dropout,
        seed=config.seed,
        epoch=epoch,
        images=config.epoch_pictures,
        share=share,
    )
