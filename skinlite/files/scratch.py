"""A temporary folder for each process, so that a kill leaves nothing for good.

Libraries remove their temporary files as they end, TensorFlow's autograph its modules; a process
that is killed removes none. So ours works in a folder that it holds locked as long as it lives, and
each one removes those that nobody holds.
"""

import atexit
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from skinlite.files.locks import is_still, lock_whole, remove

PREFIX = ".skinlite-tmp-"
_held: list[int] = []


def own_temporary_folder() -> None:
    """Let temporary files of this process go to a folder of its own, as do those of its children.

    Where there are no locks they go where they went, and so they do on a disk that is full.
    """
    if _held or not hasattr(os, "O_NOFOLLOW"):
        return
    with suppress(OSError):
        root = _place()
        for left in root.glob(f"{PREFIX}*"):
            with suppress(OSError):
                _remove_abandoned(left)
        while not _held:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
            opened = _opened(folder)
            # Another process may have thought it abandoned before it was locked.
            if opened is not None and lock_whole(opened) and is_still(opened, folder):
                _held.append(opened)
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
        atexit.register(remove, folder)  # before any library's, so that it runs after them


def _place() -> Path:
    """Where temporary files go. `tempfile.gettempdir` would try to write there, and leave its try
    behind where it is killed."""
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return Path(next(filter(None, named), "/tmp"))


def _remove_abandoned(folder: Path) -> None:
    opened = _opened(folder)
    if opened is not None:
        try:
            if os.fstat(opened).st_uid == os.getuid() and lock_whole(opened):
                remove(folder)
        finally:
            os.close(opened)


def _opened(folder: Path) -> int | None:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
