"""Presets and regimes: what they set, what goes before them, and what contradicts them."""

from typing import Any

import pytest
from pydantic import ValidationError

from skinlite.training.config import TrainConfig


def test_the_papers_protocol_to_the_letter() -> None:
    """Section 3.1.1: Adam 1e-3 with epsilon 0.1, 250 epochs, batch 32, patience 25, ImageNet."""
    config = TrainConfig(preset="paper")
    assert (config.learning_rate, config.epsilon, config.weight_decay) == (1e-3, 0.1, 0)
    assert (config.epochs, config.batch_size, config.patience) == (250, 32, 25)
    assert (config.schedule, config.monitor, config.clip_norm) == ("plateau", "accuracy", None)
    assert (config.weights, config.class_weight_power) == ("imagenet", 1)
    assert (config.regime, config.augments, config.asks_patient) == ("metadata", False, True)


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_the_augmented_regime_has_neither_patients_nor_weights(preset: Any) -> None:
    config = TrainConfig(preset=preset, regime="augmented")
    assert (config.augments, config.asks_patient) == (True, False)
    assert (config.epoch_pictures, config.class_weight_power, config.answer_dropout) == (
        18_015,
        0,
        0,
    )


def test_what_is_given_goes_before_the_preset() -> None:
    config = TrainConfig(preset="paper", regime="augmented", epochs=3, weights="none")
    assert (config.epochs, config.weights, config.batch_size) == (3, "none", 32)
    assert TrainConfig(preset="paper", clip_norm=1.0).clip_norm == 1


@pytest.mark.parametrize("preset", ["default", "paper"])
@pytest.mark.parametrize("regime", ["both", "metadata", "augmented"])
def test_round_trip(preset: Any, regime: Any) -> None:
    config = TrainConfig(preset=preset, regime=regime, epochs=7)
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"preset": "best"}, "'default', 'paper' or 'transfer'"),
        ({"regime": "none"}, "'both', 'metadata' or 'augmented'"),
        ({"regime": "augmented", "class_weight_power": 1}, "neither class weights nor metadata"),
        ({"regime": "augmented", "answer_dropout": 0.1}, "use the regime both"),
        ({"precision": "int8"}, "mixed_bfloat16"),
        ({"momentum": 0.9}, "Extra inputs"),
    ],
)
def test_nonsense(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        TrainConfig(**settings)


def test_a_setting_that_nothing_read_is_left_out_of_older_runs() -> None:
    assert TrainConfig(**{"keep_batch_norm": False}) == TrainConfig()
    with pytest.raises(ValueError, match="keep_batch_norm"):
        TrainConfig(**{"keep_batch_norm": True})
