"""`Machine`: a Python, here or emulated, that runs a .tflite by `run_model`."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from skinlite.data.cache import kept_folder
from skinlite.errors import InputError
from skinlite.files.read_write import made_once
from skinlite.process.exit_status import how_it_ended
from skinlite_benchmarks.arm64.emulated_root import SITE

Tensors = dict[str, NDArray[Any]]
"""Inputs or outputs by name; the first axis counts images."""

SCRIPT = Path(__file__).resolve().with_name("run_model.py")
COMPILED = "PYTHONPYCACHEPREFIX"


class Facts(BaseModel):
    """What `run_model` prints."""

    partitions: int
    libraries: dict[Path, tuple[int, int]]


class Machine(NamedTuple):
    """A command that starts Python, and what its environment has besides."""

    python: Sequence[str]
    environment: Mapping[str, str]

    @classmethod
    def host(cls) -> Self:
        """This one."""
        return cls([sys.executable], {})

    @classmethod
    def emulated(cls, qemu: str, cpu: str, root: Path, *options: str) -> Self:
        """A processor of `emulated_root.CPUS`; ``options`` are qemu's."""
        python = str(root / cpu / "usr/bin/python3")
        command = [qemu, "-cpu", cpu, "-L", str(root / cpu), *options, python]
        compiled = kept_folder("arm64-compiled", f"{root}\n{cpu}")
        return cls(command, {"PYTHONPATH": str(root / SITE), COMPILED: str(compiled)})

    def outputs(self, model: Path, tensors: Tensors) -> Tensors:
        """What a file answers to its inputs."""
        return self.run(model, tensors)[0]

    def run(self, model: Path, tensors: Tensors, again: int = 0) -> tuple[Tensors, Facts]:
        """What it answers, and facts; the last image is answered so often again.

        Raises:
            InputError: LiteRT doesn't run the file there.
        """
        self._compile()
        with tempfile.TemporaryDirectory() as scratch:
            inputs, outputs = Path(scratch, "inputs.npz"), Path(scratch, "outputs.npz")
            np.savez(inputs, allow_pickle=False, **tensors)
            done = subprocess.run(
                # -P: a numpy.py in the user's folder is not numpy. -B: the cache stays as it was.
                [*self.python, "-P", "-B", *map(str, (SCRIPT, model, inputs, outputs, again))],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=os.environ | dict(self.environment),
            )
            if done.returncode:
                ended = how_it_ended(done.returncode, done.stderr)
                raise InputError(f"{model} can't be run by {Path(self.python[0]).name}: {ended}")
            with np.load(outputs) as answered:
                return dict(answered), Facts.model_validate_json(done.stdout.splitlines()[-1])

    def _compile(self) -> None:
        """Keeps the modules of the emulated Python compiled: without, that is half of each run."""
        if (folder := self.environment.get(COMPILED)) is None:
            return
        with made_once(Path(folder)) as staging:
            if staging is None:
                return
            environment = os.environ | dict(self.environment) | {COMPILED: str(staging)}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            # Imported, not executed. What fails here fails in the run, which tells it.
            code = f"import runpy; runpy.run_path({str(SCRIPT)!r})"
            subprocess.run(
                [*self.python, "-P", "-c", code],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=environment,
            )
