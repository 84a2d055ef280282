"""The run folder: what a training or an adoption leaves, and how it is found and opened again.

    model.keras            the best epoch's model        config.json   `RunInfo`
    patient_encoding.json  the patient encoder           split.csv     image_id, lesion_id, split
    history.csv            one row an epoch              metrics.json  validation and test
    checkpoint/            only where the training can go on

While it is written it is called ``NAME.partial``: a folder ``NAME`` is always whole.
``config.json`` is written last and names the others' hashes, so that a file from elsewhere is told.
An adopted network (`skinlite_export.adopt`) has no settings and no history, and no
patient_encoding.json, because it takes no patient.

Format history: 1 (0.1.0) first; later fields have defaults that mean what was so before. Without
``files`` it is unknown whether ``model.keras`` is the network that ``config.json`` describes.
"""

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from skinlite.classes import HAM10000, ClassList
from skinlite.data.geometry import Shaping
from skinlite.data.layouts.text import read_values
from skinlite.data.patient import NO_PATIENT, PatientEncoder
from skinlite.data.splits.leakage import known_today
from skinlite.data.splits.leaks import Leaks
from skinlite.data.splits.split import read_split
from skinlite.data.splits.split_protocols import SplitInfo
from skinlite.errors import InputError, SkinliteWarning
from skinlite.evaluation.metrics import Metrics
from skinlite.files.claims import Claim
from skinlite.files.read_write import read_json, read_regular, sha256_of
from skinlite.models.adopted import Adopted
from skinlite.models.keras_file import load_keras, other_kind
from skinlite.training.config import TrainConfig
from skinlite.training.identity import check_structure, structure_of

MODEL, ENCODING, SPLIT = "model.keras", "patient_encoding.json", "split.csv"
HISTORY, METRICS = "history.csv", "metrics.json"
PLOTTED = ["epoch", "loss", "validation_accuracy", "validation_balanced_accuracy"]
"""Columns of the history, of which every version wrote these."""
CONFIG, CHECKPOINT, STATE = "config.json", "checkpoint", "state.json"
NAMES = {MODEL, ENCODING, SPLIT, HISTORY, METRICS, CONFIG, CHECKPOINT}
"""Of what a run folder holds; names of temporary files begin with a dot."""
PARTIAL = ".partial"
"""The ending of a folder that is being written."""

Status = Literal["complete", "interrupted", "diverged", "untrained"]
"""``diverged``: the loss became NaN; the model is the best one from before."""


class Network(NamedTuple):
    """What kind of network a run has.

    Attributes:
        backbone: its name; of an adopted network that of the file.
        topology: ``paper``, ``released`` or ``adopted``.
        width: of the backbone's channels (MobileNet's alpha).
        image_size: height and width, pixels.
        shaping: how images get that size, see `skinlite.data.geometry.shape`.
    """

    backbone: str
    topology: str
    width: float
    image_size: int
    shaping: Shaping = "crop"


class RunInfo(BaseModel):
    """What is known of a run: settings, state, data, versions and files.

    Attributes:
        config: settings of the training; None of a network that was adopted.
        adopted: what is known of such a network.
        classes: of the probabilities, in order.
        label_column: of the data set's table; None where its layout says which.
        label_map: class by label of that table, where a mapping file said it.
        files: SHA-256 of the run's other files, by name, as the training left them.
        structure: see `skinlite.training.identity.structure_of`; of ``model.keras``.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    status: Status
    config: TrainConfig | None = None
    adopted: Adopted | None = None
    epochs_done: int
    best_epoch: int | None
    data: str
    pictures: int
    synthetic: bool
    classes: ClassList = HAM10000
    label_column: str | None = None
    label_map: dict[str, str] | None = None
    split: SplitInfo = SplitInfo()
    versions: dict[str, str]
    files: dict[str, str] = {}
    structure: str | None = None

    @model_validator(mode="after")
    def _has_an_origin(self) -> "RunInfo":
        if (self.config is None) == (self.adopted is None):
            raise ValueError("either config or adopted has to be there")
        return self

    @property
    def network(self) -> Network:
        """The network that was trained or adopted."""
        if self.adopted:
            own = self.adopted
            return Network(own.name, "adopted", 1.0, own.image_size, own.geometry)
        config = self.settings
        return Network(config.backbone, config.topology, config.width, config.image_size)

    @property
    def settings(self) -> TrainConfig:
        """The settings of the training.

        Raises:
            InputError: the network was adopted, so that they aren't known.
        """
        if self.config is None:
            raise InputError(
                "This run was adopted: skinlite didn't train it and doesn't know with which "
                "settings it was trained. Give a run of skinlite train."
            )
        return self.config

    @property
    def names_network(self) -> bool:
        """Whether it can be told of a ``model.keras`` if it is this run's."""
        return MODEL in self.files


