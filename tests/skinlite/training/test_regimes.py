"""What the network sees and learns from in each regime."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.data.dataset import Dataset
from skinlite.data.patient import Patient
from skinlite.training.input.prepare import Prepared, prepare
from skinlite.vocabulary import IMAGE, PATIENT

Make = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("untraced")


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
    """Every image comes as often as another, or once more."""
    rows = len(conv_prepared.examples["train"])
    batches = training(tmp_path / "run", regime="augmented", batch_size=8)._batches(0)
    assert len(batches.order) == 18_015 and len(batches) == 18_015 // 8
    counts = np.bincount(batches.order, minlength=rows)
    assert counts.max() - counts.min() <= 1
    assert set(batches.weights) == {1.0}
    fewer = training(tmp_path / "run", epoch_pictures=10, batch_size=8)._batches(0)
    assert len(fewer.order) == len(set(fewer.order)) == 10


def test_what_no_training_row_tells_changes_no_answer(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    """Otherwise an age in years would meet weights that nothing ever taught."""
    frame = conv_prepared.dataset.frame.assign(age=np.nan, sex="unknown")
    blank = Dataset(frame, conv_prepared.dataset.root)
    with pytest.warns(UserWarning, match="No training row has a value of age or sex"):
        data = prepare(blank, 32, seed=0)
    run = training(tmp_path / "run", data=data, epochs=2).start()
    model, test = run.load_model(), data.examples["test"]
    images = test.images.astype(np.float32)

    def answers(**told: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            patients = data.encoder.encode([Patient(**told)] * len(test))
        return model.predict_on_batch({IMAGE: images, PATIENT: patients})

    nothing = answers(localization="back")
    np.testing.assert_array_equal(nothing, answers(localization="back", age=54, sex="male"))
    assert np.abs(nothing - answers(localization="face")).max() > 1e-3


def test_columns_that_no_training_row_has_start_at_zero(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    unseen = ~conv_prepared.examples["train"].patients.any(axis=0)
    model = training(tmp_path / "run", epochs=0).start().load_model()
    kernel = model.get_layer("patient_dense").get_weights()[0]
    np.testing.assert_array_equal((kernel == 0).all(axis=1), unseen)
