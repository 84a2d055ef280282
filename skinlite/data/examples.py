"""`Examples`: images, encoded patients and labels as arrays, ready for any network or runtime."""

from collections.abc import Iterator
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

AT_ONCE = 64
"""Images that `Examples.each_image` reads together."""


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

    def each_image(self) -> Iterator[Pixels]:
        """The N images one by one, uint8 (H, W, 3); not many of them are in memory."""
        for start in range(0, len(self), AT_ONCE):
            yield from self.take(np.arange(start, min(start + AT_ONCE, len(self)))).images

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
