"""`arm64_parity`: a bundle's golden vectors on emulated phone processors, compared bit by bit."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from skinlite.data.geometry import load_picture
from skinlite.errors import InputError
from skinlite.vocabulary import PROBABILITIES
from skinlite_benchmarks.arm64.kernels import kernels_in
from skinlite_benchmarks.arm64.root import CPUS, SITE, emulated_root, emulator
from skinlite_export.bundle import TFLITE, Bundle
from skinlite_export.feed import patients_for
from skinlite_export.golden import FOLDER, TOLERANCE, Vector, read_vectors
from skinlite_export.runtime import Runner

Report = Callable[[str, int, int], None]


class Parity(BaseModel):
    """One processor against this host, on the same tensors.

    Attributes:
        identical: every output, bit by bit.
        worst_difference: largest difference of a probability (0-1).
        same_answers: pictures with the same top-1 class.
        partitions: delegate partitions.
        micro_kernels: of XNNPACK, that ran; empty where this qemu doesn't list code.
        builtin: TensorFlow Lite's own operators, that ran outside of the delegate.
    """

    model_config = ConfigDict(frozen=True)

    cpu: str
    identical: bool
    worst_difference: float
    same_answers: int
    partitions: int
    micro_kernels: tuple[str, ...]
    builtin: tuple[str, ...]


class Arm64Report(BaseModel):
    """Every processor's parity. No times: they would be the emulator's."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    sha256: str
    pictures: int
    emulator: str
    litert: str
    processors: tuple[Parity, ...]

    @property
    def passed(self) -> bool:
        """Every answer the same, and no probability off by more than golden vectors may be."""
        return all(
            one.same_answers == self.pictures and one.worst_difference <= TOLERANCE
            for one in self.processors
        )


class _Facts(BaseModel):
    """What `answers` prints."""

    partitions: int
    libraries: dict[Path, int]


def arm64_parity(bundle: Bundle, report: Report = lambda what, done, total: None) -> Arm64Report:
    """Run the golden vectors of a bundle's .tflite here and on each emulated processor.

    Args:
        bundle: `Bundle.check_files` was called.
        report: progress.

    Raises:
        InputError: the emulator is missing or can't run the file, or the bundle has no .tflite.
    """
    if TFLITE not in bundle.models:
        raise InputError(f"{bundle.path} has no {TFLITE}, which is what a phone runs.")
    qemu = emulator()
    root = emulated_root(report)
    vectors = read_vectors(bundle).vectors
    runner = bundle.runner(TFLITE)
    model = (bundle.path / TFLITE).resolve()
    processors = []
    with tempfile.TemporaryDirectory() as scratch:
        inputs, listing = Path(scratch) / "inputs.npz", Path(scratch) / "code.log"
        _write_inputs(bundle, runner, vectors, inputs)
        here, _ = _answers([sys.executable], model, inputs, {})
        for number, cpu in enumerate(CPUS):
            report(f"arm64: golden pictures on {cpu}", number, len(CPUS))
            command = [qemu, "-cpu", cpu, "-L", str(root / cpu), "-d", "in_asm", "-D", str(listing)]
            command += [str(root / cpu / "usr/bin/python3")]
            there, facts = _answers(command, model, inputs, {"PYTHONPATH": str(root / SITE)})
            micro, builtin = kernels_in(listing, facts.libraries)
            ours, theirs = _probabilities(runner, here), _probabilities(runner, there)
            processors.append(
                Parity(
                    cpu=cpu,
                    identical=all(here[name].tobytes() == there[name].tobytes() for name in here),
                    worst_difference=float(np.abs(ours - theirs).max()),
                    same_answers=int((ours.argmax(1) == theirs.argmax(1)).sum()),
                    partitions=facts.partitions,
                    micro_kernels=tuple(micro),
                    builtin=tuple(builtin),
                )
            )
        report("arm64: golden pictures", len(CPUS), len(CPUS))
    return Arm64Report(
        sha256=bundle.manifest.files[TFLITE].sha256,
        pictures=len(vectors),
        emulator=_first_line([qemu, "--version"]),
        litert=version("ai-edge-litert"),
        processors=tuple(processors),
    )


def _probabilities(runner: Runner, outputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Real numbers (N, 7), whatever the file stores."""
    tensor = next(one for one in runner.signature.outputs if one.name == PROBABILITIES)
    return tensor.unpack(outputs[PROBABILITIES][:, 0])


def _write_inputs(bundle: Bundle, runner: Runner, vectors: list[Vector], path: Path) -> None:
    """The tensors that the network takes: decoding and encoding aren't what is compared."""
    patients = patients_for(runner, [one.patient for one in vectors], bundle.encoder())
    tensors = [
        runner.signature.pack(
            load_picture(bundle.path / FOLDER / one.models[TFLITE].pixels), patient
        )
        for one, patient in zip(vectors, patients, strict=True)
    ]
    np.savez(
        path,
        allow_pickle=False,
        **{name: np.stack([one[name] for one in tensors]) for name in tensors[0]},
    )


def _answers(
    python: Sequence[str], model: Path, inputs: Path, environment: dict[str, str]
) -> tuple[dict[str, NDArray[Any]], _Facts]:
    """The output tensors by name, and facts, from `answers` in a process of its own."""
    outputs = inputs.with_name("outputs.npz")
    script = Path(__file__).resolve().with_name("answers.py")
    done = subprocess.run(
        # -P: a numpy.py in the user's folder is not numpy. -B: the cache stays as it was made.
        [*python, "-P", "-B", str(script), str(model), str(inputs), str(outputs)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=os.environ | environment,
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        where = Path(python[0]).name
        raise InputError(f"{model} can't be run by {where}: {last}")
    with np.load(outputs) as answered:
        return dict(answered), _Facts.model_validate_json(done.stdout.splitlines()[-1])


def _first_line(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.partition("\n")[0]
