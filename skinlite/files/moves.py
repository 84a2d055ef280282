"""Put a new folder in its place: at one stroke where the system can, so that no kill is between."""

import ctypes
import errno
import os
import sys
from pathlib import Path

from skinlite.errors import InputError
from skinlite.files.locks import OLD, beside, remove

AT_FDCWD, RENAME_EXCHANGE, RENAME_SWAP = -100, 2, 2
"""Of Linux' renameat2 (twice), and of macOS' renamex_np."""

CAN_NOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def put_folder(new: Path, target: Path, *, replace: bool) -> None:
    """Rename ``new`` to ``target``; what was there may lie at ``new`` afterwards.

    Args:
        new: folder on the same disk.
        target: a name that is free, an empty folder, or with ``replace`` anything.
        replace: what is there may go.

    Raises:
        InputError: ``target`` is taken.
        OSError: as renaming gives it.
    """
    if replace and target.exists():
        if not exchange(new, target):
            _replace(new, target)
        return
    try:
        if os.name == "nt" and target.is_dir():
            target.rmdir()  # there, renaming replaces no folder, be it empty
        new.rename(target)
    except OSError as error:
        if not target.exists() or (target.is_dir() and not any(target.iterdir())):
            raise
        raise InputError(
            f"{target} was made by another program in the meantime, and is left unchanged. Choose "
            "another place with `out`."
        ) from error


def exchange(one: Path, other: Path) -> bool:
    """Swap what lies at two names, at one stroke; False where the system or the disk can't.

    Raises:
        OSError: it can, but not here.
    """
    if sys.platform not in ("linux", "darwin"):
        return False
    system = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "linux":
            failed = system.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE)
        else:
            failed = system.renamex_np(*names, RENAME_SWAP)
    except AttributeError:  # a C library without it
        return False
    code = ctypes.get_errno() if failed else 0
    if code and code not in CAN_NOT:
        raise OSError(code, os.strerror(code), str(other))
    return not code


def _replace(new: Path, target: Path) -> None:
    """In two strokes: who is killed between them has the old one put back, see `claims.restore`."""
    old = beside(target, OLD)
    target.replace(old)
    try:
        new.replace(target)
    except BaseException:
        old.replace(target)
        raise
    remove(old)