class RunMetrics(BaseModel):
    """``metrics.json``: the best epoch's model on the images it was not trained on."""

    model_config = ConfigDict(frozen=True)

    split: SplitInfo = SplitInfo()
    validation: Metrics
    test: Metrics


@dataclass(frozen=True)
class Run:
    """A complete run folder."""

    path: Path
    info: RunInfo

    def intact(self, name: str) -> Path:
        """The path of one of its files, after a check that it wasn't changed since the training.

        A file without a hash in the run (see `RunInfo.files`) can't be checked.

        Raises:
            InputError: it is missing, or was changed or exchanged.
        """
        path, known = self.path / name, self.info.files.get(name)
        if known is None:
            return path
        if not path.exists():
            raise InputError(
                f"There is no {path}. Restore the file that skinlite train wrote, or train again."
            )
        if sha256_of(path) == known:
            return path
        if name != MODEL:
            raise InputError(
                f"{path} was changed after the training. Restore the file that skinlite train "
                "wrote, or train again."
            )
        structure = structure_of(path)
        what = "has this run's structure but other weights"
        if not structure:
            what = f"is {other_kind(path) or 'damaged'}"
        if structure and structure != self.info.structure:
            what = "is another network"
        raise InputError(
            f"{path} is not the model of this run: it {what}, so config.json doesn't describe its "
            "training, split and scores. Restore the file that skinlite train saved, or train "
            "again."
        )

    def model_sha256(self) -> str:
        """SHA-256 of ``model.keras``; the same errors as of `intact`."""
        path = self.intact(MODEL)
        return self.info.files.get(MODEL) or sha256_of(path)

    def load_model(self) -> Any:
        """The Keras model of the best epoch.

        For a run without a hash of its network there is a warning, and the structure of the
        network is compared with ``config.json``.

        Raises:
            InputError: the file is missing, damaged, or not this run's network.
        """
        self.intact(MODEL)
        model = load_keras(self.path / MODEL)
        if not self.info.names_network:
            self._warn_of_unknown()
            check_structure(
                model,
                self.info.settings,
                len(self.encoder().columns),
                self.path / MODEL,
                len(self.info.classes),
            )
        return model

    def metrics(self) -> RunMetrics:
        """Metrics of the best epoch's model; warns like `load_model`.

        Raises:
            InputError: missing, damaged, or changed since the training ended.
        """
        if not self.info.names_network:
            self._warn_of_unknown()
        return read_json(RunMetrics, self.intact(METRICS))

    def history(self) -> pd.DataFrame | None:
        """Scores of each epoch (`PLOTTED`), one row per epoch; None if the run has no history.

        Raises:
            InputError: damaged, or changed since the training ended.
        """
        path = self.path / HISTORY
        if not path.exists():
            return None
        content = io.BytesIO(read_regular(self.intact(HISTORY)))
        try:
            return read_values(content, usecols=PLOTTED, dtype=float)
        except ValueError as error:
            raise InputError(
                f"{path} is damaged: {error}. Restore the file that skinlite train wrote, or "
                "remove the file to continue without it."
            ) from error

    def encoder(self) -> PatientEncoder:
        """The patient encoder of the training; of an adopted network `NO_PATIENT`."""
        if self.info.adopted:
            return NO_PATIENT
        return read_json(PatientEncoder, self.intact(ENCODING))

    def split(self) -> pd.DataFrame:
        """The split; no lesion id is on two sides, unless the run is labelled leaky."""
        return read_split(self.intact(SPLIT), may_leak=self.info.split.leaky)

    def leaks(self) -> Leaks:
        """What is known today of test lesions that were also used for training or selection."""
        info = self.info.split
        if info.kind == "unknown":
            return info.leaks
        return known_today(info.leaks, self.split(), two_sets=info.kind == "official")

    def _warn_of_unknown(self) -> None:
        warnings.warn(
            f"{self.path}: an older skinlite made this run and stored no hash of its network, so "
            f"it is unknown whether config.json describes {MODEL}. Train again to be sure.",
            SkinliteWarning,
            stacklevel=3,
        )


