"""Find the table of a data set in the folders that users have.

HAM10000's own names first, then a ``*metadata*`` or ``*GroundTruth*`` table in the folder or one
below, then a folder for each class.
"""

import re
from pathlib import Path

from skinlite.data.layouts.images import Found, find_images
from skinlite.data.layouts.isic_2020_pad_ufes import class_images, has_class_folders
from skinlite.data.layouts.places import named, root_of, visible
from skinlite.data.layouts.recognize import LAYOUTS
from skinlite.data.layouts.text import read_names
from skinlite.errors import InputError
from skinlite.files.locks import restore
from skinlite.files.read_write import check_regular

HAM10000_TABLES = ("ham10000_metadata.csv", "ham10000_metadata.tab", "ham10000_metadata")
TABLE_SUFFIXES = {".csv", ".tab", ".tsv", ".txt"}


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
        raise InputError(
            f"There is no folder {source}. Give the folder or the table of a data set."
        )
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
    if has_class_folders(source):
        return source
    raise InputError(
        f"{source} is not a data set that is known by its files (HAM10000, ISIC, PAD-UFES-20, a "
        f"folder for each class).{_hint(here, source)} To try skinlite without data: skinlite demo"
    )


def images_of(table: Path) -> Found:
    """Every image that a table may name, by its id: its file stem, anywhere below the folder."""
    return class_images(table) if table.is_dir() else find_images(root_of(table), packed=True)


def image_paths(table: Path) -> dict[str, Path]:
    """One path of each of `images_of`."""
    return images_of(table).pictures


def _has_labels(path: Path) -> bool:
    """Whether a table names diagnoses; one that can't be read is for `read_table` to tell."""
    names = read_names(path)
    return not names or any(layout.columns & names for layout in LAYOUTS)


def _hint(files: list[Path], source: Path) -> str:
    """What else a folder has that could be meant for its table, or for the folder of classes."""
    tables = [path for path in files if path.suffix.lower() in TABLE_SUFFIXES]
    if named := [path for path in tables if _has_labels(path)]:
        return f" {named[0].name} may be its table: give that file."
    if len(tables) == 1:
        return (
            f" {tables[0].name} may be its table: give that file, and the name of its column of "
            "labels (`label_column`)."
        )
    if sheets := [path for path in files if path.suffix.lower() in {".xlsx", ".xls", ".ods"}]:
        return f" Save {sheets[0].name} as CSV and give that."
    sides = [one for one in sorted(source.glob("[!._]*/")) if has_class_folders(one)]
    if sides:
        return f" {sides[0].name} has a folder for each class: give {sides[0]}."
    return ""


def _beside_ground_truth(path: Path) -> bool:
    """Whether a ``X_metadata.csv`` only completes a ``X_GroundTruth.csv``."""
    truth = re.sub("metadata", "GroundTruth", path.name, flags=re.IGNORECASE)
    folders = (path.parent, path.parent / Path(truth).stem)
    return truth != path.name and named(truth, *folders) is not None
