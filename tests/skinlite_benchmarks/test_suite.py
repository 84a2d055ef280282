"""The whole benchmark on real models, and the accuracy it takes from bundles."""

from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite_benchmarks.candidates.find import find_contestants, find_reference, with_reference
from skinlite_benchmarks.measure import interleave as timing
from skinlite_benchmarks.measure import latency as measuring
from skinlite_benchmarks.settings import BenchmarkSettings
from skinlite_benchmarks.suite import run_benchmark

from .conftest import write_bundle


def test_measures_bundles_and_bare_files_against_the_reference(
    tmp_path: Path, models: Path
) -> None:
    bundle = write_bundle(tmp_path / "bundle", models)
    results = run_benchmark([bundle], models / "slow.tflite", BenchmarkSettings((1,), 5))
    names = [one.name for one in results.contestants]
    assert names == ["tiny_net int8", "tiny_net float32 ONNX", "slow"]
    assert results.reference == "slow"
    tiny, onnx, slow = (results.measurement(name, 1) for name in names)
    assert tiny and onnx and slow and tiny.ratio
    assert tiny.ratio.median > 5  # a thousand times less arithmetic
    assert slow.ratio is None
    assert tiny.rounds == 5 and tiny.invocations == sum(map(len, tiny.turns_ms)) >= 5
    assert tiny.partitions and onnx.partitions is None
    assert any("not on a phone" in notice for notice in results.notices)
    assert any("Synthetic" in notice for notice in results.notices)
    assert any("5 rounds" in verdict.reason for verdict in results.verdicts)


def test_without_reference_there_are_no_ratios(models: Path) -> None:
    results = run_benchmark(
        [models / "tiny.tflite"], None, BenchmarkSettings((1,), 2, details=False)
    )
    assert results.reference is None
    assert [m.ratio for m in results.measurements] == [None]
    assert results.times_smaller("tiny") is None


def test_ctrl_c_in_the_second_thread_count_keeps_the_first(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []

    def interleave(*args, **kwargs):
        counts.append(1)
        if len(counts) == 2:
            raise KeyboardInterrupt
        return timing.interleave(*args, **kwargs)

    monkeypatch.setattr(measuring, "interleave", interleave)
    results = run_benchmark(
        [models / "tiny.tflite"], None, BenchmarkSettings((1, 2), 2, details=False)
    )
    assert results.interrupted
    assert results.settings.threads == (1,)
    assert any("Interrupted" in notice for notice in results.notices)


def test_accuracy_comes_from_the_manifest_of_a_trained_bundle(tmp_path: Path, models: Path) -> None:
    trained = find_contestants([write_bundle(tmp_path / "trained", models)])
    assert [entry.contestant.format for entry in trained] == ["int8", "float32"]
    assert all(entry.contestant.synthetic for entry in trained)
    accuracy = trained[0].contestant.accuracy
    assert accuracy is not None and accuracy.agreement is not None and accuracy.keras is not None
    assert accuracy.agreement.value == 0.97 and accuracy.keras.images == 700

    untrained = find_contestants([write_bundle(tmp_path / "raw", models, trained=False)])
    assert [entry.contestant.accuracy for entry in untrained] == [None, None]
    assert untrained[0].contestant.trained is False


def test_same_file_takes_part_once(tmp_path: Path, models: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", models)
    assert len(find_contestants([bundle, bundle, models / "tiny.tflite"])) == 2


def test_namesakes_are_told_apart(tmp_path: Path, models: Path) -> None:
    bundles = [write_bundle(tmp_path / name, models) for name in ("one", "two")]
    # Another manifest, and other bytes: an .onnx with a comment at its end is still an .onnx.
    for extra in range(2):
        copy = tmp_path / f"{extra}" / "net.tflite"
        copy.parent.mkdir()
        copy.write_bytes((models / "tiny.tflite").read_bytes() + bytes(extra + 1))
        bundles.append(copy)
    names = [entry.contestant.name for entry in find_contestants(bundles)]
    assert names == ["tiny_net int8", "tiny_net float32 ONNX", "net (0)", "net (1)"]


def test_a_changed_bundle_is_refused(tmp_path: Path, models: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", models)
    content = bytearray((bundle / "model.tflite").read_bytes())
    content[100] ^= 1
    (bundle / "model.tflite").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.tflite was changed"):
        find_contestants([bundle])


def test_the_reference_takes_part_once_and_last_under_a_name_of_its_own(
    models: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "slow.tflite"
    other.parent.mkdir()
    other.write_bytes((models / "slow.tflite").read_bytes() + b"\0")
    paths = [models / "slow.tflite", other, models / "tiny.tflite"]
    found = with_reference(find_contestants(paths), find_reference(models / "slow.tflite"))
    assert [entry.path for entry in found] == [other, *paths[2:], paths[0]]
    assert len({entry.contestant.name for entry in found}) == 3


@pytest.mark.parametrize("name", ["missing.tflite", "image.jpg", "."])
def test_what_is_no_model_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        find_contestants([tmp_path / name])


def test_reference_without_record_is_named_after_its_file(models: Path) -> None:
    found = find_reference(models / "slow.tflite").contestant
    assert (found.name, found.trained, found.format) == ("slow", None, None)
