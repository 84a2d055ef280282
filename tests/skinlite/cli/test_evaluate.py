"""``skinlite evaluate`` on a run and on a bundle."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite.training.runs.find import open_run
from skinlite.training.runs.info import RunMetrics
from skinlite.training.runs.run import Run
from skinlite.vocabulary import CLASSES
from skinlite_export.bundle.folder import Bundle

from ...skinlite_export.conftest import exported

__all__ = ["exported"]

Skinlite = Callable[..., Any]
Exported = Callable[..., Bundle]


@pytest.fixture
def run(conv_run: Run) -> Path:
    """A small one, to be damaged."""
    return conv_run.path


def test_evaluate_gives_what_the_run_and_the_bundle_say(
    skinlite: Skinlite, kept_run: Run, exported: Exported
) -> None:
    known = read_json(RunMetrics, kept_run.path / "metrics.json")
    for split, expected in (("test", known.test), ("validation", known.validation)):
        code, out, err = skinlite("evaluate", kept_run.path, "--split", split, "--json")
        assert code == 0, err
        assert json.loads(out).items() >= json.loads(expected.model_dump_json()).items()
    bundle = exported()
    code, out, err = skinlite("evaluate", bundle.path, "--model", kept_run.path, "--json")
    assert code == 0, err
    proven = bundle.manifest.verification.files[0].metrics
    assert json.loads(out).items() >= json.loads(proven.model_dump_json()).items()


def test_evaluate_says_synthetic_and_prints_the_table(skinlite: Skinlite, kept_run: Run) -> None:
    code, out, _ = skinlite("evaluate", kept_run.path)
    assert code == 0
    assert "synthetic images" in out and "balanced accuracy" in out
    assert "without the image" in out and "age, sex, localization" in out
    for name in CLASSES:
        assert name in out


def test_evaluate_of_a_bundle_needs_its_split(
    skinlite: Skinlite, tiny_bundle: Bundle, tiny_data: Path, tmp_path: Path
) -> None:
    code, _, err = skinlite("evaluate", tiny_bundle.path, "--data", tiny_data)
    assert code == 2
    assert "--model RUN" in err and "--split all" in err
    moved = Path(shutil.copytree(tiny_bundle.path, tmp_path / ".bundle.skinlite-old"))
    code, _, err = skinlite("evaluate", moved.with_name("bundle"), "--data", tiny_data)
    assert code == 2 and "--model RUN" in err  # a killed kit left it there; it is put back
    code, out, err = skinlite(
        "evaluate", tiny_bundle.path, "--data", tiny_data, "--split", "all", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["images"] == len(list(tiny_data.glob("*/*.jpg")))
    assert json.loads(out)["metadata_only"] == []  # nobody knows what it was trained on


def test_evaluate_of_everything_warns_of_training_pictures(
    skinlite: Skinlite, kept_run: Run
) -> None:
    code, _, err = skinlite("evaluate", kept_run.path, "--split", "all")
    assert code == 0
    assert "images that the run was trained on" in err


def test_evaluate_of_a_folder_that_is_neither(skinlite: Skinlite, tmp_path: Path) -> None:
    assert skinlite("evaluate", tmp_path).code == 2


def test_everything_at_once(skinlite: Skinlite, kept_run: Run, tmp_path: Path) -> None:
    """Subgroups, calibration, intervals, the challenge's file and the figures of a run."""
    sheet, figures = tmp_path / "answers.csv", tmp_path / "figures"
    code, out, err = skinlite(
        "evaluate", kept_run.path, "--isic-csv", sheet, "--figures", figures, "--json"
    )
    assert code == 0, err
    assert "answers.csv" in err and "attention.png" in err
    found = json.loads(out)
    written = pd.read_csv(sheet)
    assert list(written) == ["image", "MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC"]
    split = kept_run.split()
    assert set(written["image"]) == set(split.loc[split["split"] == "test", "image_id"])
    assert len(written) == found["images"]
    assert written.iloc[:, 1:].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    low, high = found["intervals"]["accuracy"]
    assert low <= found["accuracy"] <= high
    assert found["calibration"]["temperature_from"] == "the validation split"
    assert sum(one["images"] for one in found["calibration"]["bins"]) == found["images"]
    (without,) = found["metadata_only"]  # one source, which tells nothing apart
    assert without["inputs"] == ["age", "sex", "localization"]
    assert 0 < without["balanced_accuracy"] < 1
    for field in ("age", "sex", "site", "dataset"):
        members = [one for one in found["subgroups"] if one["field"] == field]
        assert sum(one["images"] for one in members) == found["images"]
    assert {path.name for path in figures.iterdir()} >= {"roc.png", "training.png", "attention.png"}


