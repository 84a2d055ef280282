"""``skinlite benchmark`` as a user types it."""

import json
from pathlib import Path

import pytest

from skinlite.cli.benchmark import run as command
from skinlite.errors import InputError


def test_writes_the_report_and_prints_the_sentence(
    tmp_path: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    slow = str(models / "slow.tflite")
    command.benchmark([models / "tiny.tflite"], out, threads="1", rounds=2, reference=slow)
    printed = capsys.readouterr().out
    assert "tiny at 16 px is" in printed and "times faster" in printed
    assert str(out / "report.html") in printed
    assert json.loads((out / "results.json").read_text())["reference"] == "slow"


def test_json_is_the_results(
    tmp_path: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    command.benchmark(
        [models / "tiny.onnx"],
        out,
        threads="1",
        rounds=2,
        reference="none",
        as_json=True,
        details=False,
    )
    assert json.loads(capsys.readouterr().out) == json.loads((out / "results.json").read_text())


@pytest.mark.parametrize("threads", ["", "one", "0", "1,1", "2,"])
def test_bad_thread_counts(models: Path, threads: str) -> None:
    with pytest.raises(InputError, match="--threads"):
        command.benchmark([models / "tiny.onnx"], threads=threads)


def test_unknown_reference_lists_the_choices(models: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="inception_resnet_v2, none"):
        command.benchmark([models / "tiny.onnx"], tmp_path / "out", reference="resnet")


def test_corrupt_model_leaves_no_report(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"not a model")
    with pytest.raises(InputError, match=r"broken\.tflite"):
        command.benchmark([broken], tmp_path / "out", reference="none")
    assert not (tmp_path / "out").exists()
