"""Which images calibrate: balanced, seeded, from the given rows, none that is out of line."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.data.examples import Examples
from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_export.recipe import Recipe

LABELS = np.repeat(np.arange(7), [3, 10, 40, 2, 30, 100, 5])


def test_draw_is_balanced_as_far_as_the_classes_go() -> None:
    from skinlite_export.quantize.calibration import draw

    rows = draw(LABELS, 42, seed=0)
    assert len(rows) == len(set(rows.tolist())) == 42
    assert list(rows) == sorted(rows)
    counts = np.bincount(LABELS[rows], minlength=7)
    assert counts[[0, 3, 6]].tolist() == [3, 2, 5]  # all that there are
    assert counts[[1, 2, 4, 5]].sum() == 32 and np.ptp(counts[[1, 2, 4, 5]]) <= 1


def test_draw_takes_every_class_of_a_longer_list() -> None:
    from skinlite_export.quantize.calibration import draw

    labels = np.repeat(np.arange(9), 20)
    assert np.bincount(labels[draw(labels, 72, seed=0)]).tolist() == [8] * 9


def test_draw_is_seeded() -> None:
    from skinlite_export.quantize.calibration import draw

    assert draw(LABELS, 42, seed=0).tolist() == draw(LABELS, 42, seed=0).tolist()
    assert draw(LABELS, 42, seed=0).tolist() != draw(LABELS, 42, seed=1).tolist()


def test_draw_takes_all_where_there_are_fewer() -> None:
    from skinlite_export.quantize.calibration import draw

    assert draw(LABELS, 1000, seed=0).tolist() == list(range(len(LABELS)))


def test_an_outlier_is_dropped_with_its_layer_and_the_others_kept() -> None:
    from skinlite_export.quantize.calibration import screen

    random = np.random.default_rng(0)
    peaks = random.uniform(0.8, 1.0, (100, 3)).astype(np.float32) * np.float32([1, 50, 0.01])
    assert screen(peaks, ["a", "b", "c"], 1.5) == {}
    peaks[17, 2] = 1.0  # a hundred times the usual 0.01, and less than layer b's usual 50
    peaks[60, 0] = 2.0
    assert screen(peaks, ["a", "b", "c"], 1.5) == {17: "c", 60: "a"}
    assert screen(peaks, ["a", "b", "c"], 3.0) == {17: "c"}


def test_a_few_outliers_do_not_hide_each_other() -> None:
    """One in fifty, the rate seen on HAM10000, up to two hundred times the usual."""
    from skinlite_export.quantize.calibration import screen

    peaks = np.random.default_rng(0).uniform(0.4, 1.0, (300, 4)).astype(np.float32)
    planted = [3, 77, 150, 151, 299, 8]
    peaks[planted, 3] = [110, 20, 2, 200, 5, 9]
    assert screen(peaks, list("abcd"), 1.5) == dict.fromkeys(sorted(planted), "d")


@pytest.fixture
def parts(classifier: Any) -> tuple[Any, Any]:
    """The twin of `classifier`, and its graph."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras

    graph = read_keras(classifier)
    return build_twin(graph), graph


IDS = pd.Series([f"id{row:02d}" for row in range(21)], index=range(100, 121))


def pool(examples: Examples) -> Any:
    """The pool that a calibration draws from, of any images."""
    from skinlite_export.quantize.calibration_pool import Pool

    return Pool(examples, IDS[: len(examples)], "a test", "Draw more with `calibration_pictures`.")


def test_peaks_are_the_largest_magnitudes(parts: tuple[Any, Any], few: Examples) -> None:
    from skinlite.vocabulary import IMAGE, PATIENT
    from skinlite_export.quantize.calibration import peaks_of

    twin, graph = parts
    found, layers = peaks_of(twin, graph, few, lambda what, done, total: None)
    assert found.shape == (21, len(layers))
    assert "soft_attention" in layers  # the product that a hot attention map blows up
    import tf_keras

    inputs = {IMAGE: few.images.astype(np.float32), PATIENT: few.patients}
    for column, name in enumerate(layers):
        outputs = tf_keras.Model(twin.input, twin.get_layer(name).output)(inputs).numpy()
        expected = np.abs(outputs.reshape(21, -1)).max(axis=1)
        np.testing.assert_allclose(found[:, column], expected, rtol=1e-4)


