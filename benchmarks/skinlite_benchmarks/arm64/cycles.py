"""`modelled_cycles`: what a .tflite costs a phone's processor, counted and modelled, not timed."""

from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import version
from itertools import product
from operator import itemgetter
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from skinlite.files.read_write import sha256_of
from skinlite.progress import Report, silent
from skinlite_benchmarks.arm64.basic_blocks import Block, counting_emulator, executed, plugin
from skinlite_benchmarks.arm64.emulated_root import CPUS, emulated_root, version_of
from skinlite_benchmarks.arm64.llvm_mca import cycles, llvm
from skinlite_benchmarks.arm64.machine import Tensors
from skinlite_benchmarks.arm64.used_kernels import kernel_of
from skinlite_export.runtime.litert import LiteRTRunner


class Modelled(BaseModel):
    """One file on one processor, for one image, one thread.

    Attributes:
        model, sha256: the file.
        cpu: of `emulated_root.CPUS`.
        instructions: executed.
        cycles: by LLVM's model of the processor, with caches that always have what is loaded.
        kernels: cycles by what was executed, the most first.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    sha256: str
    cpu: str
    instructions: float
    cycles: float
    kernels: Mapping[str, float]


class CyclesReport(BaseModel):
    """Every file on every processor, and the programs that it is by."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    emulator: str
    llvm: str
    litert: str
    found: tuple[Modelled, ...]


def modelled_cycles(models: Mapping[str, Path], report: Report = silent) -> CyclesReport:
    """Count what each file executes for an image on each processor, and model how long it takes.

    The counts vary by a few thousandths, with what Python has the C library do. A block is modelled
    by itself, over and over, with caches that never miss and branches that are always foreseen.

    Args:
        models: .tflite files, by what they are to be called.
        report: progress.

    Raises:
        InputError: a program that this takes is missing, or a file can't be run.
    """
    qemu, tools = counting_emulator(), llvm()
    plugin()
    # A file that can't be run is refused before the instructions of others are counted.
    images = {name: _image(model) for name, model in models.items()}
    root = emulated_root(report)
    modelled = []
    for done, (name, cpu) in enumerate(product(models, CPUS)):
        report(f"cycles: {name} on {cpu}", done, len(models) * len(CPUS))
        times = executed(models[name].resolve(), images[name], qemu, cpu, root)
        codes = list(dict.fromkeys(block.code for block in times))
        each = dict(zip(codes, cycles(codes, cpu, tools), strict=True))
        modelled.append(_modelled(name, models[name], cpu, times, each))
    report("cycles", len(modelled), len(modelled))
    return CyclesReport(
        emulator=version_of(qemu),
        llvm=tools.version,
        litert=version("ai-edge-litert"),
        found=tuple(modelled),
    )


def _modelled(
    name: str, model: Path, cpu: str, times: Mapping[Block, float], each: Mapping[bytes, float]
) -> Modelled:
    kernels = defaultdict[str, float](float)
    for block, count in times.items():
        kernels[kernel_of(block.file, block.offset)] += count * each[block.code]
    return Modelled(
        model=name,
        sha256=sha256_of(model),
        cpu=cpu,
        instructions=sum(len(block.code) // 4 * count for block, count in times.items()),
        cycles=sum(kernels.values()),
        kernels=dict(sorted(kernels.items(), key=itemgetter(1), reverse=True)),
    )


def _image(model: Path) -> Tensors:
    """One for the file, and a patient: zeros."""
    signature = LiteRTRunner(model).signature
    image, patient = np.zeros((*signature.height_width, 3)), np.zeros(signature.patient_width)
    return {name: value[None] for name, value in signature.pack(image, patient).items()}
