"""The batches of an epoch, and the class weights."""

from typing import Any

import numpy as np
import pytest

from skinlite.training.input.prepare import Prepared
from skinlite.vocabulary import IMAGE, PATIENT


@pytest.fixture
def epoch(conv_prepared: Prepared) -> Any:
    """Makes an `Epoch` of the training split; keyword arguments over the defaults."""
    from skinlite.training.input.batches import Epoch

    def make(**changes: Any) -> Epoch:
        settings = {"batch_size": 8, "answer_dropout": 0.0, "seed": 0, "epoch": 0} | changes
        weights = np.arange(1, 8, dtype=np.float32)
        train = conv_prepared.examples["train"]
        return Epoch(train, conv_prepared.encoder, weights=weights, **settings)

    return make


def test_class_weights_are_the_papers_at_power_1() -> None:
    """W_c = N / (C N_c), with 7 classes and 4 + 1 + 2 images."""
    from skinlite.training.input.batches import class_weights

    labels = np.array([0, 0, 0, 0, 1, 2, 2])
    expected = [7 / (7 * 4), 7 / 7, 7 / (7 * 2), 0, 0, 0, 0]
    np.testing.assert_allclose(class_weights(labels, 1.0), expected)
    np.testing.assert_allclose(class_weights(labels, 0.5), np.sqrt(expected))
    np.testing.assert_array_equal(class_weights(labels, 0.0), [1, 1, 1, 0, 0, 0, 0])


def test_same_seed_and_epoch_same_batches(epoch: Any) -> None:
    for first, second in zip(
        epoch(answer_dropout=0.3, epoch=2), epoch(answer_dropout=0.3, epoch=2), strict=True
    ):
        for name in (IMAGE, PATIENT):
            np.testing.assert_array_equal(first[0][name], second[0][name])
        np.testing.assert_array_equal(first[1], second[1])


def test_another_seed_or_epoch_is_another_order(epoch: Any) -> None:
    order = epoch().order
    assert (epoch(epoch=1).order != order).any()
    assert (epoch(seed=1).order != order).any()


def test_every_row_comes_once(epoch: Any, conv_prepared: Prepared) -> None:
    train = conv_prepared.examples["train"]
    batches = epoch(batch_size=1)
    assert len(batches) == len(train)
    images = np.concatenate([batches[index][0][IMAGE] for index in range(len(batches))])
    seen = sorted(image.tobytes() for image in images)
    assert seen == sorted(image.tobytes() for image in train.images)


def test_a_short_last_batch_is_left_out(epoch: Any, conv_prepared: Prepared) -> None:
    rows = len(conv_prepared.examples["train"])
    batches = epoch(batch_size=rows - 1)
    assert len(batches) == 1
    assert len(batches[0][1]) == rows - 1
    assert len(epoch(batch_size=10 * rows)) == 1  # a batch larger than the set is the set


def test_pictures_patients_labels_and_weights_belong_together(
    epoch: Any, conv_prepared: Prepared
) -> None:
    train = conv_prepared.examples["train"]
    place = {image.tobytes(): row for row, image in enumerate(train.images)}
    inputs, labels, weights = epoch()[1]
    assert inputs[IMAGE].dtype == np.uint8
    rows = [place[image.tobytes()] for image in inputs[IMAGE]]
    np.testing.assert_array_equal(inputs[PATIENT], train.patients[rows])
    np.testing.assert_array_equal(labels, train.labels[rows])
    np.testing.assert_array_equal(weights, labels + 1)


def test_answers_are_dropped_at_about_the_rate(epoch: Any, conv_prepared: Prepared) -> None:
    encoder, train = conv_prepared.encoder, conv_prepared.examples["train"]
    missing = encoder.missing()
    for field in encoder.fields:
        known = (train.patients[:, field] != missing[field]).any(axis=1)
        shares = [
            (epoch(answer_dropout=0.3, epoch=n).patients[known, field] == missing[field])
            .all(axis=1)
            .mean()
            for n in range(40)
        ]
        assert np.mean(shares) == pytest.approx(0.3, abs=0.04)
    np.testing.assert_array_equal(epoch().patients, train.patients)


def test_dropping_answers_leaves_the_examples_alone(epoch: Any, conv_prepared: Prepared) -> None:
    before = conv_prepared.examples["train"].patients.copy()
    epoch(answer_dropout=0.9)
    np.testing.assert_array_equal(conv_prepared.examples["train"].patients, before)
