"""A folder is whole or not there, and what it replaces isn't lost on the way."""

import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from skinlite.errors import InputError
from skinlite.files import read_json, read_regular, sha256_of, staged_folder


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


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_regular_file_is_not_read(tmp_path: Path, kind: str) -> None:
    """A pipe would be waited for and a device read for ever."""
    path = Path("/dev/zero") if kind == "device" else tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    for read in (sha256_of, read_regular, lambda place: read_json(BaseModel, place)):
        with pytest.raises(InputError, match=f"{path} is a {kind}, not a regular file"):
            read(path)
