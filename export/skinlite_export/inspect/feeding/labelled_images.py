"""Labelled images to try a file on: a data set of `read_dataset`, or a folder for each class."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.data.dataset import read_dataset
from skinlite.data.layouts.layout import TABLE_SUFFIXES
from skinlite.data.layouts.text import IMAGE_SUFFIXES
from skinlite.errors import InputError
from skinlite.vocabulary import UNKNOWN

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
    """

    frame: pd.DataFrame
    everyone: pd.DataFrame
    names: tuple[str, ...]
    labels: NDArray[np.intp]

    def first(self, each: int) -> int:
        """How many images the first ``each`` of every class are."""
        counts = np.bincount(self.labels)
        return int(np.minimum(counts, each).sum())


def draw_images(source: Path, most: int, seed: int = 0) -> LabelledImages:
    """Draw about ``most`` images, one a lesion, the classes as equal as they can be.

    Raises:
        InputError: no data set, one class alone, or a class with fewer than `FEWEST` lesions.
    """
    everyone = _class_folders(source) if _has_class_folders(source) else read_dataset(source).frame
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
    frame = shuffled.assign(turn=turn)[turn < -(-most // len(names))]
    frame = frame.sort_values(["turn", "dx"], kind="stable").reset_index(drop=True)
    labels = frame["dx"].map(names.index).to_numpy(np.intp)
    return LabelledImages(frame.drop(columns="turn"), everyone, names, labels)


def _folders(source: Path) -> list[Path]:
    return sorted(one for one in source.iterdir() if one.is_dir() and not one.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.suffix.lower() in IMAGE_SUFFIXES)


def _has_class_folders(source: Path) -> bool:
    """Whether a folder has folders with images, and no table anywhere in or beside them."""
    if not source.is_dir():
        return False
    tables = [*source.glob("*"), *source.glob("*/*")]
    if any(one.is_file() and one.suffix.lower() in TABLE_SUFFIXES for one in tables):
        return False
    if (source / "HAM10000_metadata").is_file():  # the Dataverse's table has no suffix
        return False
    return sum(bool(_images(folder)) for folder in _folders(source)) >= 2


def _class_folders(source: Path) -> pd.DataFrame:
    """A row an image; which show one lesion isn't known, so that each counts as its own."""
    found = [(folder.name, image) for folder in _folders(source) for image in _images(folder)]
    names = [str(image.relative_to(source)) for _, image in found]
    return pd.DataFrame(
        {
            "image_id": names,
            "lesion_id": names,
            "dx": [name for name, _ in found],
            "path": [image for _, image in found],
            "age": np.nan,
            "sex": UNKNOWN,
            "localization": UNKNOWN,
        }
    )
