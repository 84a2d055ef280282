"""`place_for`: the Python that a runtime gets, here, in an environment of its own, or emulated."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from skinlite.errors import InputError
from skinlite.process.optional_packages import installed_version
from skinlite_benchmarks.arm64.emulated_root import CPUS, emulated_root, emulator, pip_command
from skinlite_benchmarks.arm64.machine import Machine
from skinlite_benchmarks.runtimes.trials import HERE, Trial


class NotTriedError(Exception):
    """The runtime can't be had here; the text says why."""


class Place(NamedTuple):
    """A command that starts Python, and what its environment has besides."""

    python: Sequence[str]
    environment: Mapping[str, str]


def place_for(trial: Trial) -> Place:
    """Install what a trial needs; the same packages once.

    Raises:
        NotTriedError: they can't be had.
    """
    packages = pinned(trial.packages)
    environment = {"NPM_PACKAGES": str(_npm_packages(trial.npm))} if trial.npm else {}
    if trial.emulated in CPUS:
        try:
            machine = Machine.emulated(emulator(), trial.emulated, emulated_root())
        except InputError as error:
            raise NotTriedError(str(error)) from error
        return Place(machine.python, {"PYTHONPATH": str(_arm64_packages(packages))})
    return Place(
        [*_emulator(trial.emulated), _python_with(trial.packages, trial.python)], environment
    )


def pinned(packages: Sequence[str]) -> tuple[str, ...]:
    """What pip takes; of `HERE`, the versions that are installed here.

    Raises:
        NotTriedError: one of these isn't.
    """
    if packages[0] != HERE:
        return tuple(packages)
    versions = {name: installed_version(name) for name in packages[1:]}
    if missing := [name for name, installed in versions.items() if installed is None]:
        raise NotTriedError(f"needs {', '.join(missing)}")
    return tuple(f"{name}=={installed}" for name, installed in versions.items())


def environment_for(place: Place, home: str) -> dict[str, str]:
    """Without what is meant for this Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"TF_CPP_MIN_LOG_LEVEL": "3", "HOME": home} | dict(place.environment)


def _emulator(cpu: str) -> Sequence[str]:
    if not cpu:
        return []
    for name in ("qemu-x86_64-static", "qemu-x86_64"):
        if path := shutil.which(name):
            return [path, "-cpu", cpu]
    raise NotTriedError("needs qemu-user (apt-get install qemu-user-static)")


@cache
def environments() -> Path:
    """Where all that is installed lies; to be deleted at the end."""
    return Path(tempfile.mkdtemp(prefix="runtimes-"))


@cache
def _python_with(packages: tuple[str, ...], wanted: str) -> str:
    """A Python that has the packages."""
    if packages[0] == HERE:
        return sys.executable
    base = sys.executable if not wanted else _python(wanted)
    folder = Path(tempfile.mkdtemp(dir=environments()))
    _run([base, "-m", "venv", str(folder)])
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
    _run([*pip, "--only-binary=:all:", *packages])
    return str(folder / "bin/python")


@cache
def _arm64_packages(packages: tuple[str, ...]) -> Path:
    """A folder of packages for the emulated machine."""
    folder = Path(tempfile.mkdtemp(dir=environments()))
    _run(pip_command(folder, *packages))
    return folder


@cache
def _npm_packages(packages: tuple[str, ...]) -> Path:
    """A ``node_modules`` that has the packages; nothing of them is run by npm."""
    if shutil.which("npm") is None:
        raise NotTriedError("needs npm (apt-get install npm)")
    folder = Path(tempfile.mkdtemp(dir=environments()))
    quiet = ["--silent", "--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts"]
    cache = ["--logs-max=0", "--cache", str(folder / "cache")]
    _run(["npm", "install", "--prefix", str(folder), *quiet, *cache, *packages])
    return folder / "node_modules"


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = (lines or [f"{Path(command[0]).name} failed"])[0]
        raise NotTriedError(reason.removeprefix("ERROR: "))


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
