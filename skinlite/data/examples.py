"""`Examples`: images, encoded patients and labels as arrays, ready for any network or runtime."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.classes import HAM10000, ClassList
from skinlite.data.geometry import Pixels
from skinlite.data.patient import PatientEncoder


@dataclass(frozen=True)
class Examples:
    """N images with their patients and diagnoses; pixels stay on the disk until asked for.

    Attributes:
        pixels: uint8 (M, H, W, 3), RGB; usually the memory map of a whole data set.
        rows: int (N,), which of the M.
        patients: float32 (N, patient_width).
        labels: int (N,), positions in the data set's classes.
    """

    pixels: Pixels
    rows: NDArray[np.intp]
    patients: NDArray[np.float32]
    labels: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def images(self) -> Pixels:
        """The N images, read into memory: uint8 (N, H, W, 3)."""
        return self.pixels[self.rows]

    def take(self, positions: NDArray[np.intp]) -> "Examples":
        """A subset, in the order of ``positions``."""
        return Examples(
            self.pixels, self.rows[positions], self.patients[positions], self.labels[positions]
        )

    def without(self, columns: NDArray[np.bool_]) -> "Examples":
        """The same with some columns (patient_width,) of every patient at 0."""
        patients = np.where(columns, np.float32(0), self.patients)
        return Examples(self.pixels, self.rows, patients, self.labels)


def make_examples(
    frame: pd.DataFrame, pixels: Pixels, encoder: PatientEncoder, classes: ClassList = HAM10000
) -> Examples:
    """Pair a data set's rows with their pixels (same order)."""
    labels = classes.labels(frame["dx"])
    return Examples(pixels, np.arange(len(frame)), encoder.encode_frame(frame), labels)
