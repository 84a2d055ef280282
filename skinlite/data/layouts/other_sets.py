"""Tables of data sets with other classes than HAM10000's: ISIC 2020, PAD-UFES-20, anybody's.

ISIC 2020 (Rotemberg et al., Scientific Data 8, 34 (2021)) tells benign from malignant, by patient.
PAD-UFES-20 (Pacheco et al., Data in Brief 32, 106221 (2020)) has images of smartphones, six
diagnoses, and names patients and lesions.
"""

from pathlib import Path

import pandas as pd

from skinlite.classes import ClassList
from skinlite.data.layouts.images import find_images
from skinlite.errors import InputError

ISIC_2020 = frozenset({"target"})
PAD_UFES = frozenset({"diagnostic"})

PAD_UFES_SITES = {
    "arm": "upper extremity",
    "forearm": "upper extremity",
    "lip": "face",
    "nose": "face",
    "thigh": "lower extremity",
}
"""The column ``region`` where HAM10000 has a coarser word; the other words are HAM10000's."""


def from_isic_2020(frame: pd.DataFrame) -> pd.DataFrame:
    """``benign_malignant`` (or ``target``, 1 where malignant) as ``dx``."""
    named = frame.get("benign_malignant", pd.Series("", frame.index))
    target = frame["target"].map({"0": "benign", "1": "malignant"}).fillna("")
    return frame.assign(dx=named.mask(named == "", target))


def from_pad_ufes(frame: pd.DataFrame) -> pd.DataFrame:
    """``diagnostic`` as ``dx``, ``region`` as ``localization``."""
    frame = frame.assign(dx=frame["diagnostic"])
    if "region" in frame and "localization" not in frame:
        region = frame["region"].str.lower()
        frame["localization"] = region.replace(PAD_UFES_SITES)
    return frame


def from_column(frame: pd.DataFrame, table: Path, column: str) -> pd.DataFrame:
    """Any column of a table as ``dx``.

    Raises:
        InputError: there is no such column, or none with the images' names.
    """
    for name, what in ((column, "label_column"), ("image_id", "images")):
        if name not in frame:
            raise InputError(
                f"{table} has no column {name!r} ({what}). Its columns are {', '.join(map(str, frame))}."
            )
    return frame.assign(dx=frame[column])


def from_folders(root: Path) -> pd.DataFrame:
    """A folder for each class, its images in there: image_id and dx.

    Raises:
        InputError: an image's name is in two folders.
    """
    found = find_images(root)
    rows = [
        (name, path.relative_to(root).parts[0])
        for name, paths in found.images.items()
        for path in paths
        if path.parent != root
    ]
    frame = pd.DataFrame(rows, columns=["image_id", "dx"], dtype=str)
    twice = frame.loc[frame["image_id"].duplicated(), "image_id"]
    if len(twice):
        first = ", ".join(str(path) for path in found.images[twice.iloc[0]])
        raise InputError(
            f"{len(twice)} image names are there twice, first {first}. Give each image a name of "
            "its own."
        )
    return frame


def class_folders(root: Path) -> list[str]:
    """Names of the folders that have images, where a folder is one for each class; else none."""
    if not root.is_dir():
        return []
    found = find_images(root)
    parts = {path.relative_to(root).parts for paths in found.images.values() for path in paths}
    names = sorted({part[0] for part in parts if len(part) == 2})
    return names if len(names) > 1 and all(len(part) == 2 for part in parts) else []


def classes_told(frame: pd.DataFrame) -> ClassList:
    """The classes that a table's ``dx`` names, in alphabetical order.

    Raises:
        InputError: fewer than two.
    """
    try:
        return ClassList.of(sorted(set(frame["dx"].str.lower()) - {""}))
    except ValueError as error:
        raise InputError(f"The labels name no classes: {error}.") from error
