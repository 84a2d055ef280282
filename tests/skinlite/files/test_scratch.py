"""Temporary files of a process that was killed go with the next one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys, tempfile
from skinlite.files.scratch import own_temporary_folder

tempfile._get_default_tempdir = None  # it writes a file to try, which a kill would leave
own_temporary_folder()
tempfile.NamedTemporaryFile(delete=False)
print(tempfile.gettempdir(), flush=True)
sys.stdin.readline()
"""


def start(folder: Path) -> "tuple[subprocess.Popen[str], Path]":
    """A process whose temporary folder is below ``folder``."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_what_the_dead_left_goes_and_what_the_living_have_stays(tmp_path: Path) -> None:
    theirs = tmp_path / "skinlite-tmp-of-a-user"
    theirs.mkdir()
    dead, abandoned = start(tmp_path)
    living, used = start(tmp_path)
    assert abandoned != used and abandoned.parent == used.parent == tmp_path
    assert len(list(used.iterdir())) == 1
    dead.kill()
    dead.communicate()
    assert abandoned.is_dir()
    last, own = start(tmp_path)
    assert set(tmp_path.iterdir()) == {theirs, used, own}
    for process in (living, last):
        process.communicate("\n", timeout=30)
        assert process.returncode == 0
    assert list(tmp_path.iterdir()) == [theirs]


KILLS_ITS_CHILD = """
import subprocess, sys
from skinlite.files.scratch import own_temporary_folder

own_temporary_folder()
child = subprocess.Popen(
    [sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
)
child.stdout.readline()
child.kill()
child.wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_what_a_killed_child_left_goes_with_its_parent(tmp_path: Path) -> None:
    """A benchmark ends its workers so."""
    line = [sys.executable, "-c", KILLS_ITS_CHILD, SCRIPT]
    subprocess.run(line, check=True, timeout=60, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []
