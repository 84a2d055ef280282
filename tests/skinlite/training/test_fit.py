"""The loop: what it leaves, and where it stops."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.evaluation.metrics import evaluate
from skinlite.files.read_write import read_json
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.find import open_run, partial_folder, reopen_run
from skinlite.training.runs.info import RunMetrics

Make = Callable[..., Any]
TIMES = ["seconds", "cpu_seconds"]


def test_a_finished_run_has_everything_and_has_learned(training: Make, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    settings = {"epochs": 6, "learning_rate": 5e-3}
    run = training(tmp_path / "run", lambda *step: told.append(step), **settings).start()
    assert sorted(path.name for path in run.path.iterdir()) == [
        "config.json",
        "history.csv",
        "metrics.json",
        "model.keras",
        "patient_encoding.json",
        "split.csv",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (run.info.status, run.info.epochs_done, run.info.synthetic) == ("complete", 6, True)
    history = pd.read_csv(run.path / "history.csv")
    assert list(history["epoch"]) == [1, 2, 3, 4, 5, 6]
    assert history["loss"].iloc[-1] < 0.8 * history["loss"].iloc[0]
    scores = history["validation_balanced_accuracy"]
    assert run.info.best_epoch == scores.idxmax() + 1
    metrics = read_json(RunMetrics, run.path / "metrics.json")
    assert metrics.validation.balanced_accuracy == pytest.approx(scores.max())
    assert [step[1:] for step in told if step[0] == "epoch 6/6"] == [(0, 3), (1, 3), (2, 3)]
    assert (history[TIMES] > 0).all(axis=None)
    assert re.fullmatch(r"epoch 6/6, balanced accuracy 0\.\d+, \d+ s", told[-1][0])


def test_the_model_kept_is_the_best_epochs(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    from skinlite.training.trainer import predict

    run = training(tmp_path / "run", epochs=4, learning_rate=0.05).start()
    data = conv_prepared.examples["test"]
    found = evaluate(data.labels, predict(run.load_model(), data))
    assert found == read_json(RunMetrics, run.path / "metrics.json").test


def test_no_epochs_gives_an_untrained_run_that_is_not_degenerate(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    from skinlite.training.trainer import predict

    run = training(tmp_path / "run", epochs=0).start()
    assert (run.info.status, run.info.epochs_done, run.info.best_epoch) == ("untrained", 0, None)
    in_its_first_epoch = run.info.model_copy(update={"status": "interrupted"})
    assert not run.info.trained and not in_its_first_epoch.trained
    assert in_its_first_epoch.model_copy(update={"epochs_done": 1}).trained
    assert not (run.path / "metrics.json").exists()
    assert not (run.path / "checkpoint").exists()
    answers = predict(run.load_model(), conv_prepared.examples["train"])
    assert np.ptp(answers, axis=0).max() > 0.01
    with pytest.raises(InputError, match="nothing to resume"):
        reopen_run(run.path)


def test_a_taken_folder_is_left_alone(training: Make, tmp_path: Path) -> None:
    work = partial_folder(tmp_path / "run")
    work.mkdir()
    (work / "mine").write_text("here")
    with pytest.raises(InputError, match=r"Can't write .*run\.partial"):
        training(tmp_path / "run").start()
    assert (work / "mine").read_text() == "here"


@pytest.mark.usefixtures("untraced")
def test_a_loss_that_is_not_a_number_at_once_leaves_nothing(training: Make, tmp_path: Path) -> None:
    """A retry into the same folder is then not told to resume anything."""
    out = tmp_path / "run"
    with pytest.raises(InputError, match=r"became nan in epoch 1/\d\..*smaller `learning_rate`"):
        training(out, learning_rate=1e30, warmup_steps=0).start()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("untraced")
def test_a_loss_that_is_not_a_number_later_leaves_the_best_model(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    """The labels of the second epoch's weights are spoiled, as an overflow would."""
    from skinlite.training.trainer import predict

    out = tmp_path / "run"
    ill = training(out, epochs=3)
    healthy = ill._batches

    def spoiled(epoch: int, data: Prepared | None = None) -> Any:
        batches = healthy(epoch, data)
        if epoch:
            batches.weights = batches.weights * np.float32(np.nan)
        return batches

    ill._batches = spoiled
    with pytest.raises(
        InputError, match=rf"nan in epoch 2/3\..*of epoch 1, is kept in {out}.*another `out`"
    ):
        ill.start()
    assert list(tmp_path.iterdir()) == [out] and not (out / "checkpoint").exists()
    run = open_run(out)
    assert (run.info.status, run.info.epochs_done, run.info.best_epoch) == ("diverged", 1, 1)
    assert np.isfinite(predict(run.load_model(), conv_prepared.examples["test"])).all()
    assert read_json(RunMetrics, out / "metrics.json").test.images > 0
    with pytest.raises(InputError, match=r"diverged, and would diverge again.*`learning_rate`"):
        reopen_run(out)


@pytest.mark.usefixtures("untraced")
def test_a_weight_that_is_not_a_number_stops_it(training: Make, tmp_path: Path) -> None:
    """The last batch of an epoch can spoil what its loss doesn't show yet."""
    with pytest.raises(InputError, match="weight became infinite in epoch 1"):
        training(tmp_path / "run", learning_rate=1e38, batch_size=64, warmup_steps=0).start()


def test_early_stopping(training: Make, tmp_path: Path) -> None:
    """With a learning rate of nothing there is soon nothing better."""
    run = training(tmp_path / "run", epochs=12, patience=2, learning_rate=1e-12).start()
    assert run.info.status == "complete"
    assert run.info.best_epoch is not None
    assert run.info.epochs_done == run.info.best_epoch + 2 < 12
