"""Tables of data sets with other classes than HAM10000's: ISIC 2020, PAD-UFES-20, anybody's.

ISIC 2020 (Rotemberg et al., Scientific Data 8, 34 (2021)) tells benign from malignant, by patient.
PAD-UFES-20 (Pacheco et al., Data in Brief 32, 106221 (2020)) has images of smartphones, six
diagnoses, and names patients and lesions.
"""

import re
from pathlib import Path

import pandas as pd

from skinlite.classes import ClassList
from skinlite.data.layouts.images import Found, find_images
from skinlite.data.layouts.text import read_names
from skinlite.errors import InputError

ISIC_2020 = frozenset({"target"})
PAD_UFES = frozenset({"diagnostic"})

NO_CLASS = re.compile(
    r"(?i)(^|[\W_])(images?|parts?|input|train\w*|test\w*|val\w*|data)([\W_\d]|$)"
)
"""In the name of a folder that holds images of any class."""

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
            columns = ", ".join(sorted(read_names(table)))
            raise InputError(f"{table} has no column {name!r} ({what}). It has {columns}.")
    return frame.assign(dx=frame[column])


def class_images(root: Path) -> Found:
    """The images of a folder for each class; the id is the path below ``root``, without suffix."""
    images: dict[str, list[Path]] = {}
    for paths in find_images(root).images.values():
        for path in paths:
            images.setdefault(path.relative_to(root).with_suffix("").as_posix(), []).append(path)
    return Found(images=images)


def from_folders(root: Path) -> pd.DataFrame:
    """A folder for each class, its images in there: image_id and dx."""
    rows = [(name, name.partition("/")[0]) for name in class_images(root).images]
    return pd.DataFrame(rows, columns=["image_id", "dx"], dtype=str)


def has_class_folders(root: Path) -> bool:
    """Whether a folder is one for each class: two or more with images, and none beside them."""
    if not root.is_dir():
        return False
    names = list(class_images(root).images)
    classes = {name.partition("/")[0] for name in names if "/" in name}
    return (
        len(classes) > 1
        and all("/" in name for name in names)
        and not any(NO_CLASS.search(name) for name in classes)
    )


def classes_told(frame: pd.DataFrame) -> ClassList:
    """The classes that a table's ``dx`` names, in alphabetical order.

    Raises:
        InputError: fewer than two.
    """
    try:
        return ClassList.of(sorted(set(frame["dx"].str.lower()) - {""}))
    except ValueError as error:
        raise InputError(f"The labels name no classes: {error}.") from error
