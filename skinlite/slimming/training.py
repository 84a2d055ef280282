"""A training that begins with its teacher's network and takes channels away, step by step."""

import shutil
from typing import Any

import keras
import numpy as np

from skinlite.data.examples import Examples
from skinlite.errors import InputError
from skinlite.models.keras_file import load_keras
from skinlite.models.keras_layers import all_layers
from skinlite.slimming.channels import Channels
from skinlite.slimming.choose import Narrowing, unreachable
from skinlite.slimming.cost import model_cycles
from skinlite.slimming.cut import cut
from skinlite.slimming.importance import KINDS, Importance, worth_of
from skinlite.training.batch_norm import settle_batch_norm
from skinlite.training.checkpoint import State, publish
from skinlite.training.config import Slimming
from skinlite.training.fit import Training
from skinlite.training.runs.info import MODEL, Status
from skinlite.training.runs.run import Run
from skinlite.training.runs.write import score_of
from skinlite.training.trainer import classifier_of, teacher_in

IMAGES = 1024
"""Of training, by which the worth of channels is judged."""

FEWEST = 32
"""With fewer training images the worth of a channel is chance."""


class SlimTraining(Training):
    """See `Training`. Channels go at the beginning of epochs; only what comes after the last cut is
    judged, so that the best model has the width that was asked for.
    """

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        if self._strategy is not None:
            raise InputError("A network is made slim on one device: leave out `devices`.")

    @property
    def _slimming(self) -> Slimming:
        assert self.config.slimming
        return self.config.slimming

    def cuts(self) -> dict[int, float]:
        """By epoch: the share of the teacher's cycles that is left from its beginning on.

        The first half of the training is for them, each takes away the same share of what is there.
        """
        steps, goal = self._slimming.steps, self._slimming.cycles
        apart = max(1, self.config.epochs // (2 * steps))
        return {step * apart: goal ** ((step + 1) / steps) for step in range(steps)}

    def _initial(self) -> keras.Model:
        assert self.teacher
        model, goal = self.teacher.load_model(), self.cuts()[0]
        return self._narrowed(model, self._slimming.importance, goal)

    def _before_epoch(self, trainer: keras.Model, state: State) -> tuple[keras.Model, State]:
        goal = self.cuts().get(state.epochs_done)
        if goal is None or not state.epochs_done:
            return trainer, state
        try:
            narrow = self._narrowed(classifier_of(trainer), self._slimming.importance, goal)
        except InputError:
            shutil.rmtree(self.work)  # it can't go on, and is wider than what was asked for
            raise
        trainer = self._trainer(narrow, state.epochs_done, teacher_in(trainer))
        # What was wider was better and isn't what was asked for.
        return trainer, state.model_copy(update={"best_score": -1.0})

    def _stalled(self, state: State) -> bool:
        # Before the last cut it isn't what was asked for, however well it does.
        return state.epochs_done > max(self.cuts()) and super()._stalled(state)

    def choose(self) -> None:
        """Decide by what channels are judged: by the validation split, after the first cut.

        Raises:
            InputError: the goal can't be reached.
        """
        assert self.teacher
        model, goal = self.teacher.load_model(), self.cuts()[0]
        found: dict[Importance, float] = {}
        for done, kind in enumerate(KINDS):
            self.report("comparing what decides which channels go", done, len(KINDS))
            narrow = self._narrowed(model, kind, goal)
            found[kind] = score_of(narrow, self.data, "validation").balanced_accuracy
        self.report("comparing what decides which channels go", len(KINDS), len(KINDS))
        best = max(found, key=lambda kind: found[kind])
        slimming = self._slimming.model_copy(update={"importance": best, "tried": dict(found)})
        self.config = self.config.model_copy(update={"slimming": slimming})

    def _narrowed(self, model: keras.Model, importance: Importance, share: float) -> keras.Model:
        """What is left of a network at a share of the teacher's cycles."""
        channels = Channels(model)
        config = self.config
        worth = worth_of(
            importance, model, channels, self._judging(), config.class_weight_power, config.seed
        )
        narrowing = Narrowing(channels, worth)
        goal = share * self._slimming.before
        narrowing.until(goal)
        if narrowing.cycles > goal:
            raise unreachable(self._slimming.cycles, narrowing.cycles / self._slimming.before)
        narrow = cut(model, channels, narrowing.kept)
        # Who trained an adopted network may have frozen a part of it. Layer by layer: with
        # TensorFlow, Keras does nothing when it is told of a network what this already says
        # (findings/keras-trainable-again.sh).
        for layer in all_layers(narrow):
            layer.trainable = True
        settle_batch_norm(narrow, self.data.examples["train"], batches=8, batch_size=64)
        return narrow

    def _judging(self) -> Examples:
        train = self.data.examples["train"]
        if len(train) < FEWEST:
            raise InputError(
                f"The run has {len(train)} training images: too few to tell which channels are "
                f"needed. Give a data set with at least {FEWEST}."
            )
        rows = np.random.default_rng(self.config.seed).permutation(len(train))[:IMAGES]
        return train.take(rows)

    def _finish(self, status: Status, state: State) -> Run:
        publish(self.work, state)
        after = round(model_cycles(load_keras(self.work / MODEL)))
        slimming = self._slimming.model_copy(update={"after": after})
        self.config = self.config.model_copy(update={"slimming": slimming})
        return super()._finish(status, state)
