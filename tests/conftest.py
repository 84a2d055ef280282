"""Fixtures for every test: tiny data, runs and bundles, the real data where it is, a cache."""

import fcntl
import gc
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from skinlite.data.dataset import read_dataset
from skinlite.data.synthetic.synthesize import write_synthetic
from skinlite.training.input.prepare import Prepared, prepare
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import Bundle, open_bundle
from skinlite_export.recipe import Gates, Recipe
from skinlite_export.rewrites.registry import ALL

# Read when TensorFlow is first imported, which is in some fixture or test, never here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Decoded images go to a temporary folder, never to the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINLITE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module", autouse=True)
def _freeze() -> None:
    """Leaves what is there out of garbage collection: TensorFlow's converter collects twice."""
    if "tensorflow" in sys.modules:
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[..., Path]:
    """Makes a folder once for all of pytest's workers: what takes a minute is shared."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "shared"
    shared.mkdir(exist_ok=True)

    def make(name: str, build: Callable[[Path], object]) -> Path:
        place = shared / name / name  # beside it lies what a build may have left
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.exists():
                new = place.with_name("new")
                new.parent.mkdir(exist_ok=True)
                build(new)
                new.rename(place)
        return place

    return make


class Answer(NamedTuple):
    """What a command gave back."""

    code: int
    out: str
    err: str


@pytest.fixture
def skinlite(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Runs ``skinlite`` with arguments as `skinlite.cli.main.main` does it."""
    from skinlite.cli.main import main

    def run(*arguments: str | Path) -> Answer:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["skinlite", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            assert stop.code is None or isinstance(stop.code, int)
            code = stop.code or 0
        out, err = (re.sub(r"\x1b\[[0-9;]*m", "", text) for text in capsys.readouterr())
        assert "Traceback" not in out + err
        return Answer(code, out, err)

    return run


@pytest.fixture(scope="session")
def tiny_data(once: Callable[..., Path]) -> Path:
    """60 synthetic lesions, at least four of each class. Read only: copy it to change it."""
    return once("data", lambda folder: write_synthetic(folder, lesions=60, seed=0))


@pytest.fixture(scope="session")
def tiny_prepared(tiny_data: Path) -> Prepared:
    """`tiny_data` split and decoded, at 48 px."""
    return prepare(read_dataset(tiny_data), 48, seed=0)


@pytest.fixture(scope="session")
def tiny_run(tiny_prepared: Prepared, once: Callable[..., Path]) -> Run:
    """MobileNetV3Large after one epoch on `tiny_data`. Read only: copy it to change it."""
    from skinlite.training.config import TrainConfig
    from skinlite.training.fit import Training

    config = TrainConfig(image_size=48, epochs=1, batch_size=16)
    return open_run(once("run", lambda folder: Training(folder, config, tiny_prepared).start()))


TINY_RECIPE = Recipe(rewrites=ALL, calibration_pictures=20, gates=None)


@pytest.fixture(scope="session")
def tiny_bundle(tiny_run: Run, tiny_prepared: Prepared, once: Callable[..., Path]) -> Bundle:
    """`tiny_run` in int8, not gated. Read only: see `bundle`."""
    from skinlite_export.export_run import export_run

    def build(folder: Path) -> None:
        export_run(tiny_run, tiny_prepared, TINY_RECIPE, folder)

    return open_bundle(once("bundle", build))


@pytest.fixture
def bundle(tiny_bundle: Bundle, tmp_path: Path) -> Bundle:
    """A copy of `tiny_bundle` to be damaged."""
    shutil.copytree(tiny_bundle.path, tmp_path / "bundle")
    return open_bundle(tmp_path / "bundle")


@pytest.fixture
def conv_net(monkeypatch: pytest.MonkeyPatch) -> str:
    """See `add_conv_net`."""
    return add_conv_net(monkeypatch)


def add_conv_net(patch: pytest.MonkeyPatch) -> str:
    """The name of a real but very small backbone: what takes a minute takes a second with it.

    It has what the large ones have: batch norm, a depthwise convolution, hard-swish, a shortcut.
    """
    import keras
    from keras import layers

    from skinlite.models.backbones import BACKBONES, Backbone, Cut

    def conv_net(input_shape: tuple[int, int, int], include_top: bool, weights: Any) -> Any:
        pixels = layers.Input(input_shape)
        x = layers.Rescaling(1 / 127.5, -1.0)(pixels)
        x = layers.Conv2D(8, 3, strides=4, padding="same", use_bias=False, name="stem")(x)
        x = layers.BatchNormalization(momentum=0.999, name="stem_norm")(x)
        x = layers.Activation("hard_silu")(x)
        y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
        y = layers.BatchNormalization(momentum=0.999, name="depthwise_norm")(y)
        y = layers.ReLU(6.0)(y)
        return keras.Model(pixels, layers.Add(name="cut")([x, y]))

    row = Backbone("conv_net", conv_net, 32, "own", Cut("cut", (8, 8, 8)))
    patch.setitem(BACKBONES, row.name, row)
    return row.name


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trains without making a graph of the training step first, which takes longer than the few
    steps of a test. For tests of what is around a training."""
    import keras

    from skinlite.training.execution import Execution

    def apply(self: Execution, trainer: Any) -> None:
        traced(self, trainer)
        trainer.run_eagerly = keras.backend.backend() == "tensorflow"

    traced = Execution.apply
    monkeypatch.setattr(Execution, "apply", apply)


@pytest.fixture(scope="session")
def conv_prepared(tiny_data: Path) -> Prepared:
    """`tiny_data` split and decoded, at 32 px, which is what `conv_net` takes."""
    return prepare(read_dataset(tiny_data), 32, seed=0)


@pytest.fixture(scope="session")
def kept_run(conv_prepared: Prepared, once: Callable[..., Path]) -> Run:
    """`conv_net` after an epoch. Read only: see `conv_run`."""
    from skinlite.training.config import TrainConfig
    from skinlite.training.fit import Training

    with pytest.MonkeyPatch.context() as patch:
        config = TrainConfig(backbone=add_conv_net(patch), image_size=32, epochs=1, batch_size=16)
        return open_run(
            once("conv_run", lambda folder: Training(folder, config, conv_prepared).start())
        )


DECLARED = ("itch", "diameter_1")
DIAGNOSES = {
    "akiec": "Solar or actinic keratosis",
    "bcc": "Basal cell carcinoma",
    "bkl": "Pigmented benign keratosis",
    "df": "Dermatofibroma",
    "mel": "Melanoma, NOS",
    "nv": "Nevus",
    "scc": "Squamous cell carcinoma, NOS",
    "vasc": "Hemangioma",
}
MALIGNANT = {"akiec", "bcc", "mel"}


@pytest.fixture(scope="session")
def other_data(tiny_data: Path, once: Callable[..., Path]) -> Path:
    """`tiny_data` with other labels: ``kind`` is benign or malignant; ``diagnosis_3`` has the
    ISIC Archive's words, which map.csv maps to eight classes, without Scar. Besides, ``itch`` and
    ``diameter_1`` as PAD-UFES-20 has them."""

    def build(folder: Path) -> None:
        shutil.copytree(tiny_data, folder)
        table = folder / "HAM10000_metadata.csv"
        frame = pd.read_csv(table)
        nevi = frame.loc[frame["dx"] == "nv", "lesion_id"].unique()
        dx = frame["dx"].mask(frame["lesion_id"].isin(nevi[:6]), "scc")
        words = dx.map(DIAGNOSES).mask(frame["lesion_id"] == nevi[6], "Scar")
        kinds = frame["dx"].map(lambda name: "malignant" if name in MALIGNANT else "benign")
        itch = kinds.map({"malignant": "True", "benign": "False"}).mask(frame.index % 5 == 0, "UNK")
        sizes = pd.Series([f"{row % 9},5" if row % 4 else "" for row in frame.index])
        frame.assign(kind=kinds, diagnosis_3=words, itch=itch, diameter_1=sizes).to_csv(
            table, index=False
        )
        lines = [f'"{word}",{code}' for code, word in DIAGNOSES.items()]
        (folder / "map.csv").write_text("\n".join(["label,class", *lines, "Scar,"]) + "\n")

    return once("other_data", build)


@pytest.fixture(scope="session")
def other_run(other_data: Path, once: Callable[..., Path]) -> Callable[[int], Run]:
    """Trains `conv_net` for two classes (by a column, with declared metadata) or eight (by a
    mapping file). Read only."""

    def make(classes: int) -> Run:
        from skinlite.training.config import TrainConfig
        from skinlite.training.fit import Training

        options: dict[str, Any] = {"label_column": "kind", "metadata_columns": DECLARED}
        if classes == 8:
            options = {"label_column": "diagnosis_3", "label_map": other_data / "map.csv"}

        def build(folder: Path) -> None:
            config = TrainConfig(backbone="conv_net", image_size=32, epochs=1, batch_size=16)
            prepared = prepare(read_dataset(other_data, **options), 32, seed=0)
            Training(folder, config, prepared).start()

        with pytest.MonkeyPatch.context() as patch:
            add_conv_net(patch)
            return open_run(once(f"run-of-{classes}", build))

    return make


@pytest.fixture(scope="session")
def other_bundle(
    other_run: Callable[[int], Run], once: Callable[..., Path]
) -> Callable[[int], Bundle]:
    """Exports `other_run` in int8 with gates that hold, and every kit. Read only."""

    def make(classes: int) -> Bundle:
        from skinlite_export import export
        from skinlite_export.bundle.kits import KITS

        run = other_run(classes)
        recipe = Recipe(calibration_pictures=20, gates=LOOSE)

        def build(folder: Path) -> None:
            with pytest.MonkeyPatch.context() as patch:
                add_conv_net(patch)
                export(run, None, folder, recipe, kits=KITS)

        return open_bundle(once(f"bundle-of-{classes}", build))

    return make


LOOSE = Gates(
    agreement=0, balanced_accuracy_drop=1, critical_recall_drop=1, macro_auc_drop=1, ece_rise=1
)


@pytest.fixture
def conv_run(conv_net: str, kept_run: Run, tmp_path: Path) -> Run:
    """A copy of `kept_run` to be damaged."""
    shutil.copytree(kept_run.path, tmp_path / "run")
    return open_run(tmp_path / "run")


@pytest.fixture(scope="session")
def forget_hashes() -> Callable[[Path], Run]:
    """Makes a run folder one of before runs named their files' hashes, and opens it."""

    def forget(path: Path) -> Run:
        info = json.loads((path / "config.json").read_text())
        del info["files"], info["structure"]
        (path / "config.json").write_text(json.dumps(info))
        return open_run(path)

    return forget


@pytest.fixture(scope="session")
def ham10000() -> Path:
    """The real data set, which isn't part of the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "ham10000"
    folder = Path(os.environ.get("SKINLITE_HAM10000") or beside)
    if not folder.is_dir():
        pytest.skip(f"HAM10000 is not at {folder}; set SKINLITE_HAM10000 to its folder")
    return folder


FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP skinlite.test 127.0.0.1",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; it takes ``skinlite.test`` for this machine."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()
