"""Accuracy on a data set: which images judge, and one set of predictions for all columns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skinlite.data.dataset import Dataset, read_dataset
from skinlite.data.splits.leaks import Leaks
from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite.training.runs.info import RunMetrics
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.find import find_contestants
from skinlite_benchmarks.measure import accuracy
from skinlite_benchmarks.measure.accuracy import score
from skinlite_benchmarks.measure.evaluation_set import choose_images, run_of
from skinlite_benchmarks.settings import BenchmarkSettings
from skinlite_benchmarks.suite import run_benchmark
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.runtime.onnx import OnnxRunner

from ..conftest import write_bundle


def silent(what: str, done: int, total: int) -> None:
    """No progress bar."""


@pytest.fixture
def dataset(tiny_data: Path) -> Dataset:
    return read_dataset(tiny_data)


def test_without_a_run_the_whole_set_judges_and_says_so(
    models: Path, dataset: Dataset, tmp_path: Path
) -> None:
    bundle = write_bundle(tmp_path / "bundle", models)
    evaluation_set = choose_images(dataset, [])
    assert evaluation_set.pictures == "all" and "--model RUN" in evaluation_set.notice
    results = run_benchmark(
        [bundle, models / "slow.tflite"],
        None,
        BenchmarkSettings((1,), 2, details=False),
        evaluation_set=evaluation_set,
    )
    assert results.settings.data == dataset.root.name
    assert evaluation_set.notice in results.notices
    assert any("slow was not tested" in notice for notice in results.notices)
    int8, whole, bare = results.contestants
    assert bare.accuracy is None and whole.accuracy is not None
    # The .onnx of the bundle is the float model of its .tflite, and agrees with itself.
    assert whole.accuracy.agreement is not None and whole.accuracy.agreement.value == 1
    assert int8.accuracy is not None and int8.accuracy.agreement is not None
    assert int8.accuracy.keras == whole.accuracy.exported
    assert int8.accuracy.exported.images == len(dataset.frame) == int8.accuracy.agreement.n
    assert int8.accuracy.agreement.value < 1  # other weights


def test_nan_of_one_file_leaves_it_without_accuracy_and_the_others_with_theirs(
    models: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = accuracy.predict_all

    def broken(runner: object, *given: object) -> object:
        found = real(runner, *given)
        return found * np.nan if isinstance(runner, OnnxRunner) else found

    monkeypatch.setattr(accuracy, "predict_all", broken)
    bundle = write_bundle(tmp_path / "bundle", models, quantize="none")
    entries = find_contestants([bundle])
    found, (reason,) = score(entries, choose_images(dataset, []), silent)
    assert list(found) == [entries[0].contestant.name]
    assert reason.startswith(f"{entries[1].contestant.name} was not tested for accuracy: The ")
    assert "with NaN or infinity" in reason


def test_a_run_is_judged_on_its_held_out_pictures(kept_run: Run, dataset: Dataset) -> None:
    evaluation_set = choose_images(dataset, [kept_run])
    assert evaluation_set.pictures == "test" and not evaluation_set.notice
    found, reasons = score(find_contestants([kept_run.path]), evaluation_set, silent)
    (accuracy,) = found.values()
    expected = read_json(RunMetrics, kept_run.path / "metrics.json").test
    assert accuracy.exported.confusion == expected.confusion and not reasons
    assert accuracy.agreement is not None and accuracy.agreement.value == 1


def test_a_bundle_of_another_run_is_refused(
    models: Path, kept_run: Run, dataset: Dataset, tmp_path: Path
) -> None:
    """What one run holds out may have trained another; an untrained network is not judged."""
    bundle = write_bundle(tmp_path / "bundle", models)
    entries = find_contestants([kept_run.path, bundle])
    with pytest.raises(InputError, match=rf"{bundle}/model.tflite doesn't come from .*--model"):
        choose_images(dataset, [kept_run], entries)
    fresh = find_contestants([kept_run.path, write_bundle(tmp_path / "b", models, trained=False)])
    assert choose_images(dataset, [kept_run], fresh).pictures == "test"


def test_a_bare_file_comes_from_the_run_that_it_names(
    models: Path, tiny_bundle: Bundle, tiny_run: Run, kept_run: Run, dataset: Dataset
) -> None:
    """The only run that is given isn't its own for that: it knows another encoding and split."""
    for model in tiny_bundle.models:
        (entry,) = find_contestants([tiny_bundle.path / model])
        assert run_of(entry, [kept_run, tiny_run]) is tiny_run
        assert run_of(entry, [kept_run]) is None and run_of(entry, []) is None
    entries = find_contestants([models / "tiny.tflite", tiny_bundle.path / TFLITE])
    found, reasons = score(entries, choose_images(dataset, [kept_run], entries), silent)
    assert not found and len(reasons) == 2
    assert all("doesn't say that it was exported from a run" in reason for reason in reasons)


def test_a_bundle_of_another_run_is_told_on_pictures_that_no_run_knows(
    models: Path, kept_run: Run, dataset: Dataset, tmp_path: Path
) -> None:
    entries = find_contestants([write_bundle(tmp_path / "bundle", models)])
    other = Dataset(dataset.frame.assign(image_id="x" + dataset.frame["image_id"]), dataset.root)
    found, reasons = score(entries, choose_images(other, [kept_run], entries), silent)
    assert len(found) == 2 and len(reasons) == 2
    assert "none of the runs" in reasons[0]


def test_a_leaky_split_is_told(kept_run: Run, dataset: Dataset) -> None:
    info = kept_run.info
    for state in ("found", "unknown", "none found"):
        leaks = Leaks(state=state, reason="so it is")
        split = info.split.model_copy(update={"leaky": state == "found", "leaks": leaks})
        other = replace(kept_run, info=info.model_copy(update={"split": split}))
        evaluation_set = choose_images(dataset, [other])
        found, _ = score(find_contestants([kept_run.path]), evaluation_set, silent)
        assert [one.leaks for one in found.values()] == [leaks]
        assert [one.leaky for one in found.values()] == [state == "found"]


def test_pictures_that_no_run_knows_judge_as_a_whole(kept_run: Run, dataset: Dataset) -> None:
    ids = "other_" + dataset.frame["image_id"]
    other = Dataset(dataset.frame.assign(image_id=ids), dataset.root)
    evaluation_set = choose_images(other, [kept_run])
    assert (
        evaluation_set.pictures == "all"
        and "none of its images is in the runs' splits" in evaluation_set.notice
    )


def test_runs_with_different_test_splits_are_refused(
    kept_run: Run, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = kept_run.split().assign(split=lambda rows: np.roll(rows["split"].to_numpy(), 7))
    other = replace(kept_run)
    object.__setattr__(other, "split", lambda: turned)
    with pytest.raises(InputError, match="different test splits"):
        choose_images(dataset, [kept_run, other])


def test_a_data_set_of_other_classes_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    table = dataset.frame[["image_id", "lesion_id", "dx", "age", "sex", "localization"]]
    table.assign(dx="melanoma-in-situ").to_csv(tmp_path / "HAM10000_metadata.csv", index=False)
    with pytest.raises(InputError, match="melanoma-in-situ"):
        read_dataset(tmp_path)
