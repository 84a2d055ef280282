"""A whole run folder: its files, each checked against the hash that the training left."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.data.layouts.text import read_values
from skinlite.data.patient import NO_PATIENT, PatientEncoder
from skinlite.data.splits.count_leaks import known_today
from skinlite.data.splits.leaks import Leaks
from skinlite.data.splits.split_by_lesion import read_split
from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.read_write import read_json, read_regular, sha256_of
from skinlite.models.keras_file import load_keras, other_kind
from skinlite.training.runs.identity import check_structure, structure_of
from skinlite.training.runs.info import (
    ENCODING,
    HISTORY,
    METRICS,
    MODEL,
    PLOTTED,
    SPLIT,
    TEACHER,
    RunInfo,
    RunMetrics,
)


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

    def teachers_answers(self, images: "pd.Series[str]") -> NDArray[np.float32] | None:
        """Probabilities (N, classes) of the run's teacher for images that it was not trained on.

        Args:
            images: their ids, of validation or test.

        Returns:
            None where the run had no teacher.

        Raises:
            InputError: the file is missing, damaged or changed, or lacks one of the images.
        """
        if self.info.config is None or self.info.config.teacher is None:
            return None
        content = io.BytesIO(read_regular(self.intact(TEACHER)))
        codes = list(self.info.classes.codes)
        try:
            answers = read_values(content).set_index("image_id")[codes].astype(np.float32)
            return answers.loc[list(images.astype(str))].to_numpy()
        except (ValueError, KeyError) as error:
            raise InputError(
                f"{self.path / TEACHER} doesn't have the teacher's probabilities of every image: "
                f"{error}. Restore the file that skinlite train wrote, or train again."
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
