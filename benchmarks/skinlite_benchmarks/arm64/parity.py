"""`arm64_parity`: a bundle's golden vectors on emulated phone processors, compared bit by bit."""

import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from skinlite.data.patient import Patient
from skinlite.data.preprocessing import load_image
from skinlite.errors import InputError
from skinlite.progress import Report, silent
from skinlite.vocabulary import PROBABILITIES
from skinlite_benchmarks.arm64.emulated_root import (
    CPUS,
    emulated_root,
    emulator,
    version_of,
)
from skinlite_benchmarks.arm64.machine import Machine, Tensors
from skinlite_benchmarks.arm64.operator_deviations import Deviation, deviations
from skinlite_benchmarks.arm64.used_kernels import kernels_in
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.bundle.golden import FOLDER, TOLERANCE, Vector, read_vectors
from skinlite_export.runtime.model_inputs import patients_for
from skinlite_export.runtime.runner import Runner


class Parity(BaseModel):
    """One processor against this host, on the same tensors.

    Attributes:
        identical: every output, bit by bit.
        worst_difference: largest difference of a probability (0-1).
        same_answers: images with the same top-1 class.
        operators: that give other numbers by themselves, on the image with the largest
            difference; every other one gives the same there. Not looked for if identical.
        partitions: delegate partitions.
        micro_kernels: of XNNPACK, that ran; empty where this qemu doesn't list code.
        builtin: TensorFlow Lite's own operators, that ran outside of the delegate.
    """

    model_config = ConfigDict(frozen=True)

    cpu: str
    identical: bool
    worst_difference: float
    same_answers: int
    operators: tuple[Deviation, ...]
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
        """Answers the same, probabilities as near as golden vectors ask, operators but rounding."""
        return all(
            processor.same_answers == self.pictures
            and processor.worst_difference <= TOLERANCE
            and all(operator.is_rounding for operator in processor.operators)
            for processor in self.processors
        )


def arm64_parity(bundle: Bundle, report: Report = silent) -> Arm64Report:
    """Run the golden vectors of a bundle's .tflite here and on each emulated processor.

    Args:
        bundle: `Bundle.check_files` was called.
        report: progress.

    Raises:
        InputError: the emulator is missing or can't run the file, or the bundle has no .tflite.
    """
    if TFLITE not in bundle.models:
        raise InputError(f"{bundle.path} has no {TFLITE}, the file that phones run.")
    qemu = emulator()
    root = emulated_root(report)
    vectors = read_vectors(bundle).vectors
    runner = bundle.runner(TFLITE)
    model, tensors = (bundle.path / TFLITE).resolve(), _tensors(bundle, runner, vectors)
    host = Machine.host()
    here = host.outputs(model, tensors)
    processors = []
    for number, cpu in enumerate(CPUS):
        report(f"arm64: golden images on {cpu}", number, len(CPUS))
        with tempfile.TemporaryDirectory() as scratch:
            listing = Path(scratch, "code.log")
            listed = Machine.emulated(qemu, cpu, root, "-d", "in_asm", "-D", str(listing))
            there, facts = listed.run(model, tensors)
            micro, builtin = kernels_in(listing, facts.libraries)
        ours, theirs = _probabilities(runner, here), _probabilities(runner, there)
        off = np.abs(ours - theirs).max(1)
        different = [row for row in range(len(vectors)) if _differs(here, there, row)]
        operators: list[Deviation] = []
        if different:
            report(f"arm64: each operator alone on {cpu}", number, len(CPUS))
            worst = max(different, key=lambda row: float(off[row]))
            image = {name: rows[worst : worst + 1] for name, rows in tensors.items()}
            operators = deviations(model, image, host, Machine.emulated(qemu, cpu, root))
        processors.append(
            Parity(
                cpu=cpu,
                identical=not different,
                worst_difference=float(off.max()),
                same_answers=int((ours.argmax(1) == theirs.argmax(1)).sum()),
                operators=tuple(operators),
                partitions=facts.partitions,
                micro_kernels=tuple(micro),
                builtin=tuple(builtin),
            )
        )
    report("arm64: golden images", len(CPUS), len(CPUS))
    return Arm64Report(
        sha256=bundle.manifest.files[TFLITE].sha256,
        pictures=len(vectors),
        emulator=version_of(qemu),
        litert=version("ai-edge-litert"),
        processors=tuple(processors),
    )


def _probabilities(runner: Runner, outputs: Tensors) -> NDArray[np.float32]:
    """Real numbers (N, classes), whatever the file stores."""
    tensor = next(tensor for tensor in runner.signature.outputs if tensor.name == PROBABILITIES)
    return tensor.unpack(outputs[PROBABILITIES][:, 0])


def _differs(here: Tensors, there: Tensors, row: int) -> bool:
    return any(here[name][row].tobytes() != there[name][row].tobytes() for name in here)


def _tensors(bundle: Bundle, runner: Runner, vectors: list[Vector]) -> Tensors:
    """What the network takes: decoding and encoding aren't what is compared."""
    patients = patients_for(
        runner, [vector.patient or Patient() for vector in vectors], bundle.encoder()
    )
    tensors = [
        runner.signature.pack(
            load_image(bundle.path / FOLDER / vector.models[TFLITE].pixels), patient
        )
        for vector, patient in zip(vectors, patients, strict=True)
    ]
    return {name: np.stack([inputs[name] for inputs in tensors]) for name in tensors[0]}
