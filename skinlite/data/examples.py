"""`Examples`: images, encoded patients and labels as arrays, ready for any network or runtime."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.classes import HAM10000, ClassList
from skinlite.data.mapped import forget
from skinlite.data.patient import PatientEncoder
from skinlite.data.preprocessing import Pixels
from skinlite.vocabulary import IMAGE, PATIENT


@dataclass(frozen=True)
class Examples:
    """N images with their patients and diagnoses; pixels stay on the disk until asked for.

    Attributes:
        pixels: uint8 (M, H, W, 3), RGB; usually the memory map of a whole data set.
        rows: int (N,), which of the M.
        patients: float32 (N, patient_width); a width of 0: the network takes no patient.
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
        images: Pixels = self.pixels[self.rows]
        forget(self.pixels, images.nbytes)
        return images

    @property
    def inputs(self) -> dict[str, NDArray[Any]]:
        """What a network takes, by name: images float32, 0-255, and patients unless it has none."""
        images = {IMAGE: self.images.astype(np.float32)}
        return {**images, PATIENT: self.patients} if self.patients.shape[1] else images

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
