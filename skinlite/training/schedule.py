"""Learning rates: the cosine of the preset ``default`` and the plateau of the preset ``paper``."""

from collections.abc import Sequence
from typing import Any

import keras

from skinlite.training.config import TrainConfig

PLATEAU_FACTOR, PLATEAU_FLOOR = 0.2, 1e-7
"""Paper, section 3.1.1, where the floor is misprinted as 0.1x10^6."""

PLATEAU_DELTA = 1e-4
"""The least gain that counts; the default of Keras' ``ReduceLROnPlateau``."""


def make_rate(config: TrainConfig, steps: int) -> Any:
    """What the optimizer of a training of ``steps`` batches starts with: a schedule or a number."""
    if config.schedule == "plateau":
        return config.learning_rate
    warmup = min(config.warmup_steps, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else config.learning_rate,
        decay_steps=max(1, steps - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )


def plateau_rate(config: TrainConfig, scores: Sequence[float]) -> float:
    """The rate of the epoch after these scores, one an epoch, larger is better.

    What Keras' ``ReduceLROnPlateau`` does, as a function of the past: nothing has to be kept for a
    training that goes on later.
    """
    rate, best, waited = config.learning_rate, -float("inf"), 0
    for score in scores:
        if score > best + PLATEAU_DELTA:
            best, waited = score, 0
            continue
        waited += 1
        if waited >= config.plateau_patience and rate > PLATEAU_FLOOR:
            rate, waited = max(rate * PLATEAU_FACTOR, PLATEAU_FLOOR), 0
    return rate
