"""Where the files of a data set lie."""

from collections.abc import Iterator
from pathlib import Path


def root_of(table: Path) -> Path:
    """The data set's folder: the table's, or the one above an official ``*_GroundTruth`` folder.

    A folder that is a table itself, with a folder for each class, is its own.
    """
    if table.is_dir():
        return table
    folder = table.absolute().parent
    return folder.parent if folder.name.lower().endswith("_groundtruth") else table.parent


def visible(folder: Path) -> Iterator[Path]:
    """The files of a folder without hidden ones, such as macOS's ``._X``."""
    paths = (path for path in folder.iterdir() if not path.name.startswith("."))
    yield from sorted(path for path in paths if path.is_file())


def named(name: str, *folders: Path) -> Path | None:
    """The file of a name, however capitalised, in the first folder that has it."""
    paths = (path for folder in folders if folder.is_dir() for path in visible(folder))
    return next((path for path in paths if path.name.lower() == name.lower()), None)
