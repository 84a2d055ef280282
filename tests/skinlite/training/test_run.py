"""Opening a run folder: whole, damaged, of another version."""

import io
import json
import os
import pickle
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.read_write import sha256_of
from skinlite.training.runs.find import newest_run, open_run
from skinlite.training.runs.identity import structure_of
from skinlite.training.runs.run import Run

Forget = Callable[[Path], Run]


@pytest.fixture
def run(training: Callable[..., Any], once: Callable[..., Path], tmp_path: Path) -> Run:
    """An untrained one, to be damaged."""
    untrained = once("untrained", lambda folder: training(folder, epochs=0).start())
    return open_run(Path(shutil.copytree(untrained, tmp_path / "runs" / "first")))


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

    image = layers.Input((32, 32, 3), name="image")
    flat = layers.Flatten()(image)
    if kind == "code":
        return keras.Model(image, layers.Dense(7)(layers.Lambda(lambda x: x * 2)(flat)))
    if kind == "sequential":
        return keras.Sequential([image, layers.Flatten(), layers.Dense(7)])
    if kind == "image only":
        return keras.Model(image, layers.Dense(7)(flat))
    patient = layers.Input((4,), name="patient")
    both = layers.Concatenate()([flat, patient])
    return keras.Model({"image": image, "patient": patient}, layers.Dense(9)(both))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (
            "code",
            r"can't be loaded: .*Lambda.*\. Only what Keras 3 saved .* is, and no code",
        ),
        ("sequential", "is not the model of this run"),
        ("image only", r"is not the model of this run.*Restore the file that skinlite train saved"),
        ("other classes", r"gives \(None, 9\), the run's .* gives \(None, 7\)"),
    ],
)
def test_foreign_model(run: Run, kind: str, told: str, forget_hashes: Forget) -> None:
    foreign(kind).save(run.path / "model.keras")
    with pytest.raises(
        InputError, match=r"model\.keras is not the model of this run: it is another"
    ):
        run.load_model()  # told by its hash, before anything of it is built
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkinliteWarning)
        with pytest.raises(InputError, match=told) as caught:
            forget_hashes(run.path).load_model()
    assert "safe_mode" not in str(caught.value)  # no advice to run it


def test_damaged_model(run: Run, forget_hashes: Forget) -> None:
    path = run.path / "model.keras"
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 1  # of the weights: the archive's checksum tells
    older = forget_hashes(run.path)
    for damaged in (b"", b"not a model", whole[: len(whole) // 2], bytes(broken)):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="not the model of this run: it is "):
            run.load_model()
        with pytest.raises(InputError, match=r"model\.keras can't be loaded"):
            older.load_model()
    path.unlink()
    with pytest.raises(InputError, match=r"There is no .*model\.keras\. Restore"):
        run.load_model()
    with pytest.raises(InputError, match=r"There is no .*model\.keras\. Restore"):
        run.model_sha256()
    with pytest.raises(InputError, match=r"There is no .*model\.keras"):
        older.load_model()


@pytest.mark.parametrize("known", [True, False])
def test_what_another_file_is_under_that_name(run: Run, forget_hashes: Forget, known: bool) -> None:
    """Keras itself says "File not found" of the first three."""
    path, archive = run.path / "model.keras", io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", b"")
    opened = run if known else forget_hashes(run.path)
    for content, told in (
        (b"\x89HDF\r\n\x1a\n" + bytes(2048), "an HDF5 file, Keras's older format.*for `weights`"),
        (pickle.dumps({"weights": [1.0]}), "a Python pickle, which runs code"),
        (b"\x1c\0\0\0TFL3" + bytes(64), r"a \.tflite with another name"),
        (archive.getvalue(), "a PyTorch file, whose pickle runs code"),
        (b"\x80", "not a Keras file: it begins with"),
        (b"", "empty"),
    ):
        path.write_bytes(content)
        with (
            warnings.catch_warnings(),
            pytest.raises(InputError, match=rf"model\.keras .*: it is .*{told}"),
        ):
            warnings.simplefilter("ignore", SkinliteWarning)
            opened.load_model()


def test_the_files_are_named_by_their_hashes(conv_run: Run) -> None:
    """What is there beside config.json, and no more."""
    run = conv_run
    assert run.info.names_network
    names = {path.name for path in run.path.iterdir()} - {"config.json"}
    assert run.info.files == {name: sha256_of(run.path / name) for name in names}
    assert run.info.structure == structure_of(run.path / "model.keras")
    assert run.model_sha256() == run.info.files["model.keras"]


@pytest.mark.parametrize("name", ["patient_encoding.json", "metrics.json", "history.csv"])
def test_a_file_of_another_run(conv_run: Run, name: str) -> None:
    run = conv_run
    with (run.path / name).open("a") as file:
        file.write(" ")
    with pytest.raises(InputError, match=rf"{name} was changed after .*Restore .* or train again"):
        {"patient_encoding.json": run.encoder, "metrics.json": run.metrics}.get(
            name, lambda: run.intact(name)
        )()


def test_other_weights_in_the_same_structure(run: Run) -> None:
    """Another run of the same settings, or one trained on elsewhere."""
    import keras

    model = run.load_model()
    model.get_layer("probabilities").bias.assign([1.0] * 7)
    model.save(run.path / "model.keras")
    with pytest.raises(InputError, match="it has this run's structure but other weights"):
        run.load_model()
    with pytest.raises(InputError, match="other weights"):
        run.model_sha256()
    keras.utils.clear_session(free_memory=False)


def test_a_run_of_before_is_read_and_its_network_called_unknown(
    run: Run, forget_hashes: Forget
) -> None:
    older = forget_hashes(run.path)
    with pytest.warns(SkinliteWarning, match=r"unknown whether config"):
        assert older.load_model() is not None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"attention": False}, "it has no Soft-Attention layer"),
        ({"name": "my_net"}, "its name is my_net, the run's is conv_net_soft_attention"),
        ({"filters": 8}, r"soft_attention/conv/kernel has the shape \(3, 3, 8, 8\), not"),
        ({"dense": 2}, r"weights.*: \d+ instead of \d+"),
    ],
)
def test_the_structure_of_a_run_of_before_is_compared(
    run: Run, change: dict[str, Any], told: str, forget_hashes: Forget
) -> None:
    """Networks with the right inputs and outputs that are not what config.json describes."""
    lookalike(**change).save(run.path / "model.keras")
    with (
        pytest.warns(SkinliteWarning, match="unknown whether"),
        pytest.raises(InputError, match=rf"not the model of this run: .*{told}.*Restore"),
    ):
        forget_hashes(run.path).load_model()


