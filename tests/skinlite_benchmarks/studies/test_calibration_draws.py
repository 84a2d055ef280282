"""Calibration draws: random ones take what they say, with their ids."""

import numpy as np

from skinlite.training.input.prepare import Prepared


def test_a_random_draw_keeps_pictures_and_ids_together(tiny_prepared: Prepared) -> None:
    from skinlite_benchmarks.studies.calibration_draws import only_some

    few = only_some(tiny_prepared, 10, seed=0)
    all_ids = tiny_prepared.split.query("split == 'train'")["image_id"].tolist()
    ids = few.split.query("split == 'train'")["image_id"].tolist()
    assert len(ids) == len(few.examples["train"]) == 10
    rows = [all_ids.index(name) for name in ids]
    expected = tiny_prepared.examples["train"].take(np.array(rows))
    np.testing.assert_array_equal(few.examples["train"].images, expected.images)
    for other in ("validation", "test"):
        count = (few.split["split"] == other).sum()
        assert count == len(few.examples[other]) == len(tiny_prepared.examples[other])


def test_random_draws_are_seeded(tiny_prepared: Prepared) -> None:
    from skinlite_benchmarks.studies.calibration_draws import only_some

    first, again, other = (only_some(tiny_prepared, 10, seed) for seed in (0, 0, 1))
    assert first.split.equals(again.split)
    assert not first.split.equals(other.split)
