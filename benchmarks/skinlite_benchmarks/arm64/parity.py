"""`arm64_parity`: a bundle's golden vectors on emulated phone processors, compared bit by bit."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from skinlite.data.geometry import load_picture
from skinlite.errors import InputError
from skinlite.files import read_json
from skinlite.vocabulary import IMAGE, PATIENT, PROBABILITIES
from skinlite_benchmarks.arm64.kernels import kernels_in
from skinlite_benchmarks.arm64.root import CPUS, SITE, emulated_root, emulator
from skinlite_export.bundle import TFLITE, Bundle
from skinlite_export.golden import FOLDER, TOLERANCE, Vectors

Report = Callable[[str, int, int], None]


class Parity(BaseModel):
    """One processor against this host, on the same tensors.

    Attributes:
        worst_difference: largest difference of a probability (0-1); 0 where ``identical``.
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
    processors = []
    with tempfile.TemporaryDirectory() as scratch:
        inputs = Path(scratch) / "inputs.npz"
        pictures = _write_inputs(bundle, inputs)
        model = (bundle.path / TFLITE).resolve()
        here, _ = _answers([sys.executable], model, inputs, {})
        for number, cpu in enumerate(CPUS):
            report(f"arm64: golden pictures on {cpu}", number, len(CPUS))
            listing = inputs.with_name(f"{cpu}.log")
            command = [qemu, "-cpu", cpu, "-L", str(root / cpu), "-d", "in_asm", "-D", str(listing)]
            command += [str(root / cpu / "usr/bin/python3")]
            there, facts = _answers(command, model, inputs, {"PYTHONPATH": str(root / SITE)})
            micro, builtin = kernels_in(listing, facts.libraries)
            listing.unlink()
            processors.append(
                Parity(
                    cpu=cpu,
                    identical=here.tobytes() == there.tobytes(),
                    worst_difference=float(np.abs(here - there).max()),
                    same_answers=int((here.argmax(1) == there.argmax(1)).sum()),
                    partitions=facts.partitions,
                    micro_kernels=tuple(micro),
                    builtin=tuple(builtin),
                )
            )
        report("arm64: golden pictures", len(CPUS), len(CPUS))
    return Arm64Report(
        sha256=bundle.manifest.files[TFLITE].sha256,
        pictures=pictures,
        emulator=_first_line([qemu, "--version"]),
        litert=version("ai-edge-litert"),
        processors=tuple(processors),
    )


def _write_inputs(bundle: Bundle, path: Path) -> int:
    """The tensors that the network takes: decoding and encoding aren't what is compared."""
    golden = bundle.path / FOLDER
    vectors = read_json(Vectors, golden / "vectors.json").vectors
    np.savez(
        path,
        **{
            IMAGE: np.stack([load_picture(golden / one.pixels) for one in vectors]),
            PATIENT: np.array([one.encoded for one in vectors], np.float32),
        },
    )
    return len(vectors)


def _answers(
    python: Sequence[str], model: Path, inputs: Path, environment: dict[str, str]
) -> tuple[NDArray[np.float32], _Facts]:
    """Probabilities (N, 7) and facts, from `answers` in a process of its own."""
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
        return answered[PROBABILITIES], _Facts.model_validate_json(done.stdout.splitlines()[-1])


def _first_line(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.partition("\n")[0]
