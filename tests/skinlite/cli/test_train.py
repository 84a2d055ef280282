"""``skinlite train`` as a user types it, and what it says to bad input."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from skinlite.data.patient import PatientEncoder
from skinlite.files.read_write import read_json
from skinlite.vocabulary import LEAKY

Skinlite = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("untraced")


def test_a_folder_that_is_no_data_set(skinlite: Skinlite, tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("photos")
    code, _, err = skinlite("train", "--data", tmp_path, "--out", tmp_path / "run")
    assert code == 2
    assert "is not a data set" in err and "skinlite demo" in err


def test_no_data_at_all(skinlite: Skinlite) -> None:
    code, _, err = skinlite("train")
    assert code == 2
    assert "--data DIR" in err and "skinlite demo" in err


def test_a_row_without_its_picture(skinlite: Skinlite, data: Path, tmp_path: Path) -> None:
    gone = sorted(data.glob("*/*.jpg"))[5]
    gone.unlink()
    code, _, err = skinlite("train", "--data", data, "--out", tmp_path / "run")
    assert code == 2
    assert "image missing: 1 x" in err and gone.stem in err and "skinlite data check" in err
    assert not (tmp_path / "run.partial").exists()


def test_a_truncated_picture_in_the_middle(skinlite: Skinlite, data: Path, tmp_path: Path) -> None:
    cut = sorted(data.glob("*/*.jpg"))[20]
    cut.write_bytes(cut.read_bytes()[:2000])
    code, _, err = skinlite(
        "train", "--data", data, "--out", tmp_path / "run", "--image-size", "48"
    )
    assert code == 2
    assert "1 image(s) can't be used" in err and cut.name in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_age_430(skinlite: Skinlite, data: Path, tmp_path: Path) -> None:
    table = data / "HAM10000_metadata.csv"
    header, first, *rest = table.read_text().splitlines()
    cells = first.split(",")
    cells[header.split(",").index("age")] = "430"
    table.write_text("\n".join([header, ",".join(cells), *rest]))
    code, _, err = skinlite("train", "--data", data, "--out", tmp_path / "run")
    assert code == 2
    assert "age out of range: 1 x" in err and "'430'" in err and "line 2" in err


def without(*classes: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The table with no row of some classes."""
    return lambda table: table[~table["dx"].isin(classes)]


def one_lesion(table: pd.DataFrame) -> pd.DataFrame:
    """The table with one lesion of df left."""
    first = table.loc[table["dx"] == "df", "lesion_id"].iloc[0]
    return table[(table["dx"] != "df") | (table["lesion_id"] == first)]


@pytest.mark.parametrize(
    ("change", "flags", "told"),
    [
        (without("df", "mel"), [], "no image of df, mel"),
        (one_lesion, [], "'df' has 1 lesion(s)"),
        (lambda table: table.assign(age=None), ["--split", "paper"], "No row has an age"),
    ],
)
def test_a_table_that_nothing_can_be_learned_from(
    skinlite: Skinlite,
    data: Path,
    tmp_path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    flags: list[str],
    told: str,
) -> None:
    path = data / "HAM10000_metadata.csv"
    table = change(pd.read_csv(path))
    table.to_csv(path, index=False)
    line = ["train", "--data", data, "--image-size", "48", "--out", tmp_path / "run"]
    code, _, err = skinlite(*line, *flags)
    assert (code, told in err) == (2, True), err
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_ages_that_nobody_knows_are_told_and_the_training_goes_on(
    skinlite: Skinlite, conv_net: str, data: Path, tmp_path: Path
) -> None:
    table = data / "HAM10000_metadata.csv"
    pd.read_csv(table).assign(age=None).to_csv(table, index=False)
    line = ["train", "--data", data, "--backbone", conv_net, "--image-size", "32"]
    line += ["--epochs", "1", "--batch-size", "16", "--out", tmp_path / "run"]
    code, _, err = skinlite(*line)
    assert (code, "No training row has a value of age" in err) == (0, True), err
    encoder = read_json(PatientEncoder, tmp_path / "run" / "patient_encoding.json")
    assert encoder.untold == ("age",)


