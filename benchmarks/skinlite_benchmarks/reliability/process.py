"""One command in a working folder of its own, and everything it could leave behind."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "SKINLITE_SWEEP"
"""An environment variable whose value tells a command's processes from all others."""

LEFT_S = 5.0
"""Seconds that a child of a killed command has to notice and end."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code (negative: the signal), what it said, and its mark."""

    code: int
    said: str
    mark: str


class Started:
    """A command of ``skinlite`` that runs; temporary files go to ``folder/tmp``."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        self.mark = uuid.uuid4().hex
        (folder / "tmp").mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "skinlite", *arguments],
            cwd=folder,
            env={**os.environ, MARK: self.mark, "TMPDIR": str(folder / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # What is started in the background of a shell ignores SIGINT, and would pass that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def wait_until_begun(self) -> None:
        """Wait for skinlite's first line: before that Python ends in its own way."""
        status, mask = Path(f"/proc/{self.process.pid}/status"), 1 << (signal.SIGTERM - 1)
        while self.process.poll() is None:
            caught = status.read_text().partition("SigCgt:")[2].split()[0]
            if int(caught, 16) & mask:
                break
            time.sleep(0.002)

    def ended(self, timeout: float) -> Ended:
        """Wait for its end; what takes longer counts as hung (exit code 124)."""
        try:
            output, _ = self.process.communicate(timeout=timeout)
            return Ended(self.process.returncode, output, self.mark)
        except subprocess.TimeoutExpired:
            for pid in alive(self.mark):
                os.kill(pid, signal.SIGKILL)
            output, _ = self.process.communicate()
            return Ended(124, output, self.mark)


def run(arguments: Sequence[str], folder: Path, timeout: float = 600) -> Ended:
    """A command, undisturbed."""
    return Started(arguments, folder).ended(timeout)


def alive(mark: str) -> list[int]:
    """The processes that a command started and that still run."""
    wanted = f"{MARK}={mark}".encode()
    pids = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and wanted in (entry / "environ").read_bytes().split(b"\0"):
                pids.append(int(entry.name))
        except (OSError, IndexError):
            continue
    return pids


def left_alive(mark: str) -> list[int]:
    """`alive`, after the time that children have to notice."""
    until = time.monotonic() + LEFT_S
    while (pids := alive(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    return pids


def shared_memory() -> set[str]:
    """Names of the shared memory that lies around."""
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def leftovers(folder: Path) -> list[str]:
    """Names that no user made: hidden ones beside outputs, and anything in the temporary folder."""
    hidden = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    return sorted(hidden + [f"tmp/{path.name}" for path in (folder / "tmp").iterdir()])
