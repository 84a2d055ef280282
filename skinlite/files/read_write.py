"""Files and folders: read ours with a message, write them so that a kill leaves no half."""

import hashlib
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from io import BufferedReader
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from skinlite.errors import InputError
from skinlite.files.locks import Claim, make_parent, writing
from skinlite.files.moves import put_folder
from skinlite.process.signals import whole

T = TypeVar("T", bound=BaseModel)

MOST_BYTES = 64 << 20
"""Of a document that is read whole. The longest that we know of is a phone's: eight whole images of
450x600 are 39 MB as 123.0 and a comma each."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_regular(path: Path) -> None:
    """Refuse what isn't a regular file: a pipe makes its reader wait, a device may have no end.

    Raises:
        InputError: nothing is there, or something else; the message says what.
    """
    try:
        kind = kind_of(path)
    except FileNotFoundError as error:
        raise InputError(f"There is no {path}.") from error
    except (OSError, ValueError) as error:  # a name with a NUL byte is a ValueError
        raise _unreadable(path, error) from error
    if kind:
        raise InputError(f"{path} is {kind}, not a regular file. Give the path of a file.")


def kind_of(path: Path) -> str:
    """``a folder``, ``a pipe``, ...; empty of a regular file.

    Raises:
        OSError: nothing is there, or it can't be looked at.
    """
    kind = stat.S_IFMT(path.stat().st_mode)
    return "" if kind == stat.S_IFREG else _KINDS.get(kind, "something else")


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file to be read; see `check_regular`.

    Raises:
        InputError: as there, or it can't be opened.
    """
    check_regular(path)
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def read_regular(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a regular file of at most so many bytes.

    Raises:
        InputError: as of `open_regular`, or it has more.
    """
    with open_regular(path) as stream:
        try:
            content = stream.read(most + 1)
        except OSError as error:
            raise _unreadable(path, error) from error
    if len(content) > most:
        raise InputError(
            f"{path} has more than {most >> 20} MB, the limit for such a file. Give another file."
        )
    return content


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}.")


def read_json(kind: type[T], path: Path) -> T:
    """Read and validate one of our JSON files.

    Raises:
        InputError: missing, too large, damaged, or of another schema version.
    """
    try:
        return kind.model_validate_json(read_regular(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(
            f"{path} is damaged or of another version: {place}: {first['msg']}."
        ) from error


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a regular file's content.

    Raises:
        InputError: as of `open_regular`.
        OSError: the disk fails.
    """
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write ``content`` under a temporary name, then rename: readers see the old file or the new.

    Raises:
        InputError: the folder can't be written to, the disk is full, or something is there that
            isn't a regular file.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists():  # a folder, or a device such as /dev/stdout, is nothing to be replaced
        check_regular(path)
    with Claim(path, wait=True) as claim, writing(path):
        claim.new.write_bytes(data)
        claim.new.replace(path)


def staged_folder(target: Path, *, replace: bool = False) -> AbstractContextManager[Path]:
    """Give a temporary sibling of ``target`` to write into; rename it to ``target`` at the end.

    On any exception, Ctrl-C included, the sibling is removed and ``target`` stays as it was. From
    the beginning to the end ``target`` is claimed: nobody else gets a folder to write for it.

    Raises:
        InputError: ``target`` exists and is not an empty folder (unless ``replace``), somebody else
            is writing it, or its parent can't be written to.
    """
    return cast(AbstractContextManager[Path], _Staged(target, replace=replace))


def made_once(
    target: Path, is_whole: Callable[[Path], bool] = Path.is_dir
) -> AbstractContextManager[Path | None]:
    """`staged_folder` for what is kept: None where it is there, so that there is nothing to do.

    Where another process makes it at this moment, it is waited for.

    Args:
        target: the folder to be.
        is_whole: whether it is there, and what it should be.
    """
    return nullcontext(None) if is_whole(target) else _Staged(target, replace=True, once=is_whole)


class _Staged(AbstractContextManager[Path | None]):
    """A class: a signal can't come between its end and that of the work, as in a generator."""

    def __init__(
        self, target: Path, *, replace: bool, once: Callable[[Path], bool] | None = None
    ) -> None:
        self._target = target.resolve() if target.is_symlink() else target
        self._replace, self._once = replace, once
        self._claim = Claim(self._target, wait=once is not None)
        self._done = False

    def __enter__(self) -> Path | None:
        make_parent(self._target)
        try:
            self._claim.__enter__()
            if not (self._replace and self._target.is_dir()):
                check_free(self._target)
            self._done = self._once is not None and self._once(self._target)
            if not self._done:
                with writing(self._target):
                    self._claim.new.mkdir()
        except BaseException:
            self._claim.give_back()
            raise
        return None if self._done else self._claim.new

    @whole
    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and not self._done:
                with writing(self._target):
                    put_folder(self._claim.new, self._target, replace=self._replace)
        finally:
            self._claim.give_back()


def check_free(target: Path) -> None:
    """Refuse a place that is taken.

    Raises:
        InputError: ``target`` exists and is not an empty folder.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} exists already. Choose another folder with `out`.")
