"""A folder is whole or not there, and what it replaces isn't lost; only regular files are read."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from skinlite.data.split import read_split
from skinlite.errors import InputError
from skinlite.files import read_json, read_regular, sha256_of, staged_folder
from skinlite_benchmarks.results import read_results
from skinlite_export.runtime import load_runner


class Anything(BaseModel):
    """A document of which nothing is asked."""


READERS: list[Callable[[Path], object]] = [
    lambda path: read_json(Anything, path),
    sha256_of,
    read_split,
    read_results,
    load_runner,
]


@pytest.mark.parametrize("read", READERS)
def test_only_a_regular_file_is_read(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe would wait for its writer for ever, /dev/zero fill the memory."""
    monkeypatch.chdir(tmp_path)  # a socket's path may have a hundred characters
    pipe, plug, device = Path("a.tflite"), Path("b.tflite"), Path("c.tflite")
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(plug))
        for path, kind in ((pipe, "a pipe"), (plug, "a socket"), (device, "a device")):
            with pytest.raises(InputError, match=rf"{path.name} is {kind}, not a regular file"):
                read(path)


def test_what_is_read_whole_has_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    with path.open("wb") as stream:
        stream.truncate((1 << 20) + 1)
    with pytest.raises(InputError, match=r"long\.json has more than 1 MB"):
        read_regular(path, 1 << 20)
    assert len(read_regular(path)) == (1 << 20) + 1
    for wrong, told in ((tmp_path / "absent", "There is no"), (Path("a\0b"), "can't be read: emb")):
        with pytest.raises(InputError, match=told):
            read_regular(wrong)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder to be replaced."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").touch()
    return folder


def test_a_folder_is_replaced(target: Path) -> None:
    with staged_folder(target, replace=True) as folder:
        (folder / "new").touch()
        assert (target / "old").exists()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("moves", [0, 1])
def test_an_interrupt_between_the_moves_leaves_what_was(
    target: Path, moves: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, left = Path.replace, [moves]

    def interrupted(path: Path, to: Path) -> Path:
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        return move(path, to)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), staged_folder(target, replace=True) as folder:
        (folder / "new").touch()
    assert [path.name for path in target.iterdir()] == ["old"]
    assert list(target.parent.iterdir()) == [target]


def test_an_interrupt_as_the_folder_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def interrupted(path: Path, mode: int = 0o777, *rest: bool, **options: bool) -> None:
        make(path, mode, *rest, **options)
        if path.parent == tmp_path:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", interrupted)
    with pytest.raises(KeyboardInterrupt), staged_folder(tmp_path / "new"):
        pytest.fail("it had not been made")
    assert list(tmp_path.iterdir()) == []
