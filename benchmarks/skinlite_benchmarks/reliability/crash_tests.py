"""Kills at random moments: nothing half-written, nothing left, and the next run works."""

import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from skinlite.files.locks import remove
from skinlite.process.threads import in_threads
from skinlite_benchmarks.reliability.commands import Command, Inputs, is_whole
from skinlite_benchmarks.reliability.process import (
    Started,
    left_alive,
    leftovers,
    run,
    shared_memory,
)

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
AT_A_TIME = 3

HUNG_S = 120.0
"""A command that a signal has not ended by then hangs."""


def kill_often(
    command: Command, inputs: Inputs, times: int, seed: int, report: Callable[[str], None]
) -> list[str | None]:
    """Kill a command, `AT_A_TIME` in folders of their own; each time what was mishandled, or None.

    Args:
        command: which.
        inputs: what it works on.
        times: how often.
        seed: of moments and signals.
        report: told each fault as it is found.
    """
    moments = random.Random(f"{command.name} {seed}")
    with tempfile.TemporaryDirectory() as place:
        folder = _folder(Path(place), command, inputs)
        begun = time.monotonic()
        ended = run(command.arguments(inputs), folder)
        seconds = time.monotonic() - begun
    if ended.code:
        raise RuntimeError(f"{command.name} fails undisturbed: {ended.said}")
    kills = [
        (SIGNALS[index % len(SIGNALS)], moments.uniform(0, 1.05 * seconds))
        for index in range(times)
    ]

    def kill(one: tuple[signal.Signals, float]) -> str | None:
        fault = _kill_once(command, inputs, *one)
        if fault:
            report(f"{command.name}, {one[0].name}: {fault}")
        return fault

    return in_threads(kill, kills, AT_A_TIME)


def _folder(place: Path, command: Command, inputs: Inputs) -> Path:
    folder = place / "work"
    folder.mkdir()
    command.prepare(inputs, folder)
    return folder


def _kill_once(
    command: Command, inputs: Inputs, number: signal.Signals, after_s: float
) -> str | None:
    with tempfile.TemporaryDirectory() as place:
        folder = _folder(Path(place), command, inputs)
        memory = shared_memory()
        started = Started(command.arguments(inputs), folder)
        started.wait_until_begun()
        time.sleep(after_s)
        started.process.send_signal(number)
        ended = started.ended(HUNG_S)
        expected = (0, -9) if number == signal.SIGKILL else (0, 130)
        if ended.code not in expected:
            return f"exit code {ended.code} after {after_s:.2f} s: {ended.said[-300:]}"
        if "Traceback" in ended.said:
            return f"traceback after {after_s:.2f} s: {ended.said[-3000:]}"
        if pids := left_alive(ended.mark):
            return f"{len(pids)} processes still run"
        if left := shared_memory() - memory:
            return f"shared memory {sorted(left)} is left"
        return _is_left_well(command, inputs, folder, ended.code)


def _is_left_well(command: Command, inputs: Inputs, folder: Path, code: int) -> str | None:
    """What lies there is whole or absent, the next run works, and removes what was left."""
    if command.output is None:
        return None
    output = folder / command.output
    # What a kill moved away in place is put back by who asks for it next.
    if output.exists() and not is_whole(command, folder):
        return f"exit code {code}, and {command.output} is half-written"
    if code == 0 and not output.exists():
        return f"exit code 0, and there is no {command.output}"
    if not leftovers(folder) and [path.name for path in folder.iterdir()] == ["tmp"]:
        return None  # as before a first run
    if output.exists() and not command.resume(folder):
        remove(output)
        command.prepare(inputs, folder)
    again = run(command.next_arguments(inputs, folder), folder)
    if again.code or not is_whole(command, folder):
        return f"the next run ends with {again.code}: {again.said[-300:]}"
    if left := leftovers(folder):
        return f"the next run leaves {', '.join(left)}"
    return None
