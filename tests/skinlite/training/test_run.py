"""Opening a run folder: whole, damaged, of another version."""

import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite.errors import InputError
from skinlite.training.run import Run, newest_run, open_run


@pytest.fixture
def run(training: Callable[..., Any], tmp_path: Path) -> Run:
    return training(tmp_path / "runs" / "first", epochs=0).start()


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a run folder.*skinlite demo"):
        open_run(tmp_path)
    with pytest.raises(InputError, match="not a run folder"):
        open_run(tmp_path / "absent")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file: Invalid JSON"),
        (b'{"schema_version": 1}', "status: Field required"),
        (b"\x00\xff", "Invalid JSON"),
    ],
)
def test_damaged_config(run: Run, content: bytes, told: str) -> None:
    (run.path / "config.json").write_bytes(content)
    with pytest.raises(InputError, match=rf"config\.json is damaged.*{told}"):
        open_run(run.path)


def test_config_of_another_version(run: Run) -> None:
    info = json.loads((run.path / "config.json").read_text())
    (run.path / "config.json").write_text(json.dumps(info | {"schema_version": 2}))
    with pytest.raises(InputError, match="another version: schema_version: Input should be 1"):
        open_run(run.path)


def foreign(kind: str) -> Any:
    """A Keras model from elsewhere."""
    import keras
    from keras import layers

    picture = layers.Input((32, 32, 3), name="image")
    flat = layers.Flatten()(picture)
    if kind == "code":
        return keras.Model(picture, layers.Dense(7)(layers.Lambda(lambda x: x * 2)(flat)))
    if kind == "sequential":
        return keras.Sequential([picture, layers.Flatten(), layers.Dense(7)])
    if kind == "picture only":
        return keras.Model(picture, layers.Dense(7)(flat))
    patient = layers.Input((4,), name="patient")
    both = layers.Concatenate()([flat, patient])
    return keras.Model({"image": picture, "patient": patient}, layers.Dense(9)(both))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (
            "code",
            r"can't be loaded: .*Lambda.*\. Only what Keras 3 saved .* is, and no code",
        ),
        ("sequential", "is not the model of this run"),
        ("picture only", r"is not the model of this run.*Put back what skinlite train saved"),
        ("other classes", r"gives \(None, 9\), the run's .* gives \(None, 7\)"),
    ],
)
def test_foreign_model(run: Run, kind: str, told: str) -> None:
    foreign(kind).save(run.path / "model.keras")
    with pytest.raises(InputError, match=told) as caught:
        run.load_model()
    assert "safe_mode" not in str(caught.value)  # no advice to run it


def test_damaged_model(run: Run) -> None:
    path = run.path / "model.keras"
    whole = path.read_bytes()
    for damaged in (b"", b"not a model", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"model\.keras can't be loaded"):
            run.load_model()
    path.unlink()
    with pytest.raises(InputError, match=r"There is no .*model\.keras"):
        run.load_model()


def test_what_another_file_is_under_that_name(run: Run) -> None:
    """Keras itself says "File not found" of the first three."""
    path, archive = run.path / "model.keras", io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", b"")
    for content, told in (
        (b"\x89HDF\r\n\x1a\n" + bytes(2048), "an HDF5 file, Keras's older format.*for --weights"),
        (pickle.dumps({"weights": [1.0]}), "a Python pickle, which runs code"),
        (b"\x1c\0\0\0TFL3" + bytes(64), r"a \.tflite under another name"),
        (archive.getvalue(), "a PyTorch file, whose pickle runs code"),
        (b"\x80", "no Keras file: it begins with"),
        (b"", "empty"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"model\.keras can't be loaded: it is .*{told}"):
            run.load_model()


def test_a_model_whose_weights_were_changed(run: Run) -> None:
    """One byte in the middle of the weights: the archive's checksum tells."""
    path = run.path / "model.keras"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.keras can't be loaded"):
        run.load_model()


def test_a_split_that_leaks(run: Run) -> None:
    split = run.split()
    split.loc[split.index[0], "lesion_id"] = split["lesion_id"][
        split["split"] != split["split"][0]
    ].iloc[0]
    split.to_csv(run.path / "split.csv", index=False)
    with pytest.raises(InputError, match="leaks: 1 lesions"):
        run.split()


def test_newest_run_is_the_one_finished_last(run: Run) -> None:
    root = run.path.parent
    for name, age in (("second", 100), ("third", 50), ("fourth.partial", 0)):
        shutil.copytree(run.path, root / name)
        os.utime(root / name / "config.json", (10**9 - age, 10**9 - age))
    os.utime(run.path / "config.json", (10**9 - 75, 10**9 - 75))
    assert newest_run(root).path == root / "third"


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"skinlite train.*skinlite demo"):
        newest_run(tmp_path / "runs")
