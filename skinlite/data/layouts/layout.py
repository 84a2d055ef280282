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
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from skinlite.data.layouts.archive import LEVELS, add_classes, has_diagnoses
from skinlite.data.layouts.images import find_images
from skinlite.data.layouts.spellings import BLANKS, spell_out
from skinlite.data.layouts.text import IMAGE_SUFFIXES, read_frame, read_names
from skinlite.errors import InputError
from skinlite.files.read_write import check_regular
from skinlite.vocabulary import CLASSES, UNKNOWN

__all__ = ["COLUMNS", "IMAGE_SUFFIXES", "find_table", "image_paths", "read_table", "root_of"]

COLUMNS = ("lesion_id", "image_id", "dx", "age", "sex", "localization")

HAM10000_TABLES = ("ham10000_metadata.csv", "ham10000_metadata.tab", "ham10000_metadata")
TABLE_SUFFIXES = {".csv", ".tab", ".tsv", ".txt"}

ONE_HOT = {**{name.upper(): name for name in CLASSES}, "AK": "akiec"}
OTHER_ONE_HOT = ("SCC", "UNK", "SCCKA", "BEN_OTH", "MAL_OTH", "INF")
"""Columns of ISIC 2019 and 2025 for what is none of the seven classes."""


def find_table(source: Path) -> Path:
    """The metadata table of a folder; a table handed in directly is taken as it is.

    Raises:
        InputError: there is no such path, no table that looks like one of the layouts, or
            several and no way to tell which is meant.
    """
    if source.is_file():
        return source
    if not source.is_dir():
        if source.exists():
            check_regular(source)
        raise InputError(f"There is no folder {source}. Give a HAM10000 or ISIC 2018 folder.")
    here = list(_visible(source))
    by_name = {path.name.lower(): path for path in reversed(here)}
    for name in HAM10000_TABLES:
        if name in by_name:
            return by_name[name]
    below = [path for folder in sorted(source.glob("[!._]*/")) for path in _visible(folder)]
    unlabelled = []
    for paths, word in (
        (here, "metadata"),
        (here, "groundtruth"),
        (below, "groundtruth"),
        (below, "metadata"),
    ):
        found = [
            path
            for path in paths
            if word in path.name.lower()
            and path.suffix.lower() in TABLE_SUFFIXES
            and not _beside_ground_truth(path)
        ]
        tables = [path for path in found if _has_labels(path)]
        if len(tables) > 1:
            names = ", ".join(str(path.relative_to(source)) for path in tables)
            raise InputError(f"{source} has several tables: {names}. Give one of them with `data`.")
        if tables:
            return tables[0]
        unlabelled += found
    if unlabelled:
        return unlabelled[0]
    raise InputError(
        f"{source} is not a data set: it has neither HAM10000_metadata.csv (or .tab) nor an "
        f"ISIC 2018 *GroundTruth.csv.{_hint(here)} For a try without data: skinlite demo"
    )


def root_of(table: Path) -> Path:
    """The data set's folder: the table's, or the one above an official ``*_GroundTruth`` folder."""
    folder = table.absolute().parent
    return folder.parent if folder.name.lower().endswith("_groundtruth") else table.parent


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
    if not ours and ONE_HOT.keys() & set(frame):
        frame = _from_one_hot(frame, table)
    elif has_diagnoses(frame):
        frame = add_classes(frame)
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


def tables_of(table: Path) -> list[Path]:
    """A table and those that are joined to it."""
    companions = (_companion(table, kind) for kind in ("metadata", "LesionGroupings"))
    return [table, *(path for path in companions if path)]


def _visible(folder: Path) -> Iterator[Path]:
    """The files of a folder without hidden ones, such as macOS's ``._X``."""
    paths = (path for path in folder.iterdir() if not path.name.startswith("."))
    yield from sorted(path for path in paths if path.is_file())


def _has_labels(path: Path) -> bool:
    """Whether a table names diagnoses; one that can't be read is for `read_table` to tell."""
    names = read_names(path)
    return not names or bool({"dx", "diagnosis", *LEVELS, *ONE_HOT} & names)


def _hint(files: list[Path]) -> str:
    """What else a folder has that could be meant for its table."""
    tables = [path for path in files if path.suffix.lower() in TABLE_SUFFIXES]
    if named := [path for path in tables if _has_labels(path)]:
        return f" {named[0].name} may be its table: give that itself."
    if sheets := [path for path in files if path.suffix.lower() in {".xlsx", ".xls", ".ods"}]:
        return f" Save {sheets[0].name} as CSV and give that."
    return ""


def _beside_ground_truth(path: Path) -> bool:
    """Whether a ``X_metadata.csv`` only completes a ``X_GroundTruth.csv``."""
    truth = re.sub("metadata", "GroundTruth", path.name, flags=re.IGNORECASE)
    folders = (path.parent, path.parent / Path(truth).stem)
    return truth != path.name and _named(truth, *folders) is not None


def _named(name: str, *folders: Path) -> Path | None:
    """The file of a name, however capitalised, in the first folder that has it."""
    paths = (path for folder in folders if folder.is_dir() for path in _visible(folder))
    return next((path for path in paths if path.name.lower() == name.lower()), None)


def _from_one_hot(truth: pd.DataFrame, table: Path) -> pd.DataFrame:
    """One-hot columns (MEL, NV, ...) to one ``dx``, joined with the table's companions."""
    known = {name for column, name in ONE_HOT.items() if column in truth}
    missing = [name.upper() for name in CLASSES if name not in known]
    if "image_id" not in truth:
        missing.insert(0, "image_id")
    if missing:
        raise InputError(f"{table} lacks the columns {', '.join(missing)} of ISIC 2018 Task 3.")
    columns = [name for name in truth if name in {*ONE_HOT, *OTHER_ONE_HOT}]
    scores = truth[columns].apply(pd.to_numeric, errors="coerce").fillna(0.0)
    one_hot = (scores == 1).sum(axis=1) == 1
    names = [ONE_HOT.get(name, name.lower()) for name in columns]
    classes = pd.Series(scores.to_numpy().argmax(axis=1), index=truth.index)
    frame = pd.DataFrame({"image_id": truth["image_id"]})
    frame["dx"] = classes.map(dict(enumerate(names))).where(one_hot, "")
    for companion in tables_of(table)[1:]:
        more = read_frame(companion)
        if "image_id" not in more:
            raise InputError(f"{companion} lacks the column image_id.")
        new = more.columns.difference(frame.columns, sort=False)
        rows = more.drop_duplicates("image_id").set_index("image_id")[list(new)]
        frame = frame.join(rows, on="image_id").fillna("")
    return frame


def _companion(table: Path, kind: str) -> Path | None:
    """``X_<kind>.csv`` of an ``X_GroundTruth.csv``: beside it, or in the data set's folder."""
    name = re.sub("groundtruth", kind, table.name, flags=re.IGNORECASE)
    return None if name == table.name else _named(name, table.parent, root_of(table))
