"""What the network sees and learns from in each regime."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.training.prepare import Prepared
from skinlite.vocabulary import IMAGE, PATIENT

Make = Callable[..., Any]


def test_augmented_answers_whatever_the_patient_tells(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    """The input stays, so that an app needs no second contract; it changes nothing."""
    run = training(tmp_path / "run", regime="augmented", epoch_pictures=80, epochs=2).start()
    test, model = conv_prepared.examples["test"], run.load_model()
    images = test.images.astype(np.float32)
    told = model.predict_on_batch({IMAGE: images, PATIENT: test.patients})
    silent = np.tile(conv_prepared.encoder.missing(), (len(test), 1))
    np.testing.assert_array_equal(told, model.predict_on_batch({IMAGE: images, PATIENT: silent}))
    assert np.ptp(told, axis=0).max() > 1e-3


def test_metadata_learns_from_the_patient(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    run = training(tmp_path / "run", regime="metadata", epochs=2).start()
    test, model = conv_prepared.examples["test"], run.load_model()
    images = test.images.astype(np.float32)
    told = model.predict_on_batch({IMAGE: images, PATIENT: test.patients})
    silent = np.tile(conv_prepared.encoder.missing(), (len(test), 1))
    other = model.predict_on_batch({IMAGE: images, PATIENT: silent})
    assert np.abs(told - other).max() > 1e-3


@pytest.mark.parametrize(("regime", "varied"), [("metadata", False), ("augmented", True)])
def test_pictures_are_varied_or_not(conv_net: str, regime: Any, varied: bool) -> None:
    from skinlite.models.classifier import build_classifier
    from skinlite.training.config import TrainConfig
    from skinlite.training.trainer import make_trainer

    config = TrainConfig(regime=regime, backbone=conv_net, image_size=32)
    trainer = make_trainer(build_classifier(conv_net, patient_width=20), config, 10)
    assert any(layer.name == "augment" for layer in trainer.layers) == varied


def test_an_epoch_has_as_many_pictures_as_asked_for(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    """Every picture comes as often as another, or once more."""
    rows = len(conv_prepared.examples["train"])
    batches = training(tmp_path / "run", regime="augmented", batch_size=8)._batches(0)
    assert len(batches.order) == 18_015 and len(batches) == 18_015 // 8
    counts = np.bincount(batches.order, minlength=rows)
    assert counts.max() - counts.min() <= 1
    assert set(batches.weights) == {1.0}
    fewer = training(tmp_path / "run", epoch_pictures=10, batch_size=8)._batches(0)
    assert len(fewer.order) == len(set(fewer.order)) == 10
