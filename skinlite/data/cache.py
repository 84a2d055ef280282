"""Decode once: every image at the network's size, as one memory-mapped uint8 array.

The array's name is a hash of what it was made from (ids, file contents, size), so a changed
image or another size makes a new one and an unchanged set is never decoded again. Beside it lie
the checksums of its parts (`skinlite.data.checksums`): a damaged array is decoded anew. The folder
is ``$SKINLITE_CACHE``, or ``skinlite`` below ``$XDG_CACHE_HOME`` or ``~/.cache``.
"""

import errno
import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from skinlite.data import checksums
from skinlite.data.dataset import Dataset
from skinlite.data.geometry import Pixels, Shaping, load_image, shape
from skinlite.data.packed import sha256_of_image
from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.claims import Claim, mend_folder
from skinlite.process.environment import cache_path
from skinlite.process.threads import in_threads

GEOMETRY_VERSION = 1
"""Raised whenever `skinlite.data.geometry` computes other pixels, so that no old array is taken."""


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
        shaping: see `skinlite.data.geometry.shape`.

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
            with Claim(path, wait=True) as claim:
                # Another process may have decoded them while we waited for it.
                if checksums.fault_of(path, size):
                    _decode(dataset, claim.new, height, width, advance, shaping)
                    checksums.keep(claim.new, path, size)
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
    height: int,
    width: int,
    advance: Callable[[], None],
    shaping: Shaping,
) -> None:
    paths = list(dataset.frame["path"])
    pixels = np.lib.format.open_memmap(
        target, mode="w+", dtype=np.uint8, shape=(len(paths), height, width, 3)
    )
    if hasattr(os, "posix_fallocate"):
        # A mapped file has holes; filling one on a full disk kills the process. Fail here instead.
        with target.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, target.stat().st_size)

    small: list[Path] = []

    def decode(row: int) -> str | None:
        try:
            image = load_image(paths[row])
            if image.shape[0] < height or image.shape[1] < width:
                small.append(paths[row])
            pixels[row] = shape(image, height, width, shaping)
        except InputError as error:
            return str(error)
        finally:
            advance()
        return None

    done = in_threads(decode, range(len(paths)), os.cpu_count())
    faults = [message for message in done if message]
    if faults:
        shown = "\n  ".join(faults[:10])
        raise InputError(
            f"{len(faults)} image(s) can't be used:\n  {shown}\n"
            f"Download them again, or remove their rows from the table; list them all with: "
            f"skinlite data check {dataset.root}"
        )
    if small:
        warnings.warn(
            f"{len(small)} of {len(paths)} images are smaller than the network's input of "
            f"{height}x{width} and were enlarged, which adds no detail; the first is "
            f"{min(small)}. Use larger ones, or train with a smaller `image_size`.",
            SkinliteWarning,
            stacklevel=3,
        )
    pixels.flush()
