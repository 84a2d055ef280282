"""Keeps the pages of a memory map from adding up to the whole file in a process's memory.

A page that was read once counts as the process's until the system needs it, so that an epoch over
15 GB of images would look like (and, in a container, be) 15 GB of memory. The pages stay in the
system's cache of files.
"""

import mmap
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

KEPT = 32 << 20
"""Bytes that are read before pages are given back; the system maps up to three times as much."""

_read: WeakKeyDictionary[mmap.mmap, int] = WeakKeyDictionary()


def forget(array: Any, count: int) -> None:
    """Say that ``count`` bytes of an array were read; now and then its pages are given back.

    Nothing happens to an array that is no memory map of a file, or where the system can't.
    """
    while isinstance(array, np.ndarray):
        array = array.base
    if not isinstance(array, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    count += _read.get(array, 0)
    if count > KEPT:
        array.madvise(mmap.MADV_DONTNEED)
        count = 0
    _read[array] = count
