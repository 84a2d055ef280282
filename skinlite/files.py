"""Files and folders: read ours with a message, write them so that a kill leaves no half."""

import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from skinlite.errors import InputError

T = TypeVar("T", bound=BaseModel)


KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_regular(path: Path) -> None:
    """Refuse what is no file on a disk: reading a pipe can wait, and a device go on, for ever.

    Raises:
        InputError: a folder, a pipe, a socket or a device.
        OSError: there is nothing, or no right to look.
    """
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind != stat.S_IFREG:
        raise InputError(
            f"{path} is {KINDS.get(kind, 'something else')}, not a regular file. Give a file."
        )


def read_regular(path: Path) -> bytes:
    """The content of a regular file; see `check_regular`."""
    check_regular(path)
    return path.read_bytes()


def read_json(kind: type[T], path: Path) -> T:
    """Read and validate one of our JSON files.

    Raises:
        InputError: missing, damaged, or of another schema version.
    """
    try:
        return kind.model_validate_json(read_regular(path))
    except FileNotFoundError as error:
        raise InputError(f"There is no {path}.") from error
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror or error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(
            f"{path} is damaged or of another version: {place}: {first['msg']}."
        ) from error


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a regular file's content."""
    check_regular(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write ``content`` under a temporary name, then rename: readers see the old file or the new.

    Raises:
        InputError: the folder can't be written to, or the disk is full.
    """
    data = content.encode() if isinstance(content, str) else content
    with writing(path):
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the enclosed writes into an `InputError` that names ``path``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"Can't write {path}: {reason}. Choose another place with --out, or free some space."
        ) from error


@contextmanager
def staged_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a temporary sibling of ``target`` to write into; rename it to ``target`` at the end.

    On any exception, Ctrl-C included, the sibling is removed and ``target`` stays as it was.

    Raises:
        InputError: ``target`` exists and is not an empty folder (unless ``replace``), or its
            parent can't be written to.
    """
    if target.exists() and not replace and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} exists already. Choose another folder with --out.")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    staging = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    before = staging.with_name(f"{staging.name}.before")
    try:
        with writing(target):
            staging.mkdir()
        yield staging
        with writing(target):
            if target.exists():
                target.replace(before)
            staging.replace(target)
    finally:
        if before.exists() and not target.exists():
            before.replace(target)
        for folder in (before, staging):
            shutil.rmtree(folder, ignore_errors=True)
