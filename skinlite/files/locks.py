"""Who may write to a place: one process at a time, and a killed one claims nothing.

A claim is a lock on the file ``.NAME.skinlite-lock`` beside the place. The system gives it back
when the process ends, however it ends, so a file that is left behind blocks nobody. Who holds the
lock owns the other names beside the place, too: ``.NAME.skinlite-new`` is what is being written,
``.NAME.skinlite-old`` what gives way to it. What a killed process left there goes with the next
claim in the same folder.

Where there are no such locks (Windows, some network disks) nothing is claimed: there, who is last
to put a new folder in its place is refused.
"""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from skinlite.errors import InputError
from skinlite.process.signals import whole

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK, NEW, OLD = (f".skinlite-{kind}" for kind in ("lock", "new", "old"))
_held: set[tuple[int, str]] = set()
"""The locks that this process has, each with the thread that took it."""

POLL_S = 0.05
GRACE_S = 0.5
"""How long a claim is asked for again: one that only removes what is left is soon given back."""


def beside(place: Path, kind: str) -> Path:
    """The name that is kept for a claim beside the place itself: `LOCK`, `NEW` or `OLD`."""
    return place.with_name(f".{place.name}{kind}")


class ClaimedError(InputError):
    """Somebody else is writing there."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the enclosed writes into an `InputError` that names ``path``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"Can't write {path}: {reason}. Choose another place with `out`, or free some space."
        ) from error


class Claim:
    """The right to write to a place, which need not be there; a context manager.

    A thread that has a claim may claim the same place again within.

    Attributes:
        new: a name that nobody else writes to, on the same disk.
        key: the thread and the lock.

    Args:
        place: a file or folder to be; its parent is there.
        wait: for another process that has the claim, as long as it takes.

    Raises:
        ClaimedError: another process, or another thread of this one, has the claim.
        InputError: the folder can't be written to.
    """

    def __init__(self, place: Path, *, wait: bool = False) -> None:
        self.place, self._wait = place, wait
        self.new = beside(place, NEW)
        lock = beside(place, LOCK)
        self.key = threading.get_ident(), str(lock.parent.resolve() / lock.name)
        self._taken = False
        self._lock: int | None = None

    def __enter__(self) -> Self:
        deadline = time.monotonic() + GRACE_S
        try:
            while not self.take():
                if not self._wait and time.monotonic() > deadline:
                    raise ClaimedError(
                        f"Another skinlite is writing {self.place} now. Wait until it is "
                        f"finished, or choose another place."
                    )
                time.sleep(POLL_S)
        except BaseException:
            self.give_back()
            raise
        return self

    @whole
    def __exit__(self, *_: object) -> None:
        self.give_back()

    @whole
    def take(self) -> bool:
        """Try once; whether it is ours."""
        path = beside(self.place, LOCK)
        if self.key in _held:
            self._taken = True
            return True
        with writing(self.place):
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        locked = lock_whole(lock)
        # Who had the lock may have removed the file after we opened it.
        if locked is False or (locked and not is_still(lock, path)):
            os.close(lock)
            return False
        self._lock, self._taken = lock, True
        if locked:
            _held.add(self.key)
            _mend(self.place)
        else:  # there are no locks here, and nobody else may come across it
            self.new = self.new.with_name(f"{self.new.name}-{os.urandom(4).hex()}")
        return True

    @whole
    def give_back(self) -> None:
        """Give it back, if it is ours, and remove what lies at `new`."""
        if self._taken:
            remove(self.new)
            self._taken = False
        if self._lock is not None:
            _held.discard(self.key)
            with suppress(OSError):  # Windows removes nothing that is open
                beside(self.place, LOCK).unlink()
            os.close(self._lock)
            self._lock = None


def mend_folder(folder: Path) -> None:
    """Remove what killed processes left in a folder, and put back what they had moved away."""
    for lock in folder.glob(f".*{LOCK}"):
        claim = Claim(lock.with_name(lock.name[1 : -len(LOCK)]))
        if claim.key not in _held:  # what this thread is writing is no leftover
            with suppress(InputError, OSError):
                claim.take()
            claim.give_back()


def restore(place: Path) -> None:
    """Put back what a process moved away, that was killed before it put the new in its place."""
    if not place.exists() and beside(place, OLD).exists():
        with suppress(InputError, OSError), Claim(place):
            pass


def make_parent(place: Path) -> None:
    """Make the folder that a place is to be in, and mend it.

    Raises:
        InputError: it can't be made.
    """
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    mend_folder(place.parent)


def _mend(place: Path) -> None:
    old = beside(place, OLD)
    if old.exists() and not place.exists():
        old.replace(place)
    for left in (old, beside(place, NEW)):
        remove(left)


@whole
def remove(path: Path) -> None:
    """Remove a file or a folder that may be there; what can't be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def lock_whole(opened: int) -> bool | None:
    """Lock an open file or folder; whether it is ours now, None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def is_still(opened: int, path: Path) -> bool:
    """Whether an open file or folder is what lies there."""
    try:
        return os.path.samestat(os.fstat(opened), path.lstat())
    except FileNotFoundError:
        return False
