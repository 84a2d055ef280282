"""Two at once, and a disk that is full: a refusal with a sentence, never a success that isn't."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skinlite_benchmarks.reliability.commands import Command, Inputs, is_whole
from skinlite_benchmarks.reliability.process import Ended, Started, leftovers, run

HUNG_S = 300.0


def two_at_once(command: Command, inputs: Inputs) -> str | None:
    """Start a command twice, to one output; what was mishandled."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        command.prepare(inputs, folder)
        pair = [Started(command.arguments(inputs), folder) for _ in range(2)]
        ended = [one.ended(HUNG_S) for one in pair]
        for one in ended:
            if fault := _refused_badly(one):
                return fault
        # Of two that make a folder one is refused. Of two that write a file, too, unless one was
        # done before the other began: that one is replaced, as it would be a day later.
        alone = not command.in_place and (folder / (command.output or "")).is_dir()
        if alone and [one.code for one in ended].count(0) != 1:
            return f"exit codes {[one.code for one in ended]}"
        if all(one.code for one in ended) or not is_whole(command, folder):
            return "no whole output"
        left = leftovers(folder)
        return f"leaves {', '.join(left)}" if left else None


def full_disk(command: Command, inputs: Inputs, kilobytes: int) -> str | None:
    """Run a command on a disk of this size; what was mishandled.

    Raises:
        PermissionError: no disk can be made here; only root may.
    """
    with tempfile.TemporaryDirectory() as place, _disk(Path(place), kilobytes) as folder:
        try:
            command.prepare(inputs, folder)
        except OSError:  # what it works on doesn't fit
            return None
        ended = run(command.arguments(inputs), folder, HUNG_S)
        if ended.code == 0:
            return None if is_whole(command, folder) else "exit code 0 without a whole output"
        if fault := _refused_badly(ended):
            return fault
        output = folder / (command.output or "")
        if output.exists() and not is_whole(command, folder):
            return f"{command.output} is half-written"
        left = leftovers(folder)
        return f"leaves {', '.join(left)}" if left else None


def _refused_badly(ended: Ended) -> str | None:
    if ended.code not in (0, 2) or "Traceback" in ended.said:
        return f"exit code {ended.code}: {ended.said[-300:]}"
    if ended.code == 2 and "error:" not in ended.said:
        return f"no sentence: {ended.said[-300:]}"
    return None


@contextmanager
def _disk(place: Path, kilobytes: int) -> Iterator[Path]:
    if os.geteuid():
        raise PermissionError("only root can make a small disk")
    size = f"size={kilobytes}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)