def partial_folder(run: Path) -> Path:
    """Where the run is written until it is whole."""
    return run.with_name(f"{run.name}{PARTIAL}")


def has_checkpoint(work: Path) -> bool:
    """Whether a training that was killed can go on."""
    return (work / CHECKPOINT / STATE).exists()


def is_abandoned(work: Path) -> bool:
    """Whether it is a folder in which there is nothing to keep: no checkpoint, no other's file."""
    return (
        work.is_dir()
        and not has_checkpoint(work)
        and all(path.name in NAMES or path.name.startswith(".") for path in work.iterdir())
    )


def whole_folder(run: Path) -> Path:
    """Where the run is once it is whole; ``run`` may have the ending already."""
    return run.with_name(run.name.removesuffix(PARTIAL))


def open_run(path: Path) -> Run:
    """Open a whole run folder.

    Raises:
        InputError: no such folder, not a run, or one left behind by a killed training.
    """
    if path.name.endswith(PARTIAL) or (not path.exists() and partial_folder(path).exists()):
        whole = whole_folder(path)
        raise InputError(
            f"{partial_folder(whole)} was left by a training that was killed, or that still runs. "
            f"Resume it with: `resume={whole}`"
        )
    if not (path / CONFIG).exists():
        raise InputError(
            f"{path} is not a run folder (it has no config.json). Make one with skinlite train, "
            "or try everything with: skinlite demo"
        )
    return Run(path, read_json(RunInfo, path / CONFIG))


def reopen_run(path: Path) -> Run:
    """Open an interrupted or killed run to go on with it; it is ``.partial`` from then on.

    Args:
        path: the run folder, with or without ``.partial``.

    Raises:
        InputError: no such run, a finished or diverged one, or one that still runs.
    """
    whole = whole_folder(path)
    if whole.parent.is_dir():
        with Claim(whole):
            return _reopen(whole)
    return _reopen(whole)


def _reopen(whole: Path) -> Run:
    work = partial_folder(whole)
    if whole.exists():
        status = open_run(whole).info.status
        if status == "diverged":
            raise InputError(
                f"{whole} diverged, and would diverge again. Train again with a smaller "
                f"`learning_rate`."
            )
        if status != "interrupted":
            raise InputError(f"{whole} is finished: there is nothing to resume.")
    left = whole if whole.exists() else work
    if not left.exists():
        raise InputError(f"There is no interrupted training at {whole} or {work}.")
    if not has_checkpoint(left):
        raise InputError(
            f"{left} has no checkpoint: the training was killed before it saved one. Start again "
            "with skinlite train."
        )
    if left == whole:
        whole.replace(work)
    return Run(work, read_json(RunInfo, work / CONFIG))


def newest_run(root: Path = Path("runs")) -> Run:
    """The run that was finished last below ``runs/``.

    Raises:
        InputError: there is none.
    """
    configs = [path for path in root.glob(f"*/{CONFIG}") if path.parent.suffix != PARTIAL]
    if not configs:
        raise InputError(
            f"There is no run below {root}/. Train one with skinlite train, give one with "
            "`model=RUN`, or try everything with: skinlite demo"
        )
    return open_run(max(configs, key=os.path.getmtime).parent)
