"""Read a table's text: its encoding, separator and header as tools write them, and its lines."""

import csv
import io
import re
import warnings
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Set
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from skinlite.errors import InputError
from skinlite.files.read_write import open_regular

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}

OTHER_NAMES = {
    "image": "image_id",
    "isic_id": "image_id",
    "image_name": "image_id",
    "img_id": "image_id",
    "filename": "image_id",
    "file_name": "image_id",
    "filepath": "image_id",
    "image_path": "image_id",
    "gender": "sex",
    "age_approx": "age",
    "anatom_site_general": "localization",
    "anatom_site_general_challenge": "localization",
}
"""Column names of the ISIC challenges and the ISIC Archive, and of Keras' tables, and what HAM10000
calls the same."""

NAMES = {
    *("lesion_id", "image_id", "dx", "age", "sex", "localization", "dataset", "image_type"),
    *("diagnosis", "benign_malignant", "anatom_site_special", "patient_id", *OTHER_NAMES),
    *("target", "diagnostic"),
    *(f"{kind}_{level}" for kind in ("diagnosis", "anatom_site") for level in range(1, 6)),
}
"""Columns that are read, however their names are capitalised."""

KEPT = {
    *NAMES,
    *("dx_type", "region"),
    *("MEL", "NV", "BCC", "AK", "AKIEC", "BKL", "DF", "VASC"),
    *("SCC", "UNK", "SCCKA", "BEN_OTH", "MAL_OTH", "INF"),
}
"""Columns that any layout reads; ISIC 2024 has 40 more for each of 400,000 images."""

LONGEST = 1 << 20
"""Characters of a line."""

_SEPARATOR = re.compile(r'\s*"?sep=([^"])', re.IGNORECASE)
_SUFFIX = rf"(?i:\.(?:{'|'.join(suffix[1:] for suffix in sorted(IMAGE_SUFFIXES))}))$"


class Text(NamedTuple):
    """A table's stripped cells; a row is its line in the file (the first is 1) and its cells.

    The rows are read while they are asked for, once.
    """

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]

    @property
    def needed(self) -> int:
        """Cells that a whole row has: up to the last column with a name."""
        return max((place for place, name in enumerate(self.header, 1) if name), default=0)


def read_text(table: Path) -> Text:
    """Comma-, semicolon- or tab-separated text; pandas guesses too much and forgets the lines.

    UTF-8, or UTF-16 as Excel's "Unicode text" has it; a first line ``sep=;`` is Excel's, too.

    Raises:
        InputError: the file isn't a readable table; also while its rows are read.
    """
    rows = _lines(table)
    _, header = next(rows, (0, None))
    if header is None:
        raise InputError(f"{table} is empty.")
    return Text(header, rows)


def read_names(table: Path) -> set[str]:
    """The names of a table's columns as `read_frame` has them; none where it can't be read."""
    try:
        _, header = next(_lines(table), (0, []))
    except InputError:
        return set()
    return set(_known_names(header))


def read_frame(table: Path, more: Set[str] = frozenset()) -> pd.DataFrame:
    """A table as text, its columns by HAM10000's names, image ids without folder and suffix.

    Args:
        table: a file.
        more: columns that are kept besides those in `KEPT`.

    Returns:
        Every value a stripped string ("" where a line is cut short). The index is the line in the
        file less two: 0 is the first below the header.

    Raises:
        InputError: the file isn't a readable table, or one name stands over two columns.
    """
    header, rows = read_text(table)
    names = _known_names(header)
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        raise InputError(f"{table} has a column twice: {', '.join(header)}.")
    columns: dict[str, list[str]] = {name: [] for name in named if name in KEPT or name in more}
    places = [(names.index(name), values) for name, values in columns.items()]
    index: list[int] = []
    same: dict[str, str] = {}  # "male" once, not once a row
    for line, cells in rows:
        if len(cells) > len(names) and any(cells[len(names) :]):
            raise InputError(
                f"{table} is not a readable table: line {line} has {len(cells)} values, "
                f"the header {len(names)}."
            )
        for place, values in places:
            cell = cells[place] if place < len(cells) else ""
            values.append(same.setdefault(cell, cell))
        index.append(line - 2)
    frame = pd.DataFrame(columns, index, dtype=str)
    if "image_id" in frame:
        ids = frame["image_id"].str.replace(r".*[/\\]", "", regex=True)
        frame["image_id"] = ids.str.replace(_SUFFIX, "", regex=True)
    return frame


def _lines(table: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that aren't blank, as stripped cells, each with its number in the file."""
    reached = 0
    try:
        with open_regular(table) as stream:
            utf16 = stream.peek(2)[:2] in (BOM_UTF16_LE, BOM_UTF16_BE)
            text = io.TextIOWrapper(stream, "utf-16" if utf16 else "utf-8-sig", newline="")
            lines = iter(lambda: text.readline(LONGEST), "")
            head = next((line for line in lines if (reached := reached + 1) and line.strip()), "")
            declared = _SEPARATOR.match(head)
            skipped = reached if declared else reached - 1
            separator = declared[1] if declared else max(",;\t", key=head.count)
            rest = lines if declared else chain([head], lines)
            reader = csv.reader(map(_whole, rest), delimiter=separator, strict=True)
            for line in reader:
                reached = skipped + reader.line_num
                cells = [cell.strip() for cell in line]
                if any(cells):
                    yield reached, cells
    except UnicodeDecodeError as error:
        raise InputError(
            f"{table} is not a readable table: it isn't {error.encoding} ({error.reason}), not "
            f"far below line {reached}. Save it as UTF-8."
        ) from error
    except (OSError, csv.Error) as error:
        raise InputError(f"{table} is not a readable table: {error}.") from error


def _whole(line: str) -> str:
    """A line, unless it has no end in sight."""
    if len(line) >= LONGEST and not line.endswith(("\n", "\r")):
        raise csv.Error(f"a line of more than {LONGEST:,} characters")
    return line


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
