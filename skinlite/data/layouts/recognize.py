"""Read the table of a data set in the layouts that users have.

* HAM10000 from the Harvard Dataverse (``.tab``, no extension) or from Kaggle (``.csv``): one row an
  image with the columns lesion_id, image_id, dx, age, sex, localization and perhaps dataset.
* ISIC 2018 Task 3 and ISIC 2019: a one-hot ``*GroundTruth.csv``, in the set's folder or in the
  folder of its own that the official archive unpacks to; a ``*metadata.csv`` and the official
  ``*LesionGroupings.csv`` are taken from either place.
* ISIC Archive: a collection's ``*metadata*.csv``, see `skinlite.data.layouts.archive`.
* ISIC 2020, PAD-UFES-20, a folder for each class, and any table with a column of images and one
  of labels: `skinlite.data.layouts.isic_2020_pad_ufes`.

Images may lie in any folders below the data set's. What is read, and how the rest is mended:
docs/training.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from skinlite.classes import HAM10000, ClassList
from skinlite.data.layouts.archive import COLUMNS as ARCHIVE_COLUMNS
from skinlite.data.layouts.archive import add_classes
from skinlite.data.layouts.isic_2018_2019 import ONE_HOT, from_one_hot, one_hot_classes
from skinlite.data.layouts.isic_2020_pad_ufes import (
    ISIC_2020,
    PAD_UFES,
    classes_told,
    from_column,
    from_folders,
    from_isic_2020,
    from_pad_ufes,
)
from skinlite.data.layouts.label_map import mapped
from skinlite.data.layouts.spellings import BLANKS, spell_out
from skinlite.data.layouts.text import read_frame, read_names
from skinlite.errors import InputError
from skinlite.vocabulary import UNKNOWN

COLUMNS = ("lesion_id", "image_id", "dx", "age", "sex", "localization")


@dataclass(frozen=True)
class Layout:
    """How a kind of table names diagnoses.

    Attributes:
        columns: any of them shows that a table is of this layout.
        read: fills the column ``dx`` of the table's frame; the path is for what lies beside it.
        beside_dx: whether a table that has ``dx`` already is read so too.
        classes: given the frame that was read, the classes.
    """

    columns: frozenset[str]
    read: Callable[[pd.DataFrame, Path], pd.DataFrame]
    beside_dx: bool = False
    classes: Callable[[pd.DataFrame], ClassList] = lambda _: HAM10000

    def holds(self, names: set[str]) -> bool:
        """Whether a table with columns of these names is read so."""
        return bool(self.columns & names) and (self.beside_dx or "dx" not in names)


LAYOUTS = (
    Layout(frozenset(ONE_HOT), from_one_hot, classes=one_hot_classes),
    Layout(ISIC_2020, lambda frame, table: from_isic_2020(frame), classes=classes_told),
    Layout(PAD_UFES, lambda frame, table: from_pad_ufes(frame), classes=classes_told),
    Layout(ARCHIVE_COLUMNS, lambda frame, table: add_classes(frame), beside_dx=True),
    Layout(frozenset({"dx"}), lambda frame, table: frame, beside_dx=True),  # HAM10000
)
"""The first that holds reads a table; a new one is a function in a module, and a row here."""


def read_table(table: Path) -> pd.DataFrame:
    """The frame of `read_labelled`, as the table's layout has it."""
    return read_labelled(table)[0]


def read_labelled(
    table: Path,
    classes: Sequence[str] | None = None,
    label_column: str | None = None,
    label_map: Mapping[str, str] | None = None,
    metadata_columns: Sequence[str] = (),
) -> tuple[pd.DataFrame, ClassList]:
    """Read a table as text, brought to HAM10000's columns; nothing is judged here.

    Args:
        table: a file, or a folder with a folder for each class.
        classes: codes of the classes, in order; default: the layout's, or what ``label_column``
            has.
        label_column: the column of the labels; default: by the layout.
        label_map: class by label, see `skinlite.data.layouts.label_map`.
        metadata_columns: kept too, see `skinlite.data.layouts.metadata_columns`.

    Returns:
        The frame, and the classes that its column ``dx`` is meant to have.
        One row an image, every value a stripped string ("" where blank), columns as far as
        present. The index is the line in the file less two: 0 is the first below the header.

    Raises:
        InputError: the file isn't a readable table, or not one of images.
    """
    if table.is_dir():
        frame = from_folders(table)
        frame = frame if label_map is None else mapped(frame, table, label_map)
        return _completed(frame, set()), _declared(classes) or classes_told(frame)
    own = read_names(table)
    if "pixel0000" in own:
        raise InputError(
            f"{table} holds pixels of 28x28 or 8x8, too few to train on. Give the folder of "
            "HAM10000_metadata.csv and the images."
        )
    layout = next((row for row in LAYOUTS if row.holds(own)), None)
    if label_column:
        alike = [name for name in own if name.lower() == label_column.lower()]
        if label_column not in own and len(alike) == 1:
            label_column = alike[0]  # case doesn't matter, as in the names that are known
        layout = Layout(
            frozenset({label_column}), _named_column(label_column), classes=classes_told
        )
    kept = layout.columns if layout else frozenset()
    frame = read_frame(table, kept | {*metadata_columns})
    if layout is not None:
        frame = layout.read(frame, table)
    if label_map is not None:
        layout = Layout(frozenset(), lambda frame, table: frame, classes=classes_told)
        frame = mapped(frame, table, label_map)
    frame = _completed(frame, set() if label_column else own)
    told = layout.classes(frame) if layout is not None and not classes else HAM10000
    return frame, _declared(classes) or told


def _named_column(name: str) -> Callable[[pd.DataFrame, Path], pd.DataFrame]:
    return lambda frame, table: from_column(frame, table, name)


def _declared(classes: Sequence[str] | None) -> ClassList | None:
    """The classes that a caller names.

    Raises:
        InputError: they are no list of classes.
    """
    try:
        return ClassList.of(classes) if classes else None
    except ValueError as error:
        raise InputError(f"`classes={tuple(classes or ())!r}`: {error}.") from error


def _completed(frame: pd.DataFrame, own: set[str]) -> pd.DataFrame:
    """A frame with HAM10000's columns and words; ``own`` are the names that its table has."""
    if "dx" in frame:
        frame["dx"] = frame["dx"].str.lower()
    frame = spell_out(frame)
    if "dx" in frame and "dx" not in own:
        # Other archives leave out a column of which nothing is known.
        for column, blank in {"age": "", "sex": UNKNOWN, "localization": UNKNOWN}.items():
            if column not in frame:
                frame[column] = blank
    if "image_id" in frame:  # which images share a lesion is often not told, and then not known
        named = frame.get("lesion_id", pd.Series("", index=frame.index))
        frame["lesion_id"] = named.mask(named.str.lower().isin(BLANKS), "")
    return frame
