"""Interruptions: Ctrl-C, a kill or a full disk change nothing, and leave nothing half-written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.files.read_write import sha256_of
from skinlite.training.runs.find import open_run, partial_folder, reopen_run
from skinlite.training.runs.run import Run

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


def test_resuming_gives_what_no_interruption_gives(training: Make, tmp_path: Path) -> None:
    """Ctrl-C in the first epoch, in the second one, then a full disk: the weights are the same."""
    from skinlite.training.checkpoint import load_checkpoint

    def last_state(out: Path, seen: list[Any]) -> Callable[[str, int, int], None]:
        def report(what: str, done: int, total: int) -> None:
            if what.startswith("epoch 2/2, "):  # told after its checkpoint
                seen.append(load_checkpoint(partial_folder(out) / "checkpoint"))

        return report

    straight: list[Any] = []
    whole = training(tmp_path / "whole", last_state(tmp_path / "whole", straight)).start()

    out = tmp_path / "stopped"
    stopped = training(out, stop_at("epoch 1/2", 1, KeyboardInterrupt())).start()
    info = stopped.info
    assert (info.status, info.epochs_done, info.best_epoch) == ("interrupted", 0, None)
    reopen_run(out)
    stopped = training(out, stop_at("epoch 2/2", 2, KeyboardInterrupt())).resume()
    assert (stopped.info.status, stopped.info.epochs_done) == ("interrupted", 1)
    assert stopped.load_model() is not None
    again = reopen_run(out)
    assert again.path == partial_folder(out) and not out.exists()
    full = stop_at("epoch 2/2", 2, OSError(28, "No space left on device"))
    with pytest.raises(InputError, match=rf"No space left.*`resume={out}`"):
        training(out, full).resume()
    assert reopen_run(out).info.status == "interrupted"
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


def test_a_finished_run_has_nothing_to_resume(conv_run: Run) -> None:
    before = sorted(conv_run.path.iterdir())
    with pytest.raises(InputError, match="is finished: there is nothing to resume"):
        reopen_run(conv_run.path)
    assert sorted(conv_run.path.iterdir()) == before


def test_nothing_to_resume_where_there_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no interrupted training"):
        reopen_run(tmp_path / "absent")


@pytest.mark.usefixtures("untraced")
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


@pytest.mark.usefixtures("untraced")
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


def late(monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> list[Any]:
    """Raises where the first epoch's model, the best so far, gets its place; gives its state."""
    from skinlite.training import fit

    publish, calls = fit.publish, []

    def first_raises(folder: Path, state: Any) -> None:
        calls.append(state)
        if len(calls) == 1:
            raise error
        publish(folder, state)

    monkeypatch.setattr(fit, "publish", first_raises)
    return calls


@pytest.mark.usefixtures("untraced")
def test_ctrl_c_between_checkpoint_and_model_and_a_kill_at_the_very_end(
    training: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At first the checkpoint names a better model that isn't ``model.keras`` yet. At the end it
    is removed: without it a run can't be resumed, so it has to be whole by then."""
    out = tmp_path / "run"
    calls = late(monkeypatch, KeyboardInterrupt)
    run = training(out).start()
    assert (run.info.status, run.info.epochs_done, run.info.best_epoch) == ("interrupted", 1, 1)
    assert run.load_model() is not None
    assert run.model_sha256() == calls[0].model_sha256
    assert len(pd.read_csv(run.intact("history.csv"))) == 1
    reopen_run(out)

    def removed_and_killed(path: Path, **options: Any) -> None:
        rmtree(path, **options)
        if str(path).endswith("checkpoint"):
            raise Killed

    rmtree = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", removed_and_killed)
    with pytest.raises(Killed):
        training(out).resume()
    assert_whole(open_run(out))


@pytest.mark.usefixtures("untraced")
def test_a_kill_between_checkpoint_and_model(
    training: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    calls = late(monkeypatch, Killed)
    with pytest.raises(Killed):
        training(out).start()
    assert sha256_of(partial_folder(out) / "model.keras") != calls[0].model_sha256
    assert_whole(training(out).resume())


def assert_whole(run: Run) -> None:
    assert (run.info.status, run.info.epochs_done) == ("complete", 2)
    assert run.load_model() is not None
    assert run.metrics().test.images > 0


@pytest.mark.usefixtures("untraced")
def test_a_model_from_elsewhere_is_not_gone_on_from(training: Make, tmp_path: Path) -> None:
    """Were no later epoch better, it would pass for this training's. The checkpoint of an older
    skinlite doesn't say which model is the best one's: it is finished, and its model unknown."""
    out = tmp_path / "run"
    settings = {"learning_rate": 1e-9}  # too little to get better
    with pytest.raises(Killed):
        training(out, stop_at("epoch 2/2", 1, Killed()), **settings).start()
    model = partial_folder(out) / "model.keras"
    whole = model.read_bytes()
    model.write_bytes(whole + b" ")
    with pytest.raises(InputError, match=r"model\.keras isn't the file that this training saved"):
        training(out, **settings).resume()
    model.write_bytes(whole)

    state = partial_folder(out) / "checkpoint" / "state.json"
    kept = json.loads(state.read_text())
    del kept["model_sha256"]
    state.write_text(json.dumps(kept))
    done = training(out, **settings).resume()
    assert (done.info.status, done.info.best_epoch) == ("complete", 1)
    assert not done.info.names_network and done.info.structure is None
    assert {"split.csv", "metrics.json", "history.csv"} <= set(done.info.files)


@pytest.mark.usefixtures("untraced")
def test_a_folder_with_nothing_to_resume_is_replaced(training: Make, tmp_path: Path) -> None:
    work = partial_folder(tmp_path / "run")
    work.mkdir()
    (work / "model.keras").write_text("begun")
    with pytest.raises(InputError, match=rf"{work} has no checkpoint.*Start again"):
        reopen_run(tmp_path / "run")
    done = training(tmp_path / "run", epochs=0).start()
    assert done.info.status == "untrained" and not work.exists()
