"""A folder is whole or not there, and what it replaces isn't lost; only regular files are read."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from skinlite.cli.benchmark.inputs import tflite_of
from skinlite.cli.parsing import parse_gates
from skinlite.data.splits.known_pairs import read_pairs
from skinlite.data.splits.split_by_lesion import read_split
from skinlite.errors import InputError
from skinlite.files import moves
from skinlite.files.locks import OLD, beside, restore
from skinlite.files.read_write import (
    made_once,
    read_json,
    read_regular,
    sha256_of,
    staged_folder,
    write_atomically,
)
from skinlite_benchmarks.results.results import read_results
from skinlite_export.bundle.signing import read_private_key
from skinlite_export.runtime.runner import load_runner

KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from skinlite.files.read_write import staged_folder

target = Path(sys.argv[1])

def replace_for_ever():
    while True:
        with staged_folder(target, replace=True) as folder:
            for name in "ab":
                (folder / name).write_text("whole")

for _ in range(60):
    child = os.fork()
    if not child:
        replace_for_ever()
    time.sleep(random.uniform(0.001, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert sorted(path.name for path in target.iterdir()) == ["a", "b"]
    assert all(path.read_text() == "whole" for path in target.iterdir())
with staged_folder(target, replace=True) as folder:
    (folder / "last").touch()
assert list(target.parent.iterdir()) == [target]
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder to be replaced."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").touch()
    return folder


@pytest.fixture(params=["one stroke", "two strokes"])
def strokes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the system replaces a folder."""
    if request.param == "two strokes":
        monkeypatch.setattr(moves, "exchange", lambda *_: False)
    return str(request.param)


def test_a_folder_is_replaced(target: Path, strokes: str) -> None:
    with staged_folder(target, replace=True) as folder:
        (folder / "new").touch()
        assert (target / "old").exists()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("moved", [0, 1])
def test_an_interrupt_between_the_moves_leaves_what_was(
    target: Path, moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, left = Path.replace, [moved]

    def interrupted(path: Path, to: Path) -> Path:
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        return move(path, to)

    monkeypatch.setattr(moves, "exchange", lambda *_: False)
    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), staged_folder(target, replace=True) as folder:
        (folder / "new").touch()
    assert [path.name for path in target.iterdir()] == ["old"]
    assert list(target.parent.iterdir()) == [target]


def test_what_a_kill_between_two_strokes_moved_away_is_put_back(target: Path) -> None:
    target.replace(beside(target, OLD))
    restore(target)
    assert [path.name for path in target.iterdir()] == ["old"]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.skipif(not sys.platform.startswith(("linux", "darwin")), reason="in two strokes there")
def test_a_kill_at_any_moment_leaves_the_old_folder_or_the_new(target: Path) -> None:
    with staged_folder(target, replace=True) as folder:
        for name in "ab":
            (folder / name).write_text("whole")
    subprocess.run([sys.executable, "-c", KILLED, target], check=True, timeout=120)


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


def test_what_another_program_made_in_the_meantime_stays(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with pytest.raises(InputError, match="made by another program"), staged_folder(target):
        target.mkdir()
        (target / "theirs").touch()
    assert [path.name for path in target.iterdir()] == ["theirs"]
    assert list(tmp_path.iterdir()) == [target]


def test_an_empty_folder_and_a_link_to_one_are_written_to(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    with staged_folder(tmp_path / "link") as folder:
        (folder / "new").touch()
    assert (tmp_path / "link").is_symlink() and (tmp_path / "empty" / "new").exists()


def test_what_is_made_once_is_waited_for(tmp_path: Path) -> None:
    target, begun, made = tmp_path / "kept", threading.Event(), []

    def make() -> None:
        with made_once(target) as folder:
            made.append(folder is not None)
            begun.set()
            if folder:
                (folder / "file").touch()
                threading.Event().wait(0.2)

    first = threading.Thread(target=make)
    first.start()
    begun.wait(10)
    make()
    first.join()
    make()
    assert made == [True, False, False]
    assert list(tmp_path.iterdir()) == [target]


def test_writers_of_one_file_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    texts = [str(number) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=write_atomically, args=(path, text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]


class Anything(BaseModel):
    """A document of which nothing is asked."""


READERS: list[Callable[[Path], object]] = [
    lambda path: read_json(Anything, path),
    sha256_of,
    read_split,
    read_results,
    load_runner,
    read_pairs,
    read_private_key,
    tflite_of,
    lambda path: parse_gates(str(path)),
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


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    """Root could turn /dev/stdout into a file."""
    pipe, device = tmp_path / "pipe", tmp_path / "device"
    os.mkfifo(pipe)
    device.symlink_to("/dev/null")
    for path, kind in ((pipe, "a pipe"), (device, "a device"), (tmp_path, "a folder")):
        with pytest.raises(InputError, match=f"{path.name} is {kind}, not a regular file"):
            write_atomically(path, "text")
    with (
        pytest.raises(InputError, match="exists already"),
        staged_folder(pipe, replace=True) as folder,
    ):
        pytest.fail(f"{folder} would take its place")
    assert pipe.is_fifo() and device.is_symlink()


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
