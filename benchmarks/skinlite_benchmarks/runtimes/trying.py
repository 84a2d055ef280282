"""`Tried`: one file on one runtime, in a virtual environment of its own, beside the reference."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from skinlite.files.read_write import sha256_of
from skinlite.process.machine import int8_instructions, processor
from skinlite_benchmarks.runtimes.catalogue import HERE, Trial
from skinlite_benchmarks.runtimes.inputs import Inputs

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


class NotTriedError(Exception):
    """The runtime can't be had here; the text says why."""


def try_file(
    trial: Trial, file: Path, label: str, inputs: Inputs, expected: NDArray[np.float32]
) -> Tried:
    """Run a file on a runtime and compare its answers.

    Args:
        trial: the runtime.
        file: the model.
        label: what the file is called in the table.
        inputs: as the file stores them.
        expected: the reference's probabilities (N, 7).
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
    python = [*_emulator(trial.emulated), _python_with(trial.packages, trial.python)]
    with tempfile.TemporaryDirectory() as scratch:
        given, output = Path(scratch, "inputs.npz"), Path(scratch, "output.npy")
        np.savez(given, allow_pickle=False, **inputs)
        command = [*python, str(DRIVERS / f"{trial.driver}.py")]
        command += [str(file), str(given), str(output), *([trial.option] if trial.option else [])]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE,
                env=_environment(scratch),
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


def _environment(scratch: str) -> dict[str, str]:
    """Without what is meant for this Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"TF_CPP_MIN_LOG_LEVEL": "3", "HOME": scratch}


def _emulator(cpu: str) -> Sequence[str]:
    if not cpu:
        return []
    for name in ("qemu-x86_64-static", "qemu-x86_64"):
        if path := shutil.which(name):
            return [path, "-cpu", cpu]
    raise NotTriedError("needs qemu-user (apt-get install qemu-user-static)")


@cache
def environments() -> Path:
    """Where the virtual environments lie; to be deleted at the end."""
    return Path(tempfile.mkdtemp(prefix="runtimes-"))


@cache
def _python_with(packages: tuple[str, ...], wanted: str) -> str:
    """A Python that has the packages.

    Raises:
        NotTriedError: no such Python, or pip can't install them.
    """
    if packages[0] == HERE:
        return sys.executable
    base = sys.executable if not wanted else _python(wanted)
    folder = Path(tempfile.mkdtemp(dir=environments()))
    for command in (
        [base, "-m", "venv", str(folder)],
        [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--no-cache-dir",
         "--only-binary=:all:", *packages],
    ):  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise NotTriedError((lines or ["pip failed"])[0].removeprefix("ERROR: "))
    return str(folder / "bin/python")


def _python(wanted: str) -> str:
    """A Python of a version: on the path, or pyenv's."""
    pyenv = Path.home().glob(f".pyenv/versions/{wanted}.*/bin/python")
    for path in (shutil.which(f"python{wanted}"), *pyenv):
        if path is None:
            continue
        done = subprocess.run([path, "--version"], capture_output=True, text=True)
        if done.stdout.startswith(f"Python {wanted}."):
            return str(path)
    raise NotTriedError(f"needs Python {wanted}")


def _version(trial: Trial) -> str:
    if trial.packages[0] == HERE:
        return version(trial.packages[1])
    return ", ".join(
        package.partition("==")[2]
        for package in trial.packages
        if not package.startswith(("numpy", "--"))
    )


@cache
def _processor() -> str:
    known = int8_instructions()
    return f"{processor()} ({', '.join(known) if known else 'int8 instructions unknown'})"
