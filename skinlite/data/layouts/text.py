"""Read a table's text: its encoding, separator and header as tools write them, and its lines."""

import csv
import io
import re
import warnings
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from skinlite.errors import InputError
from skinlite.files.read_write import read_regular

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}

OTHER_NAMES = {
    "image": "image_id",
    "isic_id": "image_id",
    "image_name": "image_id",
    "img_id": "image_id",
    "gender": "sex",
    "age_approx": "age",
    "anatom_site_general": "localization",
    "anatom_site_general_challenge": "localization",
}
"""Column names of the ISIC challenges and the ISIC Archive, and what HAM10000 calls the same."""

NAMES = {
    *("lesion_id", "image_id", "dx", "age", "sex", "localization", "dataset", "image_type"),
    *("diagnosis", "benign_malignant", "anatom_site_special", "patient_id", *OTHER_NAMES),
    *("target", "diagnostic"),
    *(f"{kind}_{level}" for kind in ("diagnosis", "anatom_site") for level in range(1, 6)),
}
"""Columns that are read, however their names are capitalised."""

_SEPARATOR = re.compile(r'\s*"?sep=([^"])', re.IGNORECASE)
_SUFFIX = rf"(?i:\.(?:{'|'.join(suffix[1:] for suffix in sorted(IMAGE_SUFFIXES))}))$"


class Text(NamedTuple):
    """A table's stripped cells; a row is its line in the file (the first is 1) and its cells."""

    header: list[str]
    rows: list[tuple[int, list[str]]]

    @property
    def needed(self) -> int:
        """Cells that a whole row has: up to the last column with a name."""
        return max((place for place, name in enumerate(self.header, 1) if name), default=0)


def read_text(table: Path) -> Text:
    """Comma-, semicolon- or tab-separated text; pandas guesses too much and forgets the lines.

    UTF-8, or UTF-16 as Excel's "Unicode text" has it; a first line ``sep=;`` is Excel's, too.

    Raises:
        InputError: the file isn't a readable table.
    """
    lines = list(_lines(table))
    if not lines:
        raise InputError(f"{table} is empty.")
    (_, header), *rows = lines
    return Text(header, rows)


def read_names(table: Path) -> set[str]:
    """The names of a table's columns as `read_frame` has them; none where it can't be read."""
    try:
        _, header = next(_lines(table), (0, []))
    except InputError:
        return set()
    return set(_known_names(header))


def read_frame(table: Path) -> pd.DataFrame:
    """A table as text, its columns by HAM10000's names, image ids without folder and suffix.

    Returns:
        Every value a stripped string ("" where a line is cut short). The index is the line in the
        file less two: 0 is the first below the header.

    Raises:
        InputError: the file isn't a readable table, or one name stands over two columns.
    """
    header, rows = read_text(table)
    columns = _known_names(header)
    named = [name for name in columns if name]
    if len(set(named)) < len(named):
        raise InputError(f"{table} has a column twice: {', '.join(header)}.")
    for line, cells in rows:
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            raise InputError(
                f"{table} is not a readable table: line {line} has {len(cells)} values, "
                f"the header {len(columns)}."
            )
    padded = [(cells + [""] * len(columns))[: len(columns)] for _, cells in rows]
    frame = pd.DataFrame(padded, [line - 2 for line, _ in rows], columns, dtype=str)
    frame = frame.loc[:, [bool(name) for name in columns]]
    if "image_id" in frame:
        ids = frame["image_id"].str.replace(r".*[/\\]", "", regex=True)
        frame["image_id"] = ids.str.replace(_SUFFIX, "", regex=True)
    return frame


def _lines(table: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that aren't blank, as stripped cells, each with its number in the file."""
    try:
        content = read_regular(table)
        utf16 = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        stream = io.StringIO(content.decode("utf-16" if utf16 else "utf-8-sig"), newline="")
        head = next((line for line in stream if line.strip()), "")
        declared = _SEPARATOR.match(head)
        if not declared:
            stream.seek(0)
        skipped = stream.getvalue()[: stream.tell()].count("\n")
        separator = declared[1] if declared else max(",;\t", key=head.count)
        reader = csv.reader(stream, delimiter=separator, strict=True)
        for line in reader:
            cells = [cell.strip() for cell in line]
            if any(cells):
                yield skipped + reader.line_num, cells
    except UnicodeDecodeError as error:
        raise InputError(f"{table} is not a readable table: {error}. Save it as UTF-8.") from error
    except (OSError, csv.Error) as error:
        raise InputError(f"{table} is not a readable table: {error}.") from error


def _known_names(header: list[str]) -> list[str]:
    """The columns' names as skinlite has them; what it has under its own name goes first."""
    names = [name.lower() if name.lower() in NAMES else name for name in header]
    for place, name in enumerate(names):
        meant = OTHER_NAMES.get(name, name)
        if meant not in names:
            names[place] = meant
    return names


def read_values(stream: Any, **options: Any) -> pd.DataFrame:
    """A CSV in UTF-8 with as many values in each line as names in its first, as strings.

    pandas by itself takes values that are too many for an index, so that all columns move.

    Args:
        stream: open for reading, binary.
        options: of `pandas.read_csv`.

    Raises:
        ValueError: it isn't one.
    """
    options = {"dtype": str, "keep_default_na": False, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame: pd.DataFrame = pd.read_csv(
                stream, index_col=False, encoding="utf-8-sig", **options
            )
        except pd.errors.ParserWarning as error:
            raise ValueError("a line has more values than the first") from error
    return frame
