"""An array of decoded images whose content has a checksum for each part of it.

``NAME.npy`` is NumPy's format; ``NAME.sums`` has a line for each part: its first row, the row
behind its last, and the CRC-32 of its bytes. Parts may be of any length and are checked one by
one. CRC-32 finds what disks and kills do, at about a gigabyte a second; against people it protects
nothing, and the cache is the user's own.

While it is built it is ``NAME.npy.partial`` (`skinlite.data.parts`).

Format history: 1 first. Arrays without checksums (0.1.0) are made anew.
"""

import io
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from skinlite.data.preprocessing import Pixels
from skinlite.errors import InputError
from skinlite.files.locks import Claim
from skinlite.files.read_write import open_regular, read_regular
from skinlite.process.threads import in_threads

TITLE = "skinlite pixels 1"
READ = 8 << 20
"""Bytes that are read at once."""

Shape = tuple[int, int, int, int]
"""Images, height, width, channels."""
Rows = tuple[int, int]
"""The first, and the one behind the last."""


def keep(temporary: Path, path: Path, sums: Mapping[Rows, int]) -> None:
    """Give a written array its name, once its content and its checksums are on the disk.

    A kill or a power cut in between leaves a pair that doesn't fit, which `fault_of` tells.

    Args:
        temporary: in the folder of ``path``.
        path: ``NAME.npy``; one that is there is replaced.
        sums: the checksum of each part, all rows once.

    Raises:
        OSError: the disk is full, or fails.
    """
    lines = [
        TITLE,
        *(f"{first} {behind} {sums[first, behind]:08x}" for first, behind in sorted(sums)),
    ]
    with Claim(sums_of(path), wait=True) as claim:
        claim.new.write_text("\n".join(lines) + "\n")
        for written, place in ((temporary, path), (claim.new, claim.place)):
            _sync(written)
            written.replace(place)
        _sync(path.parent)


def fault_of(path: Path, shape: Shape) -> str | None:
    """What is wrong with an array, in words; None where all of it is as it was written."""
    try:
        check_frame(path, shape)
        parts, kept = _read(sums_of(path), shape[0])
        computed = checksums_of(path, shape, parts)
    except (InputError, OSError, ValueError) as error:
        return str(error)
    broken = sum(checksum != other for checksum, other in zip(computed, kept, strict=True))
    return f"{broken} of {len(parts)} parts were changed" if broken else None


def map_rows(path: Path, shape: Shape) -> Pixels:
    """The array as a read-only memory map."""
    return np.memmap(path, np.uint8, "r", len(header_of(shape)), shape)


def check_frame(path: Path, shape: Shape) -> None:
    """Refuse another length or beginning, with a ValueError."""
    header = header_of(shape)
    expected = len(header) + shape[0] * row_bytes(shape)
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size != expected:
            raise ValueError(f"{size:,} bytes instead of {expected:,}")
        if stream.read(len(header)) != header:
            raise ValueError("its beginning was changed")


def _read(path: Path, count: int) -> tuple[list[Rows], list[int]]:
    """Parts and their checksums, which have to cover every row once."""
    title, *lines = read_regular(path).decode(errors="replace").splitlines() or [""]
    words = [line.split() for line in lines]
    parts = [(int(first), int(behind)) for first, behind, _ in words]
    ends = [0, *(behind for _, behind in parts)]
    whole = [first for first, _ in parts] == ends[:-1] and ends[-1] == count
    if title != TITLE or not whole or any(first >= behind for first, behind in parts):
        raise ValueError(f"{path.name} isn't of its rows")
    return parts, [int(checksum, 16) for *_, checksum in words]


def checksums_of(path: Path, shape: Shape, parts: Sequence[Rows]) -> list[int]:
    """The checksum of each part of an array, as the disk has it; what is missing isn't counted."""
    start, row = len(header_of(shape)), row_bytes(shape)

    def checksum(part: Rows) -> int:
        # Read, not mapped: a disk that fails is an error then, and not a signal that kills us.
        with path.open("rb", buffering=0) as stream:
            stream.seek(start + part[0] * row)
            left, value = (part[1] - part[0]) * row, 0
            while left and (content := stream.read(min(left, READ))):
                value, left = zlib.crc32(content, value), left - len(content)
        return value

    return in_threads(checksum, parts, os.cpu_count())


def header_of(shape: Shape) -> bytes:
    """How a ``.npy`` of uint8 begins."""
    stream = io.BytesIO()
    fields = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, fields)
    return stream.getvalue()


def row_bytes(shape: Shape) -> int:
    """Bytes of an image."""
    return shape[1] * shape[2] * shape[3]


def sums_of(path: Path) -> Path:
    """Where an array's checksums are."""
    return path.with_suffix(".sums")


def _sync(path: Path) -> None:
    """Have what was written reach the disk; of a folder, its names (where the system can)."""
    if path.is_dir():
        if os.name == "nt":
            return
        handle = os.open(path, os.O_RDONLY)
    else:
        handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
