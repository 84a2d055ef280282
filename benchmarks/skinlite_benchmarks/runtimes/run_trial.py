"""`Tried`: one file on one runtime, in a virtual environment of its own, beside the reference."""

import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from skinlite.files.read_write import sha256_of
from skinlite.process.machine import int8_instructions, processor
from skinlite_benchmarks.runtimes.environments import (
    NotTriedError,
    environment_for,
    pinned,
    place_for,
)
from skinlite_benchmarks.runtimes.inputs import Inputs
from skinlite_benchmarks.runtimes.trials import Trial

DRIVERS = Path(__file__).resolve().with_name("drivers")
PATIENCE = 3600
"""Seconds for 300 inputs: an emulated processor takes minutes."""


class Tried(BaseModel):
    """What came of it.

    Attributes:
        runtime, version, processor, file, sha256: what ran where.
        inputs: how many.
        equal: of them have the reference's largest class; None where nothing was answered.
        difference: largest difference of a probability.
        said: why nothing was answered, or what a compiler said.
        remedy: see `Trial`.
    """

    model_config = ConfigDict(frozen=True)

    runtime: str
    version: str
    processor: str
    file: str
    sha256: str
    inputs: int
    equal: int | None = None
    difference: float | None = None
    said: str = ""
    remedy: str = ""


def try_file(
    trial: Trial, file: Path, label: str, inputs: Inputs, expected: NDArray[np.float32]
) -> Tried:
    """Run a file on a runtime and compare its answers.

    Args:
        trial: the runtime.
        file: the model.
        label: what the file is called in the table.
        inputs: as the file stores them.
        expected: the reference's probabilities (N, classes).
    """
    said, equal, difference = "", None, None
    try:
        outputs, said = _answers(trial, file, inputs)
    except NotTriedError as reason:
        said = f"not tried: {reason}"
    else:
        if outputs is not None and outputs.shape != expected.shape:
            said = f"outputs of shape {outputs.shape}"
        elif outputs is not None:
            real = np.isfinite(outputs).all(axis=1)
            equal = int((real & (outputs.argmax(axis=1) == expected.argmax(axis=1))).sum())
            difference = float(np.abs(outputs - expected)[real].max(initial=0))
    right = equal == len(expected)
    return Tried(
        runtime=trial.name,
        version=_version(trial),
        processor=f"{trial.emulated} (qemu)" if trial.emulated else _processor(),
        file=label,
        sha256=sha256_of(file),
        inputs=len(expected),
        equal=equal,
        difference=difference,
        said=said,
        remedy="" if right else trial.remedy,
    )


def _answers(trial: Trial, file: Path, inputs: Inputs) -> tuple[NDArray[np.float32] | None, str]:
    """The probabilities, if there are any, and what was said."""
    place = place_for(trial)
    with tempfile.TemporaryDirectory() as scratch:
        given, output = Path(scratch, "inputs.npz"), Path(scratch, "output.npy")
        np.savez(given, allow_pickle=False, **inputs)
        command = [*place.python, str(DRIVERS / f"{trial.driver}.py")]
        command += [str(file), str(given), str(output), *([trial.option] if trial.option else [])]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE,
                env=environment_for(place, scratch),
            )
        except subprocess.TimeoutExpired:
            return None, f"no output within {PATIENCE} s"
        if done.returncode or not output.is_file():
            return None, _reason(done)
        return np.load(output), ""


def _reason(done: "subprocess.CompletedProcess[str]") -> str:
    """Why a driver gave nothing, in a line."""
    message = re.sub(r"(/[\w.+-]+)+/", "", done.stdout + done.stderr)  # folders of this machine
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if done.returncode < 0:
        return f"crashes (signal {-done.returncode})"
    message = "; ".join(lines) if done.returncode == 0 else "refused: " + (lines or ["?"])[-1]
    return message if len(message) < 300 else message[:297] + "..."


def _version(trial: Trial) -> str:
    if trial.npm:
        return trial.npm[0].rpartition("@")[2]
    try:
        packages = pinned(trial.packages)
    except NotTriedError:
        return "not installed"
    return ", ".join(
        package.partition("==")[2]
        for package in packages
        if not package.startswith(("numpy", "--"))
    )


@cache
def _processor() -> str:
    known = int8_instructions()
    return f"{processor()} ({', '.join(known) if known else 'int8 instructions unknown'})"
