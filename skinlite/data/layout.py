"""Find the table and the pictures of a data set in the layouts that users have.

* HAM10000 from the Harvard Dataverse (``.tab``, no extension) or from Kaggle (``.csv``): one row an
  image with the columns lesion_id, image_id, dx, age, sex, localization and perhaps dataset.
* ISIC 2018 Task 3: a one-hot ``*GroundTruth.csv``, in the set's folder or in the folder of its own
  that the official archive unpacks to; a ``*metadata.csv`` and the official
  ``*LesionGroupings.csv`` are taken from either place.

Pictures may lie in any folders up to two levels below the data set's.
"""

import csv
from pathlib import Path

import pandas as pd

from skinlite.errors import InputError
from skinlite.vocabulary import ARCHIVE_SITES, CLASSES, UNKNOWN

COLUMNS = ("lesion_id", "image_id", "dx", "age", "sex", "localization")
PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png"}

OTHER_NAMES = {
    "image": "image_id",
    "isic_id": "image_id",
    "age_approx": "age",
    "anatom_site_general": "localization",
}
"""Column names of the ISIC challenges and the ISIC Archive, and what HAM10000 calls the same."""

BLANKS = ("", UNKNOWN, "na", "n/a", "nan", "none")
"""What tools write for a value that is missing, lower case."""


def find_table(source: Path) -> Path:
    """The metadata table of a folder; a table handed in directly is taken as it is.

    Raises:
        InputError: there is no such path, no table that looks like one of the layouts, or
            several and no way to tell which is meant.
    """
    if source.is_file():
        return source
    if not source.is_dir():
        raise InputError(f"There is no folder {source}. Give a HAM10000 or ISIC 2018 folder.")
    for name in ("HAM10000_metadata.csv", "HAM10000_metadata.tab", "HAM10000_metadata"):
        if (source / name).is_file():
            return source / name
    for pattern in ("*metadata*.csv", "*GroundTruth*.csv", "*/*GroundTruth*.csv"):
        found = sorted(path for path in source.glob(pattern) if path.is_file())
        tables = [path for path in found if not _beside_ground_truth(path)]
        if len(tables) > 1:
            names = ", ".join(str(path.relative_to(source)) for path in tables)
            raise InputError(f"{source} has several tables: {names}. Give one of them with --data.")
        if tables:
            return tables[0]
    raise InputError(
        f"{source} is not a data set: it has neither HAM10000_metadata.csv (or .tab) nor an "
        "ISIC 2018 *GroundTruth.csv. For a try without data: skinlite demo"
    )


def root_of(table: Path) -> Path:
    """The data set's folder: the table's, or the one above an official ``*_GroundTruth`` folder."""
    folder = table.absolute().parent
    return folder.parent if folder.name.endswith("_GroundTruth") else table.parent


def read_table(table: Path) -> pd.DataFrame:
    """Read a table as text, brought to HAM10000's columns; nothing is judged here.

    Returns:
        One row an image, every value a stripped string ("" where blank), columns as far as
        present. The index is the line in the file less two: 0 is the first below the header.

    Raises:
        InputError: the file isn't a readable table.
    """
    frame = _read_text(table)
    if "dx" not in frame and {name.upper() for name in CLASSES} & set(frame):
        frame = _from_one_hot(frame, table)
    if "dx" in frame:
        frame["dx"] = frame["dx"].str.lower()
    for column in frame.columns.intersection(["sex", "localization"]):
        values = frame[column].str.lower()
        frame[column] = values.replace(dict.fromkeys(BLANKS, UNKNOWN) | ARCHIVE_SITES)
    if "age" in frame:
        frame["age"] = frame["age"].mask(frame["age"].str.lower().isin(BLANKS), "")
    if "image_id" in frame:  # which images share a lesion is often not told, and then not known
        named = frame.get("lesion_id", pd.Series("", index=frame.index))
        frame["lesion_id"] = named.mask(named.str.lower().isin(BLANKS), "")
    return frame


def find_pictures(table: Path) -> dict[str, Path]:
    """Every picture at most two folders below the data set's, by image id (its file stem)."""
    pictures: dict[str, Path] = {}
    for pattern in ("*", "*/*", "*/*/*"):
        for path in sorted(root_of(table).glob(pattern)):
            if path.suffix.lower() in PICTURE_SUFFIXES:
                pictures.setdefault(path.stem, path)
    return pictures


def _beside_ground_truth(path: Path) -> bool:
    """Whether a ``X_metadata.csv`` only completes a ``X_GroundTruth.csv``."""
    truth = path.name.replace("metadata", "GroundTruth")
    return truth != path.name and any(
        (path.parent / place / truth).exists() for place in (".", Path(truth).stem)
    )


def _read_text(table: Path) -> pd.DataFrame:
    """Comma-, semicolon- or tab-separated text; pandas guesses too much and forgets the lines."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            head = next((line for line in stream if line.strip()), "")
            separator = max(",;\t", key=head.count)
            stream.seek(0)
            reader = csv.reader(stream, delimiter=separator, strict=True)
            lines = [
                (reader.line_num, cells)
                for cells in ([cell.strip() for cell in line] for line in reader)
                if any(cells)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table} is not a readable table: {error}.") from error
    if not lines:
        raise InputError(f"{table} is empty.")
    (_, header), *rows = lines
    columns = [OTHER_NAMES.get(name, name) for name in header]
    if len(set(columns)) < len(columns):
        raise InputError(f"{table} names a column twice: {', '.join(header)}.")
    for line, cells in rows:
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            raise InputError(
                f"{table} is not a readable table: line {line} has {len(cells)} values, "
                f"the header {len(columns)}."
            )
    padded = [(cells + [""] * len(columns))[: len(columns)] for _, cells in rows]
    return pd.DataFrame(padded, [line - 2 for line, _ in rows], columns, dtype=str)


def _from_one_hot(truth: pd.DataFrame, table: Path) -> pd.DataFrame:
    """ISIC 2018's one-hot columns (MEL, NV, ...) to one ``dx``, joined with its companions."""
    columns = [name.upper() for name in CLASSES]
    missing = [name for name in ("image_id", *columns) if name not in truth]
    if missing:
        raise InputError(f"{table} lacks the columns {', '.join(missing)} of ISIC 2018 Task 3.")
    scores = truth[columns].apply(pd.to_numeric, errors="coerce").fillna(0.0)
    one_hot = (scores == 1).sum(axis=1) == 1
    classes = pd.Series(scores.to_numpy().argmax(axis=1), index=truth.index)
    frame = pd.DataFrame({"image_id": truth["image_id"]})
    frame["dx"] = classes.map(dict(enumerate(CLASSES))).where(one_hot, "")
    for kind in ("metadata", "LesionGroupings"):
        companion = _companion(table, kind)
        if companion and companion != table:
            more = _read_text(companion)
            if "image_id" not in more:
                raise InputError(f"{companion} lacks the column image_id.")
            new = more.columns.difference(frame.columns, sort=False)
            known = more.drop_duplicates("image_id").set_index("image_id")[list(new)]
            frame = frame.join(known, on="image_id").fillna("")
    # Without companions nobody knows who the patient is.
    for column, blank in {"age": "", "sex": UNKNOWN, "localization": UNKNOWN}.items():
        if column not in frame:
            frame[column] = blank
    return frame


def _companion(table: Path, kind: str) -> Path | None:
    """``X_<kind>.csv`` of an ``X_GroundTruth.csv``: beside it, or in the data set's folder."""
    name = table.name.replace("GroundTruth", kind)
    places = (table.with_name(name), root_of(table) / name)
    return next((path for path in places if path.is_file()), None)