def test_a_loss_that_is_no_number_can_be_tried_again(
    skinlite: Skinlite, conv_net: str, tiny_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    line = ["train", "--data", tiny_data, "--backbone", conv_net, "--image-size", "32"]
    line += ["--epochs", "1", "--batch-size", "16", "--out", out]
    code, _, err = skinlite(*line, "--learning-rate", "1e30")
    assert (code, "smaller --learning-rate" in err) == (2, True), err
    assert "--resume" not in err and not list(tmp_path.glob("*.partial"))
    assert skinlite(*line).code == 0 and out.exists()


def test_weights_of_another_backbone(
    skinlite: Skinlite, conv_net: str, run: Path, tiny_data: Path, tmp_path: Path
) -> None:
    line = ["train", "--data", tiny_data, "--backbone", conv_net, "--image-size", "48"]
    line += ["--weights", run / "model.keras", "--out", tmp_path / "new"]
    code, _, err = skinlite(*line)
    assert (code, "doesn't fit conv_net" in err) == (2, True), err
    assert not list(tmp_path.glob("new*"))


def test_an_output_folder_that_cannot_be_made(
    skinlite: Skinlite, conv_net: str, tiny_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    out = tmp_path / "file" / "run"
    line = ["train", "--data", tiny_data, "--backbone", conv_net, "--image-size", "32"]
    code, _, err = skinlite(*line, "--epochs", "0", "--out", out)
    assert code == 2
    assert "Can't write" in err and str(out) in err and "--out" in err


def test_an_output_folder_that_is_taken(skinlite: Skinlite, data: Path) -> None:
    code, _, err = skinlite("train", "--data", data, "--out", data)
    assert code == 2
    assert "exists already" in err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--backbone", "resnet9"], "Choose one of: mobilenet_v3_large, "),
        (["--image-size", "8"], "--image-size 8: "),
        (["--learning-rate", "0"], "--learning-rate 0.0: "),
        (["--epochs", "-1"], "--epochs"),
        (["--weights", "absent.keras"], "no weights file absent.keras"),
        (["--seed", "-1"], "--seed -1: "),
        (["--seed", str(2**32)], "--seed 4294967296: "),
        (["--preset", "best"], "--preset 'best': "),
        (["--precision", "int4"], "--precision 'int4': "),
        (["--devices", "two"], "--devices 'two': "),
        (["--devices", "0"], "--devices 0: there are 1"),
        (["--split", "random"], "neither lesion, paper or official, nor a CSV file"),
        (["--split", "official"], "--test-data"),
    ],
)
def test_flags_that_are_wrong(
    skinlite: Skinlite, tiny_data: Path, tmp_path: Path, flags: list[str], told: str
) -> None:
    line = ["train", "--data", tiny_data, "--out", tmp_path / "run", "--image-size", "48"]
    code, _, err = skinlite(*line, *flags)
    assert code == 2
    assert told in err
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_never_trained(
    skinlite: Skinlite,
    conv_net: str,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """--epochs 0, and the default folder; the second run gets a name of its own."""
    monkeypatch.chdir(tmp_path)
    line = ["train", "--data", tiny_data, "--backbone", conv_net, "--image-size", "32"]
    for name in ("conv_net-32px", "conv_net-32px-2"):
        code, out, _ = skinlite(*line, "--epochs", "0")
        assert (code, out.splitlines()[-1].endswith(f"runs/{name}")) == (0, True)
        info = json.loads((tmp_path / "runs" / name / "config.json").read_text())
        assert (info["status"], info["synthetic"]) == ("untrained", True)


@pytest.mark.filterwarnings("ignore:The split's .* lack")
def test_a_leaky_split_is_told_and_labelled(
    skinlite: Skinlite, conv_net: str, tiny_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    line = ["train", "--data", tiny_data, "--backbone", conv_net, "--image-size", "32"]
    line += ["--preset", "paper", "--weights", "none", "--epochs", "1", "--split", "paper"]
    code, _, err = skinlite(*line, "--out", out)
    assert code == 0
    assert re.search(r"split paper; leaking: \d+ of \d+ \(\d+%\) test images", err)
    assert LEAKY in err
    for name in ("config.json", "metrics.json"):
        split = json.loads((out / name).read_text())["split"]
        assert (split["kind"], split["leaky"]) == ("paper", True)
        assert split["leakage"]["leaking_pictures"] > 0
    config = json.loads((out / "config.json").read_text())["config"]
    assert (config["preset"], config["epsilon"], config["epochs"]) == ("paper", 0.1, 1)
    assert skinlite("evaluate", out, "--json").code == 0


def test_a_split_of_ones_own(
    skinlite: Skinlite, conv_net: str, tiny_data: Path, run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again"
    line = ["train", "--data", tiny_data, "--backbone", conv_net, "--image-size", "32"]
    code, _, err = skinlite(*line, "--epochs", "0", "--split", run / "split.csv", "--out", out)
    assert (code, "split file; leaking: 0 of 12" in err) == (0, True)
    assert (out / "split.csv").read_text() == (run / "split.csv").read_text()


def test_a_training_that_was_killed_before_is_not_written_over(
    skinlite: Skinlite, tiny_data: Path, tmp_path: Path
) -> None:
    state = tmp_path / "run.partial" / "checkpoint" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    code, _, err = skinlite("train", "--data", tiny_data, "--out", tmp_path / "run")
    assert code == 2
    assert f"skinlite train --resume {tmp_path / 'run'}" in err and state.exists()


def test_a_finished_run_is_not_resumed(skinlite: Skinlite, run: Path) -> None:
    code, _, err = skinlite("train", "--resume", run)
    assert code == 2
    assert "nothing to resume" in err
    assert (run / "config.json").exists()


def test_resuming_where_there_is_nothing(skinlite: Skinlite, tmp_path: Path) -> None:
    assert skinlite("train", "--resume", tmp_path / "run").code == 2


@pytest.mark.slow
def test_ctrl_c_leaves_a_usable_run_and_resume_completes_it(
    tiny_data: Path, conv_net: str, program: list[str], tmp_path: Path, skinlite: Skinlite
) -> None:
    """A real process, interrupted by a real SIGINT in the middle of its training."""
    out, epochs = tmp_path / "run", 8
    line = ["train", "--data", tiny_data, "--out", out, "--image-size", "32"]
    line += ["--epochs", epochs, "--patience", epochs, "--backbone", conv_net]
    process = subprocess.Popen(
        [*program, *map(str, line)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests started in the background of a shell ignore SIGINT, and would pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    state = tmp_path / "run.partial" / "checkpoint" / "state.json"
    deadline = time.monotonic() + 240
    while process.poll() is None and time.monotonic() < deadline:
        if state.exists() and json.loads(state.read_text())["epochs_done"] >= 1:
            break
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert f"skinlite train --resume {out}" in err
    info = json.loads((out / "config.json").read_text())
    assert info["status"] == "interrupted"
    assert 1 <= info["epochs_done"] < epochs
    assert not (tmp_path / "run.partial").exists()

    code, scores, err = skinlite("evaluate", out, "--json")
    assert code == 0, err
    assert json.loads(scores)["images"] == 12

    code, told, err = skinlite("train", "--resume", out)
    assert code == 0, err
    assert told.split() == [str(out)]
    info = json.loads((out / "config.json").read_text())
    assert (info["status"], info["epochs_done"]) == ("complete", epochs)
    assert json.loads((out / "metrics.json").read_text())["test"]["images"] == 12
