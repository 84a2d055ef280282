"""The stock tools' files of a run's model: made once, named as peers, judged like the others."""

from pathlib import Path

import numpy as np
import pytest

from skinlite.cli.benchmark import run as command
from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates import peers
from skinlite_benchmarks.candidates.reference import record, reference_path
from skinlite_export.runtime.runner import load_runner, predict_all


def silent(what: str, done: int, total: int) -> None:
    """No progress bar."""


@pytest.mark.slow
def test_peers_answer_as_the_model_does_and_are_made_once(
    kept_run: Run, conv_prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = peers.make_peers(kept_run, conv_prepared, ("litert", "onnxruntime"), silent)
    names = [entry.contestant.name for entry in entries]
    assert names == [
        "conv_net float32 (stock converter)",
        "conv_net float16 (stock converter)",
        "conv_net dynamic (stock converter)",
        "conv_net int8 (stock converter)",
        "conv_net float32 (tf2onnx)",
        "conv_net int8 (onnxruntime QDQ)",
    ]
    assert all(entry.contestant.peer and entry.contestant.synthetic for entry in entries)
    few = conv_prepared.examples["test"].take(np.arange(5))
    whole = predict_all(load_runner(kept_run.path), few.images, few.patients)
    for entry in entries:
        found = predict_all(load_runner(entry.path), few.images, few.patients)
        exact = entry.contestant.format.startswith("float")
        np.testing.assert_allclose(found, whole, atol=2e-3 if exact else 0.2)

    monkeypatch.setattr(peers, "_convert", lambda *_: pytest.fail("converted again"))
    (again,) = peers.make_peers(kept_run, conv_prepared, ("litert",), silent)[:1]
    assert again == entries[0]


def test_peers_need_the_run(models: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--model RUN"):
        command.benchmark([models / "tiny.tflite"], tmp_path / "out", reference="none", peers=True)


def test_a_reference_with_a_runs_weights_is_another_reference(kept_run: Run) -> None:
    made_from = record(kept_run)
    assert (made_from.backbone, made_from.title, made_from.image_size) == ("conv_net",) * 2 + (32,)
    assert made_from.trained and made_from.model_sha256
    assert reference_path(kept_run) != reference_path()


def test_two_references_are_refused(models: Path, kept_run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two references"):
        command.benchmark(
            [models / "tiny.tflite"],
            tmp_path / "out",
            reference="none",
            reference_run=kept_run.path,
        )
