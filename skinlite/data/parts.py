"""Builds an array of decoded images part by part, so that a kill loses a few seconds of work.

``NAME.npy.partial`` has the array's full length from the start. A part is written there, then a
line is added to ``NAME.parts``: its first row, the row behind its last, the CRC-32 of its bytes,
and what the caller wants to remember of it. Whoever goes on trusts no line whose checksum isn't
that of the bytes, so nothing has to reach the disk in any order. Both are removed where the
building fails; they stay after a kill or Ctrl-C.
"""

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from skinlite.data import checksums
from skinlite.data.checksums import Rows, Shape
from skinlite.data.preprocessing import Pixels
from skinlite.errors import InputError
from skinlite.files.read_write import read_regular
from skinlite.process.threads import in_threads

TITLE = "skinlite parts 1"
PART = 8 << 20
MOST_ROWS = 64
"""Bytes and images of a part at most; each thread holds one in memory."""


class Written(NamedTuple):
    """A part that is written: the CRC-32 of its bytes, and two numbers of the caller's."""

    checksum: int
    notes: tuple[int, int]


def build(
    path: Path, shape: Shape, fill: Callable[[Rows], tuple[Pixels, tuple[int, int]] | None]
) -> list[tuple[int, int]]:
    """Build an array and give it its name; go on with what a killed process left.

    Args:
        path: ``NAME.npy``; the caller has its claim.
        shape: of the array.
        fill: gives some rows and two numbers to remember, or None where it can't, which ends in
            no array. It is called in threads.

    Returns:
        The numbers of every part, in order; empty where ``fill`` couldn't.

    Raises:
        OSError: the disk is full, or fails.
        BaseException: of ``fill``.
    """
    array, journal = path.with_suffix(".npy.partial"), path.with_suffix(".parts")
    try:
        done = _taken_up(array, journal, shape)
        step = max(1, min(MOST_ROWS, PART // checksums.row_bytes(shape)))
        parts = [(first, min(first + step, shape[0])) for first in range(0, shape[0], step)]
        if any(part not in parts for part in done):
            done = {}  # of another version
        start = len(checksums.header_of(shape))
        with array.open("r+b", buffering=0) as stream, journal.open("ab", buffering=0) as log:

            def write(part: Rows) -> Written | None:
                filled = fill(part)
                if filled is None:
                    return None
                rows, notes = filled
                content = memoryview(rows.tobytes())
                checksum = zlib.crc32(content)
                place = start + part[0] * checksums.row_bytes(shape)
                while content:
                    count = os.pwrite(stream.fileno(), content, place)
                    content, place = content[count:], place + count
                log.write(f"{part[0]} {part[1]} {checksum:08x} {notes[0]} {notes[1]}\n".encode())
                return Written(checksum, notes)

            left = [part for part in parts if part not in done]
            written = dict(zip(left, in_threads(write, left, os.cpu_count()), strict=True))
        done |= {part: one for part, one in written.items() if one}
        if len(done) == len(parts):
            checksums.keep(array, path, {part: one.checksum for part, one in done.items()})
            journal.unlink(missing_ok=True)
            return [done[part].notes for part in parts]
    except Exception:
        _remove(array, journal)
        raise
    _remove(array, journal)
    return []


def _taken_up(array: Path, journal: Path, shape: Shape) -> dict[Rows, Written]:
    """The parts that are there already; where there is nothing, the files for them."""
    try:
        checksums.check_frame(array, shape)
        told = _read(journal)
        sums = checksums.checksums_of(array, shape, list(told))
        return {
            part: one
            for (part, one), found in zip(told.items(), sums, strict=True)
            if one.checksum == found
        }
    except (InputError, OSError, ValueError):
        header = checksums.header_of(shape)
        whole = len(header) + shape[0] * checksums.row_bytes(shape)
        with array.open("wb") as stream:
            stream.write(header)
            stream.truncate(whole)
            if hasattr(os, "posix_fallocate"):  # a full disk is told now, not in an hour
                stream.flush()
                os.posix_fallocate(stream.fileno(), 0, whole)
        journal.write_text(f"{TITLE}\n")
        return {}


def _read(journal: Path) -> dict[Rows, Written]:
    title, *lines = read_regular(journal).decode(errors="replace").split("\n")
    if title != TITLE:
        raise ValueError(f"{journal.name} isn't of parts")
    told: dict[Rows, Written] = {}
    for line in lines[:-1]:  # a line without its end was cut by the kill
        first, behind, checksum, *notes = line.split()
        one, other = map(int, notes)
        told[int(first), int(behind)] = Written(int(checksum, 16), (one, other))
    return told


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
