"""Decode once: every image at the network's size, as one memory-mapped uint8 array.

The array's name is a hash of what it was made from (ids, file contents, size), so a changed
image or another size makes a new one and an unchanged set is never decoded again. Beside it lie
the checksums of its parts (`skinlite.data.checksums`): a damaged array is decoded anew. It is built
part by part (`skinlite.data.parts`), so that a killed process is gone on from where it was. The
folder is ``$SKINLITE_CACHE``, or ``skinlite`` below ``$XDG_CACHE_HOME`` or ``~/.cache``.
"""

import errno
import hashlib
import os
import shlex
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from skinlite.data import checksums
from skinlite.data.dataset import Dataset
from skinlite.data.packed import sha256_of_image
from skinlite.data.parts import build
from skinlite.data.preprocessing import Pixels, Shaping, load_image, shape
from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.locks import Claim, mend_folder
from skinlite.process.environment import cache_path
from skinlite.process.threads import in_threads

GEOMETRY_VERSION = 1
"""Raised whenever `skinlite.data.preprocessing` computes other pixels: no old array is taken."""


def cache_folder() -> Path:
    """Where arrays and converted references are kept between commands."""
    return Path(cache_path())


def kept_folder(kind: str, identity: str) -> Path:
    """The folder of what was made once from what ``identity`` says; another one, another folder."""
    return cache_folder() / kind / hashlib.sha256(identity.encode()).hexdigest()[:32]


def pixels_of(
    dataset: Dataset,
    height: int,
    width: int,
    advance: Callable[[], None] = lambda: None,
    shaping: Shaping = "crop",
) -> Pixels:
    """All images of a data set, decoded at most once.

    Args:
        dataset: N rows.
        height: rows of the network's input, pixels.
        width: columns, pixels.
        advance: called once a decoded image, for a progress bar.
        shaping: see `skinlite.data.preprocessing.shape`.

    Returns:
        Read-only uint8 memory map of shape (N, height, width, 3), rows as in the data set.

    Raises:
        InputError: images that can't be decoded, all of them named; or a full disk.
    """
    path = cache_folder() / "pixels" / f"{_identity(dataset, height, width, shaping)}.npy"
    size = (len(dataset.frame), height, width, 3)
    fault = checksums.fault_of(path, size)
    if fault:
        for place in (path, checksums.sums_of(path)):
            if place.is_dir():  # nothing that we made, so it stays
                raise InputError(
                    f"{place} is a folder, but should be a file of decoded images. Remove it, or "
                    "set SKINLITE_CACHE to another folder."
                )
        if path.exists():
            warnings.warn(
                f"The decoded images in {path} can't be used: {fault}. They are decoded again.",
                SkinliteWarning,
                stacklevel=2,
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not os.access(path.parent, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            mend_folder(path.parent)
            with Claim(path, wait=True):
                # Another process may have decoded them while we waited for it.
                if checksums.fault_of(path, size):
                    _decode(dataset, path, size, advance, shaping)
        except OSError as error:
            raise InputError(
                f"Can't write the decoded images to {path}: {error.strerror or error}. "
                "Set SKINLITE_CACHE to a folder on a disk with free space."
            ) from error
    return checksums.map_rows(path, size)


def _identity(dataset: Dataset, height: int, width: int, shaping: Shaping) -> str:
    how = "" if shaping == "crop" else f" {shaping}"
    digest = hashlib.sha256(f"{GEOMETRY_VERSION} {height}x{width}{how}".encode())
    hashes = in_threads(_content, dataset.frame["path"])
    for image_id, content in zip(dataset.frame["image_id"], hashes, strict=True):
        digest.update(f"{image_id} {content}\n".encode())
    return digest.hexdigest()[:32]


def _content(path: Path) -> str:
    try:
        return sha256_of_image(path)
    except OSError as error:
        raise InputError(f"Can't read the image {path}: {error.strerror or error}.") from error


def _decode(
    dataset: Dataset,
    target: Path,
    size: checksums.Shape,
    advance: Callable[[], None],
    shaping: Shaping,
) -> None:
    paths = list(dataset.frame["path"])
    _, height, width, _ = size
    faults: list[str] = []

    def decode(part: checksums.Rows) -> tuple[Pixels, tuple[int, int]] | None:
        """The part's rows, how many are of small images, and the first of these."""
        rows = np.zeros((part[1] - part[0], *size[1:]), np.uint8)
        small, wrong = [], []
        for row in range(*part):
            try:
                image = load_image(paths[row])
                if image.shape[0] < height or image.shape[1] < width:
                    small.append(row)
                rows[row - part[0]] = shape(image, height, width, shaping)
            except InputError as error:
                wrong.append(str(error))
            advance()
        faults.extend(wrong)
        return None if wrong else (rows, (len(small), min(small, default=0)))

    notes = build(target, size, decode)
    if faults:
        shown = "\n  ".join(faults[:10])
        raise InputError(
            f"{len(faults)} image(s) can't be used:\n  {shown}\n"
            f"Download them again, or remove their rows from the table; list them all with: "
            f"skinlite data check {shlex.quote(str(dataset.root))}"
        )
    if small := sum(count for count, _ in notes):
        first = min(row for count, row in notes if count)
        warnings.warn(
            f"{small} of {len(paths)} images are smaller than the network's input of "
            f"{height}x{width} and were enlarged, which adds no detail; the first is "
            f"{paths[first]}. Use larger ones, or train with a smaller `image_size`.",
            SkinliteWarning,
            stacklevel=3,
        )
