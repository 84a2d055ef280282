"""Labelled images to try a file on: a data set of `read_dataset`, or a folder for each class."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.data.dataset import Dataset, read_dataset
from skinlite.errors import InputError

FEWEST = 3
"""Images a class, of as many lesions: with fewer no interval can be drawn."""


@dataclass(frozen=True)
class LabelledImages:
    """N images of as many lesions, about as many of each class.

    The first of every class come first, then the second: whatever the beginning is, it is balanced.

    Attributes:
        frame: rows of the data set, or of the folder's images with nothing known of patients.
        everyone: all rows, of which ``frame`` was drawn.
        names: of the classes, sorted.
        labels: (N,), positions in ``names``.
        every: whether these are all that count, one a lesion.
    """

    frame: pd.DataFrame
    everyone: pd.DataFrame
    names: tuple[str, ...]
    labels: NDArray[np.intp]
    every: bool

    def first(self, each: int) -> int:
        """How many images the first ``each`` of every class are."""
        counts = np.bincount(self.labels)
        return int(np.minimum(counts, each).sum())


def draw_images(source: Dataset | Path, most: int, seed: int = 0) -> LabelledImages:
    """Draw about ``most`` images, one a lesion, the classes as equal as they can be.

    At least `FEWEST` of a class: with one each, any order of the outputs explains the labels.

    Raises:
        InputError: no data set, one class alone, or a class with fewer than `FEWEST` lesions.
    """
    dataset = source if isinstance(source, Dataset) else read_dataset(source)
    everyone, source = dataset.frame, dataset.root
    names = tuple(sorted(everyone["dx"].unique()))
    if len(names) < 2:
        raise InputError(f"{source} has images of {names[0]} alone: two classes are needed.")
    shuffled = everyone.sample(frac=1, random_state=seed).drop_duplicates("lesion_id")
    few = [name for name in names if (shuffled["dx"] == name).sum() < FEWEST]
    if few:
        raise InputError(
            f"{source} has fewer than {FEWEST} lesions of {', '.join(few)}: nothing can be told of "
            f"them. Add images, or leave {'that class' if len(few) == 1 else 'those classes'} out."
        )
    turn = shuffled.groupby("dx").cumcount()
    each = max(FEWEST, -(-most // len(names)))
    frame = shuffled.assign(turn=turn)[turn < each]
    frame = frame.sort_values(["turn", "dx"], kind="stable").reset_index(drop=True)
    labels = frame["dx"].map(names.index).to_numpy(np.intp)
    every = len(frame) == len(shuffled)
    return LabelledImages(frame.drop(columns="turn"), everyone, names, labels, every)
