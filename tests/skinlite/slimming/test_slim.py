"""``skinlite slim``: a run in, a narrower run out, that all other commands take."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.api.slim import slim
from skinlite.api.train import TrainingInterruptedError, resume
from skinlite.errors import GateError, InputError
from skinlite.files.read_write import sha256_of
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import open_bundle, write_manifest
from skinlite_export.verify.gates import check_gates

Made = Callable[..., Any]
SHORT: dict[str, Any] = {"epochs": 2, "steps": 1, "cycles": 0.9, "importance": "taylor"}


def test_a_run_in_a_run_out(
    kept_run: Run, tiny_data: Path, conv_net: str, skinlite: Made, tmp_path: Path
) -> None:
    """Cut in two steps by what is best on validation; then exported and judged by the teacher."""
    out = tmp_path / "slim"
    done = skinlite(
        *("slim", kept_run.path, "--out", out, "--data", tiny_data),
        *("--cycles", "0.9", "--epochs", "2", "--steps", "2"),
    )
    assert done.code == 0, done.err
    assert done.out.strip() == str(out) and "benchmark sweep --model" in done.err
    run = open_run(out)
    slimming, teacher = run.info.settings.slimming, run.info.settings.teacher
    assert slimming and teacher
    assert set(slimming.tried) == {"taylor", "batch-norm", "random"}
    assert slimming.importance == max(slimming.tried, key=lambda kind: slimming.tried[kind])
    assert slimming.after <= 0.9 * slimming.before
    assert teacher.model_sha256 == sha256_of(kept_run.path / "model.keras")
    assert run.split().equals(kept_run.split())
    narrow, wide = run.load_model(), kept_run.load_model()
    assert narrow.count_params() < wide.count_params()
    assert run.metrics().test.images == kept_run.metrics().test.images

    bundle = tmp_path / "bundle"
    loose = ",".join(
        f"{name}=1"
        for name in ("ece_rise", "balanced_accuracy_drop", "melanoma_recall_drop", "macro_auc_drop")
    )
    export = ("export", "--model", out, "--data", tiny_data, "--quantize", "none")
    exported = skinlite(*export, "--out", bundle, "--gates", loose)
    assert exported.code == 0, exported.err
    assert "holds against the teacher, model.tflite: macro AUC drop" in exported.out + exported.err
    proof = json.loads((bundle / "manifest.json").read_text())["verification"]["teacher"]
    assert proof["model_sha256"] == teacher.model_sha256
    assert proof["keras"]["balanced_accuracy"] == pytest.approx(
        kept_run.metrics().test.balanced_accuracy
    )
    assert {gate["file"] for gate in proof["gates"]} == {"model.tflite", "model.onnx"}
    card = (bundle / "MODEL_CARD.md").read_text()
    assert "## Gates against the teacher" in card and teacher.model_sha256 in card
    own = card.split("## Gates\n")[1].split("\n## ")[0]
    assert own.count("macro AUC drop") == 2  # of each file; the teacher's stand below
    checked = skinlite("verify", bundle)
    assert checked.code == 0, checked.err

    forged = tmp_path / "forged"
    shutil.copytree(bundle, forged)
    manifest = open_bundle(forged).manifest
    theirs = manifest.verification.teacher
    assert theirs
    better = theirs.gates[1].model_copy(update={"measured": -0.5})
    kept = theirs.model_copy(update={"gates": [theirs.gates[0], better, *theirs.gates[2:]]})
    verification = manifest.verification.model_copy(update={"teacher": kept})
    write_manifest(forged, manifest.model_copy(update={"verification": verification}))
    told = skinlite("verify", forged)
    assert told.code == 2 and "against the teacher" in told.err

    # Answers that are too far from the teacher's: its gates fail, and alone.
    worse = theirs.gates[1].model_copy(update={"measured": 2.0, "passed": False})
    kept = theirs.model_copy(update={"gates": [theirs.gates[0], worse, *theirs.gates[2:]]})
    verification = manifest.verification.model_copy(update={"teacher": kept})
    with pytest.raises(GateError, match=r"^1 gate.*against the teacher, model.*slim the run less"):
        check_gates(manifest.model_copy(update={"verification": verification}), bundle)

    # Another's answers in the place of the teacher's are told.
    (out / "teacher.csv").write_text("image_id,nv\n")
    spoiled = skinlite(*export, "--out", tmp_path / "spoiled", "--gates", loose)
    assert spoiled.code == 2 and "was changed after the training" in spoiled.err


@pytest.mark.filterwarnings("ignore:.*LEAKY")
@pytest.mark.usefixtures("untraced")
def test_it_resumes_as_if_uninterrupted_and_a_leak_stays_labelled(
    kept_run: Run, tiny_data: Path, conv_net: str, tmp_path: Path
) -> None:
    """Stopped in the epoch after the second cut, which is then made again."""
    leaky = Path(shutil.copytree(kept_run.path, tmp_path / "leaky"))
    known = json.loads((leaky / "config.json").read_text())
    known["split"]["leaky"] = True
    known["split"]["leaks"]["state"] = "found"
    (leaky / "config.json").write_text(json.dumps(known))
    settings: dict[str, Any] = SHORT | {"steps": 2, "data": tiny_data}
    with pytest.warns(UserWarning, match="LEAKY"):
        whole = slim(leaky, out=tmp_path / "whole", **settings)
    assert whole.info.split.leaky

    def stop(what: str, done: int, total: int) -> None:
        if (what, done) == ("epoch 2/2", 1):
            raise KeyboardInterrupt

    out = tmp_path / "stopped"
    with pytest.raises(TrainingInterruptedError):
        slim(leaky, out=out, report=stop, **settings)
    again = resume(out)
    assert again.info.settings == whole.info.settings and again.info.split.leaky
    for found, expected in zip(
        again.load_model().get_weights(), whole.load_model().get_weights(), strict=True
    ):
        assert found.shape == expected.shape and np.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("cycles", [0.0, 1.0, 2.0, float("nan")])
def test_a_share_is_between_0_and_1(cycles: float, kept_run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="isn't between 0 and 1"):
        slim(kept_run, out=tmp_path / "x", cycles=cycles)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("untraced")
def test_what_can_not_be_made_slim(
    kept_run: Run, tiny_data: Path, conv_net: str, conv_prepared: Prepared, tmp_path: Path
) -> None:
    from skinlite.training.config import TrainConfig
    from skinlite.training.fit import Training

    config = TrainConfig(backbone=conv_net, image_size=32, epochs=0)
    untrained = Training(tmp_path / "untrained", config, conv_prepared).start()
    with pytest.raises(InputError, match="is untrained"):
        slim(untrained, out=tmp_path / "x")
    moved = replace(kept_run, info=kept_run.info.model_copy(update={"data": "moved/away"}))
    with pytest.raises(InputError, match=r"isn't where it was, moved/away.*`data=DIR`"):
        slim(moved, out=tmp_path / "x", **SHORT)
    with pytest.raises(InputError, match=r"`cycles=0.01` can't be reached.*Use `cycles="):
        slim(kept_run, out=tmp_path / "x", data=tiny_data, **SHORT | {"cycles": 0.01})
    with pytest.raises(InputError, match="fewer than `steps=3`"):
        slim(kept_run, out=tmp_path / "x", data=tiny_data, **SHORT | {"steps": 3})
    with pytest.raises(InputError, match="`image_size` is the run's own"):
        slim(kept_run, out=tmp_path / "x", data=tiny_data, **SHORT | {"image_size": 48})
    for seed in (-1, 2**32):  # Keras takes neither
        with pytest.raises(InputError, match=f"`seed` {seed}: "):
            slim(kept_run, out=tmp_path / "x", data=tiny_data, **SHORT | {"seed": seed})
    with pytest.raises(InputError, match=r"`importance='size'` isn't known.*auto, .* or random"):
        slim(kept_run, out=tmp_path / "x", data=tiny_data, **SHORT | {"importance": "size"})
    assert not (tmp_path / "x").exists() and not (tmp_path / "x.partial").exists()


def test_patience_begins_with_the_last_cut(conv_prepared: Prepared, tmp_path: Path) -> None:
    """What is wider isn't what was asked for, however long it gets no better."""
    from skinlite.slimming.training import SlimTraining
    from skinlite.training.checkpoint import State
    from skinlite.training.config import Slimming, TrainConfig

    slimming = Slimming(cycles=0.5, importance="random", steps=2, before=10, after=10)
    config = TrainConfig(epochs=8, patience=1, slimming=slimming)
    training = SlimTraining(tmp_path / "x", config, conv_prepared)
    assert max(training.cuts()) == 2
    states = [State(epochs_done=done, best_epoch=1) for done in (2, 3)]
    assert [training._stalled(state) for state in states] == [False, True]