def lookalike(
    attention: bool = True, name: str = "conv_net_soft_attention", filters: int = 16, dense: int = 0
) -> Any:
    """The classifier of these tests but for what is asked."""
    import keras
    from keras import layers

    from skinlite.models.classifier import build_classifier
    from skinlite.models.soft_attention import SoftAttention

    whole = build_classifier("conv_net", patient_width=20, image_size=32)
    t = whole.get_layer("conv_net")(whole.input["image"])
    x = SoftAttention(maps=filters, name="soft_attention")(t) if attention else t
    merged = layers.ReLU()(
        layers.Concatenate()([layers.MaxPooling2D(2)(t), layers.MaxPooling2D(2)(x)])
    )
    patient = layers.Dense(4096, activation="relu", name="patient_dense")(whole.input["patient"])
    x = layers.Concatenate()([layers.Flatten()(merged), patient])
    for _ in range(dense):
        x = layers.Dense(x.shape[-1] // 64)(x)
    answers = layers.Dense(7, activation="softmax", name="probabilities")(x)
    return keras.Model(whole.input, answers, name=name)


def test_a_patient_branch_that_the_regime_closes(
    training: Callable[..., Any], tmp_path: Path, forget_hashes: Forget
) -> None:
    run = training(tmp_path / "run", epochs=0, regime="augmented").start()
    model = run.load_model()
    with pytest.warns(SkinliteWarning, match="unknown"):
        forget_hashes(run.path).load_model()
    model.get_layer("patient_dense").bias.assign([0.1] * 4096)
    model.save(run.path / "model.keras")
    with (
        pytest.warns(SkinliteWarning, match="unknown"),
        pytest.raises(InputError, match="depend on the metadata, those of the regime 'augmented'"),
    ):
        open_run(run.path).load_model()


def test_a_split_that_leaks(run: Run, forget_hashes: Forget) -> None:
    split = run.split()
    split.loc[split.index[0], "lesion_id"] = split["lesion_id"][
        split["split"] != split["split"][0]
    ].iloc[0]
    split.to_csv(run.path / "split.csv", index=False)
    with pytest.raises(InputError, match=r"split\.csv was changed after the training.*again"):
        run.split()
    with pytest.raises(InputError, match="leaks: 1 lesions"):
        forget_hashes(run.path).split()


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


@pytest.mark.parametrize("name", ["model.keras", "split.csv", "config.json"])
def test_what_is_no_file_is_called_what_it_is(run: Run, name: str) -> None:
    path = run.path / name
    for make, kind in ((os.mkfifo, "a pipe"), (os.mkdir, "a folder")):
        path.unlink() if path.is_file() or path.is_fifo() else path.rmdir()
        make(path)
        with pytest.raises(InputError, match=rf"{name} is {kind}, not a regular file"):
            open_run(path.parent).intact(name)
