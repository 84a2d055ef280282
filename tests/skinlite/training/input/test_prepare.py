"""Data made ready: which rows go where, and that a run gets its own again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from skinlite.data.dataset import read_dataset
from skinlite.data.splits.split_by_lesion import crossing_lesions
from skinlite.training.input.prepare import Prepared, all_examples, prepare, prepare_again


def test_splits_hold_the_rows_that_the_split_names(conv_prepared: Prepared) -> None:
    split, examples = conv_prepared.split, conv_prepared.examples
    assert crossing_lesions(split) == []
    assert sum(map(len, examples.values())) == len(conv_prepared.dataset.frame)
    for name, part in examples.items():
        ids = split.loc[split["split"] == name, "image_id"]
        rows = conv_prepared.dataset.select(ids)
        alone = all_examples(rows, conv_prepared.encoder, 32)
        np.testing.assert_array_equal(part.images, alone.images)
        np.testing.assert_array_equal(part.patients, alone.patients)
        np.testing.assert_array_equal(part.labels, alone.labels)


def test_encoder_is_fitted_on_training_rows_only(conv_prepared: Prepared) -> None:
    split = conv_prepared.split
    train = conv_prepared.dataset.select(split.loc[split["split"] == "train", "image_id"])
    assert conv_prepared.encoder.age_mean == train.frame["age"].mean()
    assert conv_prepared.encoder.age_mean != conv_prepared.dataset.frame["age"].mean()


def test_a_run_gets_its_own_split_and_encoder(
    training: Callable[..., Any], tiny_data: Path, tmp_path: Path
) -> None:
    dataset = read_dataset(tiny_data)
    other = prepare(dataset, 32, seed=5)
    run = training(tmp_path / "run", epochs=0).start()
    again = prepare_again(run, dataset)
    first = training(tmp_path / "run").data
    assert again.split.equals(first.split) and not again.split.equals(other.split)
    assert again.encoder == first.encoder
    for name, part in again.examples.items():
        np.testing.assert_array_equal(part.images, first.examples[name].images)
