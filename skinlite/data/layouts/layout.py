"""Find the table and the images of a data set in the layouts that users have.

* HAM10000 from the Harvard Dataverse (``.tab``, no extension) or from Kaggle (``.csv``): one row an
  image with the columns lesion_id, image_id, dx, age, sex, localization and perhaps dataset.
* ISIC 2018 Task 3 and ISIC 2019: a one-hot ``*GroundTruth.csv``, in the set's folder or in the
  folder of its own that the official archive unpacks to; a ``*metadata.csv`` and the official
  ``*LesionGroupings.csv`` are taken from either place.
* ISIC Archive: a collection's ``*metadata*.csv``, see `skinlite.data.layouts.archive`.

Images may lie in any folders below the data set's. What is read, and how the rest is mended:
docs/training.md.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from skinlite.data.layouts.archive import COLUMNS as ARCHIVE_COLUMNS
from skinlite.data.layouts.archive import add_classes
from skinlite.data.layouts.images import find_images
from skinlite.data.layouts.one_hot import ONE_HOT, from_one_hot
from skinlite.data.layouts.places import named, root_of, visible
from skinlite.data.layouts.spellings import BLANKS, spell_out
from skinlite.data.layouts.text import IMAGE_SUFFIXES, read_frame, read_names
from skinlite.errors import InputError
from skinlite.files.claims import restore
from skinlite.files.read_write import check_regular
from skinlite.vocabulary import UNKNOWN

__all__ = ["COLUMNS", "IMAGE_SUFFIXES", "find_table", "image_paths", "read_table", "root_of"]

COLUMNS = ("lesion_id", "image_id", "dx", "age", "sex", "localization")

HAM10000_TABLES = ("ham10000_metadata.csv", "ham10000_metadata.tab", "ham10000_metadata")
TABLE_SUFFIXES = {".csv", ".tab", ".tsv", ".txt"}


@dataclass(frozen=True)
class Layout:
    """How a kind of table names diagnoses.

    Attributes:
        columns: any of them shows that a table is of this layout.
        read: fills the column ``dx`` of the table's frame; the path is for what lies beside it.
        beside_dx: whether a table that has ``dx`` already is read so too.
    """

    columns: frozenset[str]
    read: Callable[[pd.DataFrame, Path], pd.DataFrame]
    beside_dx: bool = False

    def holds(self, names: set[str]) -> bool:
        """Whether a table with columns of these names is read so."""
        return bool(self.columns & names) and (self.beside_dx or "dx" not in names)


LAYOUTS = (
    Layout(frozenset(ONE_HOT), from_one_hot),
    Layout(ARCHIVE_COLUMNS, lambda frame, table: add_classes(frame), beside_dx=True),
    Layout(frozenset({"dx"}), lambda frame, table: frame, beside_dx=True),  # HAM10000
)
"""The first that holds reads a table; a new one is a function in a module, and a row here."""


def find_table(source: Path) -> Path:
    """The metadata table of a folder; a table handed in directly is taken as it is.

    Raises:
        InputError: there is no such path, no table that looks like one of the layouts, or
            several and no way to tell which is meant.
    """
    restore(source)
    if source.is_file():
        return source
    if not source.is_dir():
        if source.exists():
            check_regular(source)
        raise InputError(f"There is no folder {source}. Give a HAM10000 or ISIC 2018 folder.")
    here = list(visible(source))
    by_name = {path.name.lower(): path for path in reversed(here)}
    for name in HAM10000_TABLES:
        if name in by_name:
            return by_name[name]
    below = [path for folder in sorted(source.glob("[!._]*/")) for path in visible(folder)]
    unlabelled = []
    for paths, word in (
        (here, "metadata"),
        (here, "groundtruth"),
        (below, "groundtruth"),
        (below, "metadata"),
    ):
        candidates = [
            path
            for path in paths
            if word in path.name.lower()
            and path.suffix.lower() in TABLE_SUFFIXES
            and not _beside_ground_truth(path)
        ]
        tables = [path for path in candidates if _has_labels(path)]
        if len(tables) > 1:
            names = ", ".join(str(path.relative_to(source)) for path in tables)
            raise InputError(f"{source} has several tables: {names}. Give one of them with `data`.")
        if tables:
            return tables[0]
        unlabelled += candidates
    if unlabelled:
        return unlabelled[0]
    raise InputError(
        f"{source} is not a data set: it has neither HAM10000_metadata.csv (or .tab) nor an "
        f"ISIC 2018 *GroundTruth.csv.{_hint(here)} To try skinlite without data: skinlite demo"
    )


def read_table(table: Path) -> pd.DataFrame:
    """Read a table as text, brought to HAM10000's columns; nothing is judged here.

    Returns:
        One row an image, every value a stripped string ("" where blank), columns as far as
        present. The index is the line in the file less two: 0 is the first below the header.

    Raises:
        InputError: the file isn't a readable table, or not one of images.
    """
    frame = read_frame(table)
    if "pixel0000" in frame:
        raise InputError(
            f"{table} holds pixels of 28x28 or 8x8, too few to train on. Give the folder of "
            "HAM10000_metadata.csv and the images."
        )
    ours = "dx" in frame
    layout = next((row for row in LAYOUTS if row.holds(set(frame.columns))), None)
    if layout is not None:
        frame = layout.read(frame, table)
    if "dx" in frame:
        frame["dx"] = frame["dx"].str.lower()
    frame = spell_out(frame)
    if "dx" in frame and not ours:
        # Other archives leave out a column of which nothing is known.
        for column, blank in {"age": "", "sex": UNKNOWN, "localization": UNKNOWN}.items():
            if column not in frame:
                frame[column] = blank
    if "image_id" in frame:  # which images share a lesion is often not told, and then not known
        named = frame.get("lesion_id", pd.Series("", index=frame.index))
        frame["lesion_id"] = named.mask(named.str.lower().isin(BLANKS), "")
    return frame


def image_paths(table: Path) -> dict[str, Path]:
    """Every image below the data set's folder, by its id, which is its file stem."""
    return find_images(root_of(table)).pictures


def _has_labels(path: Path) -> bool:
    """Whether a table names diagnoses; one that can't be read is for `read_table` to tell."""
    names = read_names(path)
    return not names or any(layout.columns & names for layout in LAYOUTS)


def _hint(files: list[Path]) -> str:
    """What else a folder has that could be meant for its table."""
    tables = [path for path in files if path.suffix.lower() in TABLE_SUFFIXES]
    if named := [path for path in tables if _has_labels(path)]:
        return f" {named[0].name} may be its table: give that file."
    if sheets := [path for path in files if path.suffix.lower() in {".xlsx", ".xls", ".ods"}]:
        return f" Save {sheets[0].name} as CSV and give that."
    return ""


def _beside_ground_truth(path: Path) -> bool:
    """Whether a ``X_metadata.csv`` only completes a ``X_GroundTruth.csv``."""
    truth = re.sub("metadata", "GroundTruth", path.name, flags=re.IGNORECASE)
    folders = (path.parent, path.parent / Path(truth).stem)
    return truth != path.name and named(truth, *folders) is not None