def test_a_front_has_its_own_shares(skinlite: Made, kept_run: Run, tmp_path: Path) -> None:
    line = ("slim", kept_run.path, "--front", "--cycles", "0.4", "--out", tmp_path / "front")
    refused = skinlite(*line)
    assert refused.code == 2 and "leave out --cycles" in refused.err
    assert list(tmp_path.iterdir()) == []


def test_too_few_images(
    kept_run: Run, tiny_data: Path, conv_net: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from skinlite.slimming import training

    monkeypatch.setattr(training, "FEWEST", 1000)
    with pytest.raises(InputError, match="training images: too few to tell"):
        slim(kept_run, out=tmp_path / "x", data=tiny_data, **SHORT)


@pytest.mark.usefixtures("untraced")
def test_the_front_goes_on_where_it_was(
    kept_run: Run,
    tiny_data: Path,
    conv_net: str,
    skinlite: Made,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """What is finished is kept, what can't be reached left out; another run's front isn't taken for
    this one's."""
    from skinlite.api import slim as api

    monkeypatch.setattr(api, "FRONT", (0.95, 0.9, 0.01))
    out = tmp_path / "front"
    slim(kept_run, out=out / "0.95", data=tiny_data, **SHORT | {"cycles": 0.95, "epochs": 1})
    before = sha256_of(out / "0.95" / "config.json")
    command = ("slim", kept_run.path, "--front", "--out", out, "--data", tiny_data)
    done = skinlite(*command, "--epochs", "1", "--steps", "1", "--importance", "random")
    assert done.code == 0, done.err
    assert sha256_of(out / "0.95" / "config.json") == before
    narrow = open_run(out / "0.9").info.settings.slimming
    assert narrow and narrow.importance == "random" and narrow.after <= 0.9 * narrow.before
    assert "left out 0.01" in done.err and not (out / "0.01").exists()
    assert f"--model {out / '0.95'} --model {out / '0.9'}" in done.err

    # Told before what was interrupted goes on, which may take hours.
    (out / "0.95").rename(out / "0.95.partial")
    (out / "0.95.partial" / "checkpoint").mkdir()
    other = skinlite("slim", out / "0.9", "--front", "--out", out, "--data", tiny_data)
    assert other.code == 2 and "0.95.partial is of another run" in other.err
