"""The learning rate over a training."""

from types import SimpleNamespace

import numpy as np
import pytest

from skinlite.training.config import TrainConfig


@pytest.mark.parametrize("seed", range(5))
def test_the_plateau_is_that_of_keras(seed: int) -> None:
    import keras

    from skinlite.training.schedule import plateau_rate

    config = TrainConfig(preset="paper", plateau_patience=3)
    scores = (np.random.default_rng(seed).random(80) * 0.3 + np.linspace(0, 0.1, 80)).tolist()
    optimizer = SimpleNamespace(learning_rate=1e-3)
    callback = keras.callbacks.ReduceLROnPlateau(
        "score", factor=0.2, patience=3, min_lr=1e-7, mode="max"
    )
    callback.set_model(SimpleNamespace(optimizer=optimizer))
    callback.on_train_begin()
    for epoch, score in enumerate(scores):
        assert plateau_rate(config, scores[:epoch]) == pytest.approx(optimizer.learning_rate)
        callback.on_epoch_end(epoch, {"score": score})
    assert optimizer.learning_rate < 1e-6


def test_the_floor_is_reached_and_kept() -> None:
    from skinlite.training.schedule import plateau_rate

    assert plateau_rate(TrainConfig(preset="paper"), [0.5] * 500) == 1e-7


def test_the_cosine_warms_up_and_ends_at_nothing() -> None:
    from skinlite.training.schedule import make_rate

    rate = make_rate(TrainConfig(warmup_steps=10), steps=200)
    assert float(rate(0)) == 0
    assert float(rate(10)) == pytest.approx(2e-3)
    assert float(rate(105)) == pytest.approx(1e-3, rel=0.02)
    assert float(rate(200)) == pytest.approx(0, abs=1e-9)
