"""The rungs between the baseline and a run's file: the stock converter's int8, at its pixels."""

from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates import rungs, sweep
from skinlite_benchmarks.candidates.peers.tool import STOCK
from skinlite_benchmarks.candidates.reference import RECORD, ReferenceRecord
from skinlite_benchmarks.candidates.rungs import make_rungs


def silent(what: str, done: int, total: int) -> None:
    """No progress bar."""


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """A baseline whose record says that it is MobileNet at 48 px."""
    record = ReferenceRecord(backbone="mobilenet", image_size=48, patient_width=20, versions={})
    (tmp_path / RECORD).write_text(record.model_dump_json())
    return tmp_path / "model.tflite"


@pytest.mark.slow
def test_the_networks_stand_at_the_baselines_pixels(
    baseline: Path, kept_run: Run, conv_net: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In this process, which has the small network in its registry.
    def apart(folder: Path, job: sweep.Job) -> None:
        if job.backbone != conv_net:
            raise InputError("too little memory")
        sweep.convert_job(folder, job)

    monkeypatch.setattr(sweep, "_convert_apart", apart)
    entries, reasons = make_rungs(baseline, [kept_run, kept_run], silent)
    (entry,) = entries
    one = entry.contestant
    assert one.name == "conv_net 48 px int8 (stock converter)"
    assert (one.tool, one.peer, one.trained, one.format) == (STOCK, True, False, "int8")
    assert reasons == [
        "MobileNet 48 px int8 (stock converter) takes no part: too little memory",
    ]


def test_a_baseline_of_others_has_no_rungs(
    tmp_path: Path, kept_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rungs, "convert_all", lambda *_: pytest.fail("converted"))
    assert make_rungs(tmp_path / "theirs.tflite", [kept_run], silent) == ([], [])
