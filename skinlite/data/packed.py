"""Images in a file of their own, or many in one HDF5 file, as ISIC 2024 has them.

An image inside ``train-image.hdf5`` has the path ``train-image.hdf5/ISIC_0015670``: everything that
takes an image's path takes this one, too. An entry is the bytes of an image file. Only what lies in
the HDF5 file itself is read: no links to other files, no external or virtual storage, no filters.
"""

import hashlib
import importlib.util
import io
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from skinlite.errors import InputError
from skinlite.files.read_write import check_regular, open_regular, sha256_of

SUFFIX = ".hdf5"


def can_unpack() -> bool:
    """Whether h5py is installed, which reads HDF5 files."""
    return importlib.util.find_spec("h5py") is not None


def is_packed(path: Path) -> bool:
    """Whether a path is of an image inside of a file."""
    return path.parent.suffix.lower() == SUFFIX and path.parent.is_file()


def names_in(packed: Path) -> list[str]:
    """The names of the images in an HDF5 file, sorted; none of a file that holds other things.

    Raises:
        InputError: it can't be read.
    """
    from h5py import h5l, h5o

    check_regular(packed)
    names: list[str] = []

    def add(name: bytes, link: Any) -> None:
        if link.type == h5l.TYPE_HARD:
            names.append(name.decode(errors="replace"))

    file = _opened(packed)
    try:
        file.links.iterate(add, info=True)
        if names and h5o.get_info(file, names[0].encode()).type != h5o.TYPE_DATASET:
            return []
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise InputError(f"{packed} can't be read: {error}.") from error
    return sorted(names)


def open_image(path: Path) -> BinaryIO:
    """Open an image's file to be read, or its bytes inside of an HDF5 file.

    Raises:
        InputError: it is missing, no regular file, or can't be read.
    """
    return io.BytesIO(_unpacked(path)) if is_packed(path) else open_regular(path)


def sha256_of_image(path: Path) -> str:
    """Hex SHA-256 of the content that `open_image` gives; the same errors, or an OSError."""
    return hashlib.sha256(_unpacked(path)).hexdigest() if is_packed(path) else sha256_of(path)


def _unpacked(path: Path) -> bytes:
    import h5py
    import numpy as np
    from h5py import h5d, h5l, h5s

    packed, name = path.parent, path.name.encode()
    file = _opened(packed)
    try:
        if name not in file or file.links.get_info(name).type != h5l.TYPE_HARD:
            raise InputError(f"{packed} has no image {path.name}.")
        entry = h5d.open(file, name)
        plan = entry.get_create_plist()
        inside = plan.get_layout() in (h5d.CONTIGUOUS, h5d.COMPACT)
        if not inside or plan.get_external_count():
            raise InputError(f"{path} isn't stored as the bytes of an image file.")
        kind = entry.dtype
        if kind.hasobject:  # strings of any length
            return bytes(h5py.Dataset(entry)[()])
        content = np.empty(entry.shape, kind)
        entry.read(h5s.ALL, h5s.ALL, content)
        return content.tobytes()
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} can't be read: {error}.") from error


def _opened(packed: Path) -> Any:
    try:
        state = packed.stat()
    except OSError as error:
        raise InputError(f"{packed} can't be read: {error.strerror}.") from error
    return _open(os.fspath(packed), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _open(packed: str, changed: int, size: int) -> Any:
    """An open file; one that was changed since is opened anew."""
    import h5py

    try:
        return h5py.File(packed, "r").id
    except OSError as error:
        raise InputError(f"{packed} can't be read: {error}.") from error
