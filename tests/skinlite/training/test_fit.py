"""The loop: what it leaves, where it stops, and that an interruption changes nothing."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.evaluation.metrics import evaluate
from skinlite.files import read_json
from skinlite.training.prepare import Prepared
from skinlite.training.run import RunMetrics, open_run, partial_folder, reopen_run

Make = Callable[..., Any]
TIMES = ["seconds", "cpu_seconds"]


class Killed(BaseException):
    """What ends the process here stands for SIGKILL: no handler of ours may run."""


def stop_at(title: str, step: int, error: BaseException) -> Callable[[str, int, int], None]:
    """A report callback that raises once it is told of a step."""

    def report(what: str, done: int, total: int) -> None:
        if (what, done) == (title, step):
            raise error

    return report


def test_a_finished_run_has_everything(training: Make, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    run = training(tmp_path / "run", lambda *step: told.append(step)).start()
    assert sorted(path.name for path in run.path.iterdir()) == [
        "config.json",
        "history.csv",
        "metrics.json",
        "model.keras",
        "patient_encoding.json",
        "split.csv",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (run.info.status, run.info.epochs_done, run.info.synthetic) == ("complete", 2, True)
    history = pd.read_csv(run.path / "history.csv")
    assert list(history["epoch"]) == [1, 2]
    scores = history["validation_balanced_accuracy"]
    assert run.info.best_epoch == scores.idxmax() + 1
    metrics = read_json(RunMetrics, run.path / "metrics.json")
    assert metrics.validation.balanced_accuracy == pytest.approx(scores.max())
    assert [step[1:] for step in told if step[0] == "epoch 2/2"] == [(0, 3), (1, 3), (2, 3)]
    assert (history[TIMES] > 0).all(axis=None)
    assert re.fullmatch(r"epoch 2/2, balanced accuracy 0\.\d+, \d+ s", told[-1][0])


def test_the_model_kept_is_the_best_epochs(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    from skinlite.training.trainer import predict

    run = training(tmp_path / "run", epochs=4, learning_rate=0.05).start()
    data = conv_prepared.examples["test"]
    found = evaluate(data.labels, predict(run.load_model(), data))
    assert found == read_json(RunMetrics, run.path / "metrics.json").test


def test_training_learns(training: Make, tmp_path: Path) -> None:
    run = training(tmp_path / "run", epochs=6, learning_rate=5e-3).start()
    loss = pd.read_csv(run.path / "history.csv")["loss"]
    assert loss.iloc[-1] < 0.8 * loss.iloc[0]


def test_no_epochs_gives_an_untrained_run_that_is_not_degenerate(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    from skinlite.training.trainer import predict

    run = training(tmp_path / "run", epochs=0).start()
    assert (run.info.status, run.info.epochs_done, run.info.best_epoch) == ("untrained", 0, None)
    assert not (run.path / "metrics.json").exists()
    assert not (run.path / "checkpoint").exists()
    answers = predict(run.load_model(), conv_prepared.examples["train"])
    assert np.ptp(answers, axis=0).max() > 0.01
    with pytest.raises(InputError, match="nothing to resume"):
        reopen_run(run.path)


def test_resuming_gives_what_no_interruption_gives(training: Make, tmp_path: Path) -> None:
    """Ctrl-C in the middle of the second epoch: the same weights as without it."""
    from skinlite.training.checkpoint import load_checkpoint

    def last_state(out: Path, seen: list[Any]) -> Callable[[str, int, int], None]:
        def report(what: str, done: int, total: int) -> None:
            if what.startswith("epoch 2/2, "):  # told after its checkpoint
                seen.append(load_checkpoint(partial_folder(out) / "checkpoint"))

        return report

    straight: list[Any] = []
    whole = training(tmp_path / "whole", last_state(tmp_path / "whole", straight)).start()

    out = tmp_path / "stopped"
    stopped = training(out, stop_at("epoch 2/2", 2, KeyboardInterrupt())).start()
    assert (stopped.info.status, stopped.info.epochs_done) == ("interrupted", 1)
    assert stopped.load_model() is not None
    again = reopen_run(out)
    assert again.path == partial_folder(out) and not out.exists()
    resumed: list[Any] = []
    done = training(out, last_state(out, resumed)).resume()

    assert (done.path, done.info.status, done.info.epochs_done) == (out, "complete", 2)
    (expected, state), (found, found_state) = straight[0], resumed[0]
    assert int(found.optimizer.iterations) == int(expected.optimizer.iterations) == 6
    assert found_state.history[1].loss == pytest.approx(state.history[1].loss, abs=1e-5)
    for before, after in zip(expected.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-5)
    assert whole.info.best_epoch == done.info.best_epoch


def test_resuming_keeps_the_plateau_and_the_early_stop(training: Make, tmp_path: Path) -> None:
    """The preset ``paper``, killed between two reductions of its rate."""
    settings = {
        "preset": "paper",
        "weights": "none",
        "epochs": 20,
        "batch_size": 16,
        "learning_rate": 1e-6,  # too little to get better, so that it stalls soon
        "plateau_patience": 1,
        "patience": 4,
    }
    straight = training(tmp_path / "straight", **settings).start()
    expected = pd.read_csv(straight.path / "history.csv")
    assert len(set(expected["learning_rate"])) >= 3
    assert straight.info.best_epoch is not None
    assert len(expected) == straight.info.best_epoch + 4 < 20

    out, title = tmp_path / "killed", f"epoch {len(expected) - 1}/20"
    with pytest.raises(Killed):
        training(out, stop_at(title, 1, Killed()), **settings).start()
    resumed = training(out, **settings).resume()
    found = pd.read_csv(resumed.path / "history.csv")
    assert (found[TIMES] > 0).all(axis=None)
    pd.testing.assert_frame_equal(
        found.drop(columns=TIMES), expected.drop(columns=TIMES), rtol=1e-4
    )
    assert resumed.info.best_epoch == straight.info.best_epoch


def test_stopped_before_the_first_epoch_ended(training: Make, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run = training(out, stop_at("epoch 1/2", 1, KeyboardInterrupt())).start()
    assert (run.info.status, run.info.epochs_done, run.info.best_epoch) == ("interrupted", 0, None)
    reopen_run(out)
    assert training(out).resume().info.epochs_done == 2


def test_a_finished_run_has_nothing_to_resume(training: Make, tmp_path: Path) -> None:
    run = training(tmp_path / "run", epochs=1).start()
    before = sorted(run.path.iterdir())
    with pytest.raises(InputError, match="is finished: there is nothing to resume"):
        reopen_run(run.path)
    assert sorted(run.path.iterdir()) == before


def test_nothing_to_resume_where_there_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no interrupted training"):
        reopen_run(tmp_path / "absent")


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_end_before_the_first_checkpoint_leaves_nothing(
    training: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    """Else ``train`` would send to ``--resume``, which has nothing to go on from."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("skinlite.training.fit.save_checkpoint", fail)
    with pytest.raises((KeyboardInterrupt, InputError)):
        training(tmp_path / "run").start()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_told_and_can_be_gone_on_from(
    training: Make, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    full = stop_at("epoch 2/2", 2, OSError(28, "No space left on device"))
    with pytest.raises(InputError, match=rf"No space left.*--resume {out}"):
        training(out, full).start()
    assert reopen_run(out).info.status == "interrupted"
    assert training(out).resume().info.epochs_done == 2


def test_ctrl_c_while_a_better_model_is_written_leaves_no_half_of_it(
    training: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def save(model: Any, path: Path, **options: Any) -> None:
        if path.name == "candidate.keras":
            path.write_bytes(b"half")
            raise KeyboardInterrupt
        whole(model, path, **options)

    whole = keras.Model.save
    monkeypatch.setattr(keras.Model, "save", save)
    run = training(tmp_path / "run").start()
    assert (run.info.status, run.load_model() is not None) == ("interrupted", True)
    assert [path.name for path in run.path.glob("*.keras")] == ["model.keras"]


def test_a_folder_with_nothing_to_go_on_from_is_told_to_be_removed(tmp_path: Path) -> None:
    work = partial_folder(tmp_path / "run")
    work.mkdir()
    with pytest.raises(InputError, match=rf"{work} was left by .*Remove it, and start again"):
        reopen_run(tmp_path / "run")


def test_a_kill_at_the_very_end_leaves_a_whole_run(
    training: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its checkpoint a run can't be resumed, so it has to be whole by then."""

    def removed_and_killed(path: Path, **options: Any) -> None:
        rmtree(path, **options)
        if str(path).endswith("checkpoint"):
            raise Killed

    rmtree = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", removed_and_killed)
    with pytest.raises(Killed):
        training(tmp_path / "run", epochs=1).start()
    assert open_run(tmp_path / "run").info.status == "complete"


def test_a_taken_folder_is_left_alone(training: Make, tmp_path: Path) -> None:
    work = partial_folder(tmp_path / "run")
    work.mkdir()
    (work / "mine").write_text("here")
    with pytest.raises(InputError, match=r"Can't write .*run\.partial"):
        training(tmp_path / "run").start()
    assert (work / "mine").read_text() == "here"


def test_a_loss_that_is_not_a_number_at_once_leaves_nothing(training: Make, tmp_path: Path) -> None:
    """A retry into the same folder is then not told to resume anything."""
    out = tmp_path / "run"
    with pytest.raises(InputError, match=r"loss became nan in epoch 1\..*smaller --learning-rate"):
        training(out, learning_rate=1e30, warmup_steps=0).start()
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_not_a_number_later_leaves_the_best_model(
    training: Make, tmp_path: Path, conv_prepared: Prepared
) -> None:
    """The labels of the second epoch's weights are spoiled, as an overflow would."""
    from skinlite.training.trainer import predict

    out = tmp_path / "run"
    ill = training(out, epochs=3)
    healthy = ill._batches

    def spoiled(epoch: int) -> Any:
        batches = healthy(epoch)
        if epoch:
            batches.weights = batches.weights * np.float32(np.nan)
        return batches

    ill._batches = spoiled
    with pytest.raises(
        InputError, match=rf"nan in epoch 2\..*of epoch 1, is kept in {out}.*another --out"
    ):
        ill.start()
    assert list(tmp_path.iterdir()) == [out] and not (out / "checkpoint").exists()
    run = open_run(out)
    assert (run.info.status, run.info.epochs_done, run.info.best_epoch) == ("diverged", 1, 1)
    assert np.isfinite(predict(run.load_model(), conv_prepared.examples["test"])).all()
    assert read_json(RunMetrics, out / "metrics.json").test.images > 0
    with pytest.raises(InputError, match=r"diverged, and would again.*--learning-rate"):
        reopen_run(out)


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
