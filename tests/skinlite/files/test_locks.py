"""Who comes second is refused, and what a killed process leaves goes with the next."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite.files.locks import Claim, ClaimedError
from skinlite.files.read_write import staged_folder

WRITER = """
import sys, time
from pathlib import Path
from skinlite.files.read_write import staged_folder

with staged_folder(Path(sys.argv[1])) as folder:
    (folder / "half").touch()
    print("begun", flush=True)
    time.sleep(60)
"""

Writer = Callable[[Path], "subprocess.Popen[str]"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")


@pytest.fixture
def writer() -> Iterator[Writer]:
    """Starts a process that writes to a folder; it has begun."""
    started = []

    def start(target: Path) -> "subprocess.Popen[str]":
        line = [sys.executable, "-c", WRITER, str(target)]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_second_writer_is_refused_until_the_first_is_dead(tmp_path: Path, writer: Writer) -> None:
    target = tmp_path / "out"
    first = writer(target)
    for replace in (False, True):
        with (
            pytest.raises(ClaimedError, match=rf"is writing {target}.*another place"),
            staged_folder(target, replace=replace),
        ):
            pytest.fail("there are two of them")
    assert len(list(tmp_path.iterdir())) == 2  # nothing of the first one's was touched
    first.kill()
    first.wait()
    with staged_folder(target) as folder:
        assert not any(folder.iterdir())
        (folder / "whole").touch()
    assert list(tmp_path.iterdir()) == [target]
    assert [path.name for path in target.iterdir()] == ["whole"]


def test_the_next_writer_removes_what_the_dead_left_and_nothing_of_the_living(
    tmp_path: Path, writer: Writer
) -> None:
    dead = writer(tmp_path / "dead")
    writer(tmp_path / "living")
    dead.kill()
    dead.wait()
    with staged_folder(tmp_path / "next"):
        pass
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"next", ".living.skinlite-lock", ".living.skinlite-new"}
    assert (tmp_path / ".living.skinlite-new" / "half").exists()


def test_a_name_that_looks_like_ours_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / ".out.12345678"
    theirs.mkdir()
    with staged_folder(tmp_path / "out"):
        pass
    assert theirs.is_dir()


def test_a_thread_may_claim_again_within_and_another_may_not(tmp_path: Path) -> None:
    refused = []

    def claim() -> None:
        try:
            with Claim(tmp_path / "out"):
                pass
        except InputError as error:
            refused.append(error)

    with Claim(tmp_path / "out"), staged_folder(tmp_path / "out") as folder:
        (folder / "file").touch()
        other = threading.Thread(target=claim)
        other.start()
        other.join()
    assert len(refused) == 1
    claim()
    assert len(refused) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_two_folders_beside_each_other_may_be_written_at_once(tmp_path: Path) -> None:
    with staged_folder(tmp_path / "one") as one:
        (one / "file").touch()
        with staged_folder(tmp_path / "two") as two:
            (two / "file").touch()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "file", "one", "two"]


def test_where_there_are_no_locks_the_last_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skinlite.files.locks.fcntl", None)
    target = tmp_path / "out"
    with pytest.raises(InputError, match="is left unchanged"), staged_folder(target) as late:
        (late / "late").touch()
        with staged_folder(target) as early:
            assert early != late
            (early / "early").touch()
    assert [path.name for path in target.iterdir()] == ["early"]
    assert list(tmp_path.iterdir()) == [target]