@pytest.mark.parametrize("watched", [0, 1])
def test_one_watched_layer_or_none(few: Examples, watched: int) -> None:
    """Without an activation to watch, what has weights is watched: someone has to look."""
    from skinlite.vocabulary import IMAGE, PATIENT
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.deploy_graph import Graph, Node
    from skinlite_export.quantize.calibration import peaks_of

    random = np.random.default_rng(0)
    kernel, bias = random.normal(size=(20, 7)).astype(np.float32), np.zeros(7, np.float32)
    nodes = [
        Node(IMAGE, "Input", (), {"shape": (32, 32, 3)}),
        Node(PATIENT, "Input", (), {"shape": (20,)}),
        Node("dense", "Dense", (PATIENT,), {"units": 7}, (kernel, bias)),
    ]
    graph = Graph((*nodes, Node("relu", "ReLU", ("dense",))) if watched else tuple(nodes))
    found, layers = peaks_of(build_twin(graph), graph, few, lambda what, done, total: None)
    expected = few.patients @ kernel
    expected = np.maximum(expected, 0) if watched else np.abs(expected)
    assert layers == (["relu"] if watched else ["dense"])
    np.testing.assert_allclose(found[:, 0], expected.max(axis=1), rtol=1e-5)


def test_a_patient_far_out_does_not_calibrate(parts: tuple[Any, Any], few: Examples) -> None:
    """End to end: one of 21 drives a layer a thousand times beyond the others."""
    from skinlite.data.dataset import identity
    from skinlite_export.quantize.calibration import calibrate

    few.patients[13] *= 1e3
    recipe = Recipe(calibration_pictures=21)
    kept, record = calibrate(*parts, pool(few), recipe)
    assert record.drawn == 21
    assert list(record.screened) == ["id13"]
    assert record.screened["id13"] == "evidence"
    assert np.abs(kept.patients).max() < 10
    assert record.sha256 == identity(IDS[[100 + row for row in range(21) if row != 13]])
    everything, plain = calibrate(*parts, pool(few), recipe.model_copy(update={"screening": None}))
    assert (len(everything), plain.screened) == (21, {})


def test_an_absent_class_is_refused(parts: tuple[Any, Any], few: Examples) -> None:
    from skinlite_export.quantize.calibration import calibrate

    some = few.take(np.flatnonzero(~np.isin(few.labels, [3, 6])))
    with pytest.raises(InputError, match="lack df, vasc"):
        calibrate(*parts, pool(some), Recipe(calibration_pictures=21))
    with pytest.raises(InputError, match=r"Draw more with `calibration_pictures`"):
        calibrate(*parts, pool(few), Recipe(calibration_pictures=6))


def test_a_class_that_screening_takes_away_is_refused(
    parts: tuple[Any, Any], few: Examples
) -> None:
    from skinlite.vocabulary import CLASSES
    from skinlite_export.quantize.calibration import calibrate

    few.patients[13] *= 1e3
    alone = (few.labels != few.labels[13]) | (np.arange(len(few)) == 13)
    told = f"The 18 calibration images that are not screened out lack {CLASSES[few.labels[13]]}:"
    with pytest.raises(InputError, match=told):
        calibrate(*parts, pool(few.take(np.flatnonzero(alone))), Recipe(calibration_pictures=21))


def test_too_many_out_of_line_are_refused(
    tiny_run: Run, tiny_prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So strict a screening leaves some image out for certain; here one is too many."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.quantize import calibration
    from skinlite_export.quantize.calibration import calibrate
    from skinlite_export.quantize.calibration_pool import training_pool

    monkeypatch.setattr(calibration, "KEPT_AT_LEAST", 1.0)
    graph = read_keras(tiny_run.load_model())
    train = training_pool(tiny_prepared)
    recipe = Recipe(calibration_pictures=14, screening=1.0000001)
    with pytest.raises(InputError, match=r"of 14 calibration images have extreme"):
        calibrate(build_twin(graph), graph, train, recipe)


def test_calibration_comes_from_the_training_split(
    tiny_bundle: Any, tiny_prepared: Prepared
) -> None:
    from skinlite.data.dataset import identity
    from skinlite_export.quantize.calibration import draw

    split, record = tiny_prepared.split, tiny_bundle.manifest.calibration
    train = split.loc[split["split"] == "train", "image_id"].to_numpy()
    rows = draw(tiny_prepared.examples["train"].labels, 20, seed=0)
    assert set(record.screened) <= set(train[rows])
    assert record.sha256 == identity(set(train[rows]) - set(record.screened))