def test_a_leaky_split_is_labelled(skinlite: Skinlite, run: Path) -> None:
    config = json.loads((run / "config.json").read_text())
    config["split"] = config["split"] | {"kind": "paper", "leaky": True}
    (run / "config.json").write_text(json.dumps(config))
    assert "LEAKY" in skinlite("evaluate", run).out
    assert json.loads(skinlite("evaluate", run, "--split", "validation", "--json").out)["leaky"]
    assert "LEAKY" not in skinlite("evaluate", run, "--split", "train").out


def test_places_that_cannot_be_written(skinlite: Skinlite, kept_run: Run, tmp_path: Path) -> None:
    """Told before an image is read."""
    (tmp_path / "taken").write_text("")
    for line, word in (
        (["--isic-csv", tmp_path], "--isic-csv"),
        (["--isic-csv", tmp_path / "absent" / "a.csv"], "--isic-csv"),
        (["--figures", tmp_path], "--figures"),
        (["--figures", tmp_path / "taken"], "--figures"),
    ):
        code, out, err = skinlite("evaluate", kept_run.path, *line)
        assert (code, out) == (2, "")
        assert word in err
    assert (tmp_path / "taken").read_text() == ""


@pytest.mark.parametrize("change", ["classes", "labels", "pictures", "table"])
def test_data_that_is_not_of_the_run(
    skinlite: Skinlite, kept_run: Run, data: Path, change: str
) -> None:
    """Other classes, no labels, other images, and a folder that is no data set."""
    (table,) = data.glob("*metadata*")
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    if change == "classes":
        frame["dx"] = "psoriasis"
    elif change == "labels":
        frame["dx"] = ""
    elif change == "pictures":
        frame = frame.iloc[1:].iloc[::2]
    frame.to_csv(table, index=False)
    if change == "table":
        shutil.rmtree(data)
        data.mkdir()
    code, out, err = skinlite("evaluate", kept_run.path, "--data", data)
    assert (code, out) == (2, "")
    expected = {
        "classes": "psoriasis",
        "labels": "unknown class",
        "pictures": "that the run was trained on",
        "table": "not a data set",
    }
    assert expected[change] in err


def test_a_bundle_is_not_judged_on_another_runs_split(
    skinlite: Skinlite, tiny_bundle: Bundle, run: Path, forget_hashes: Callable[[Path], Run]
) -> None:
    """What one run holds out may have trained another."""
    with (run / "model.keras").open("ab") as model:
        model.write(b" ")
    code, out, err = skinlite("evaluate", tiny_bundle.path, "--model", run)
    assert (code, out) == (2, "")
    assert "model.keras is not the model of this run" in err and "Restore" in err
    forget_hashes(run)
    code, out, err = skinlite("evaluate", tiny_bundle.path, "--model", run)
    assert (code, out) == (2, "")
    assert f"wasn't exported from {run}" in err and "--model" in err
    # Nor does another run know which of all images trained it.
    code, out, err = skinlite("evaluate", tiny_bundle.path, "--model", run, "--split", "all")
    assert (code, out) == (2, "")
    assert f"wasn't exported from {run}" in err


