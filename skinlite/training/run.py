"""The run folder: what a training leaves, and how it is found and opened again.

    model.keras            the best epoch's model        config.json   `RunInfo`
    patient_encoding.json  the patient encoder           split.csv     image_id, lesion_id, split
    history.csv            one row an epoch              metrics.json  validation and test
    checkpoint/            only where --resume can go on

While it is written it is called ``NAME.partial``: a folder ``NAME`` is always whole.

Format history: 1 (0.1.0) first; later fields have defaults that mean what was so before.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import pandas as pd
from pydantic import BaseModel, ConfigDict

from skinlite.data.division import SplitInfo
from skinlite.data.leakage import known_today
from skinlite.data.leaks import Leaks
from skinlite.data.patient import PatientEncoder
from skinlite.data.split import read_split
from skinlite.errors import InputError
from skinlite.evaluation.metrics import Metrics
from skinlite.files import read_json
from skinlite.training.config import TrainConfig
from skinlite.vocabulary import CLASSES, IMAGE, PATIENT

Status = Literal["complete", "interrupted", "diverged", "untrained"]
"""``diverged``: the loss became NaN; the model is the best one from before."""


class RunInfo(BaseModel):
    """What is known of a run: settings, state, data and versions."""

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    status: Status
    config: TrainConfig
    epochs_done: int
    best_epoch: int | None
    data: str
    pictures: int
    synthetic: bool
    split: SplitInfo = SplitInfo()
    versions: dict[str, str]


class RunMetrics(BaseModel):
    """``metrics.json``: the best epoch's model on the pictures it was not trained on."""

    model_config = ConfigDict(frozen=True)

    split: SplitInfo = SplitInfo()
    validation: Metrics
    test: Metrics


@dataclass(frozen=True)
class Run:
    """A whole run folder."""

    path: Path
    info: RunInfo

    def load_model(self) -> Any:
        """The Keras model of the best epoch.

        Raises:
            InputError: the file is missing, damaged, or holds another kind of network.
        """
        model = load_model(self.path)
        size, width = self.info.config.image_size, len(self.encoder().columns)
        wanted = {IMAGE: (size, size, 3), PATIENT: (width,)}, (None, len(CLASSES))
        # A Sequential has neither before it is called.
        inputs = {one.name: tuple(one.shape[1:]) for one in getattr(model, "inputs", None) or ()}
        output = getattr(model, "output_shape", None)
        if (inputs, output) != wanted:
            raise InputError(
                f"{self.path / 'model.keras'} is not the model of this run: it takes {inputs} and "
                f"gives {output}, the run's takes {wanted[0]} and gives {wanted[1]}. Put back what "
                "skinlite train saved, or train again."
            )
        return model

    def encoder(self) -> PatientEncoder:
        """The patient encoder the model was trained with."""
        return read_json(PatientEncoder, self.path / "patient_encoding.json")

    def split(self) -> pd.DataFrame:
        """The split; no lesion id is on two sides, unless the run is labelled leaky."""
        return read_split(self.path / "split.csv", may_leak=self.info.split.leaky)

    def leaks(self) -> Leaks:
        """What is known today of lesions that judge and were trained or selected on."""
        info = self.info.split
        return known_today(info.leaks, self.split(), two_sets=info.kind == "official")


def load_model(folder: Path) -> Any:
    """The Keras model in a run folder (``safe_mode``: nothing in the file is executed).

    Raises:
        InputError: the file is missing or damaged.
    """
    import keras

    import skinlite.models.soft_attention  # noqa: F401  registers the layer

    path = folder / "model.keras"
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, BadZipFile) as error:
        reason = str(error).rpartition("Exception encountered: ")[2].partition(". ")[0]
        raise InputError(
            f"{path} can't be loaded: {reason.strip()}. Only what skinlite train saved is, and no "
            "code in a file is ever run."
        ) from error


def partial_folder(run: Path) -> Path:
    """Where the run is written until it is whole."""
    return run.with_name(f"{run.name}.partial")


def open_run(path: Path) -> Run:
    """Open a whole run folder.

    Raises:
        InputError: no such folder, not a run, or one left behind by a killed training.
    """
    if path.name.endswith(".partial") or (not path.exists() and partial_folder(path).exists()):
        whole = path.with_name(path.name.removesuffix(".partial"))
        raise InputError(
            f"{partial_folder(whole)} was left by a training that was killed, or still runs. "
            f"Go on with: skinlite train --resume {whole}"
        )
    if not (path / "config.json").exists():
        raise InputError(
            f"{path} is not a run folder (it has no config.json). Make one with skinlite train, "
            "or try everything with: skinlite demo"
        )
    return Run(path, read_json(RunInfo, path / "config.json"))


def reopen_run(path: Path) -> Run:
    """Open an interrupted or killed run to go on with it; it is ``.partial`` from then on.

    Args:
        path: the run folder, with or without ``.partial``.

    Raises:
        InputError: no such run, or a finished or diverged one.
    """
    whole = path.with_name(path.name.removesuffix(".partial"))
    work = partial_folder(whole)
    if whole.exists():
        status = open_run(whole).info.status
        if status == "diverged":
            raise InputError(
                f"{whole} diverged, and would again. Train anew with a smaller --learning-rate."
            )
        if status != "interrupted":
            raise InputError(f"{whole} is finished: there is nothing to resume.")
        whole.replace(work)
    if work.exists() and not (work / "config.json").exists():
        raise InputError(
            f"{work} was left by a training that was killed before there was anything to go on "
            "from. Remove it, and start again with skinlite train."
        )
    if not work.exists():
        raise InputError(f"There is no interrupted training at {whole} or {work}.")
    return Run(work, read_json(RunInfo, work / "config.json"))


def newest_run(root: Path = Path("runs")) -> Run:
    """The run that was finished last below ``runs/``.

    Raises:
        InputError: there is none.
    """
    found = [path for path in root.glob("*/config.json") if path.parent.suffix != ".partial"]
    if not found:
        raise InputError(
            f"There is no run below {root}/. Train one with skinlite train --data DIR, name one "
            "with --model RUN, or try everything with: skinlite demo"
        )
    return open_run(max(found, key=os.path.getmtime).parent)