def test_a_run_whose_files_are_not_its_own(skinlite: Skinlite, run: Path) -> None:
    """Its network, its split and its encoding: each by its name, with the way on."""
    for name in ("model.keras", "split.csv", "patient_encoding.json"):
        whole = (run / name).read_bytes()
        (run / name).write_bytes(whole + b" ")
        code, out, err = skinlite("evaluate", run)
        assert (code, out) == (2, "")
        assert name in err and "or train again" in " ".join(err.split())
        (run / name).write_bytes(whole)
    assert skinlite("evaluate", run).code == 0


def test_an_empty_split(
    skinlite: Skinlite, run: Path, forget_hashes: Callable[[Path], Run]
) -> None:
    split = pd.read_csv(run / "split.csv", dtype=str)
    split.loc[split["split"] == "test", "split"] = "train"
    split.to_csv(run / "split.csv", index=False)
    forget_hashes(run)
    code, out, err = skinlite("evaluate", run)
    assert (code, out) == (2, "")
    assert "has no test images" in err


def test_a_network_that_answers_nan(
    skinlite: Skinlite, run: Path, forget_hashes: Callable[[Path], Run]
) -> None:
    import keras

    model = open_run(run).load_model()
    model.get_layer("probabilities").bias.assign([float("nan")] * 7)
    model.save(run / "model.keras")
    keras.utils.clear_session(free_memory=False)
    forget_hashes(run)
    code, out, err = skinlite("evaluate", run, "--split", "validation")
    assert (code, out) == (2, "")
    assert "NaN" in err and "Train or export it again" in err


def test_a_damaged_history_of_an_older_run_is_told(
    skinlite: Skinlite, run: Path, tmp_path: Path
) -> None:
    """Of a run without hashes nothing else tells."""
    info = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(info | {"files": {}, "structure": None}))
    history = run / "history.csv"
    whole = history.read_bytes()
    scores = open_run(run).history()
    assert scores is not None and len(scores) == 1
    for damaged in (b"", b"\xff\xfe\0", whole[:20], whole.replace(b"loss", b"los"), whole + b'"'):
        history.write_bytes(damaged)
        with pytest.raises(InputError, match=r"history\.csv is damaged: .*Restore"):
            open_run(run).history()
    code, out, err = skinlite("evaluate", run, "--figures", tmp_path / "figures")
    assert (code, out) == (2, "") and "history.csv is damaged" in err
    assert not (tmp_path / "figures").exists()
    history.unlink()
    assert open_run(run).history() is None
    os.mkfifo(history)
    with pytest.raises(InputError, match=r"history\.csv is a pipe"):
        open_run(run).history()


@pytest.mark.slow
def test_shifts_are_judged_beside_the_scores(
    skinlite: Skinlite, kept_run: Run, exported: Exported, tmp_path: Path
) -> None:
    bundle = exported()
    line = ("evaluate", bundle.path, "--model", kept_run.path, "--shifts", "--json")
    code, out, err = skinlite(*line, "--figures", tmp_path / "figures")
    assert code == 0, err
    found = json.loads(out)
    plain, *shifted = found["shifts"]
    assert (plain["shift"], plain["strength"], len(shifted)) == ("none", 0, 60)
    assert plain["accuracy"] == pytest.approx(found["accuracy"])  # fewer than 300 images: all
    comparison = bundle.manifest.verification.files[0]
    assert plain["agreement"] == pytest.approx(comparison.agreement)
    decision = bundle.manifest.decision
    assert decision
    away = decision.familiarity.turned_away["model.tflite"].value
    assert plain["turned_away"] == pytest.approx(away)
    # Noise is no lesion, whatever lies below.
    worst = {(one["shift"], one["strength"]): one["turned_away"] for one in shifted}
    assert worst["gaussian noise", 5] > plain["turned_away"]
    # By what 95 % of the images as they are keep to.
    assert plain["out_of_range"] <= 0.05
    beyond = {(one["shift"], one["strength"]): one["out_of_range"] for one in shifted}
    assert beyond["gaussian noise", 5] > 0.5
    assert (tmp_path / "figures/shifts.png").is_file()
