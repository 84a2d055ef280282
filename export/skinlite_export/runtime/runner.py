"""Run a model file: load, ask it what it takes, set the inputs by name, invoke, read.

Nothing here imports TensorFlow before a run folder is loaded: verify, predict and the benchmarks
run on a Raspberry Pi.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import Shaping
from skinlite.errors import InputError
from skinlite.files.read_write import check_regular
from skinlite_export.runtime.compiled import CompiledFile, CompiledRunner
from skinlite_export.runtime.keras import KerasRunner
from skinlite_export.runtime.litert import LiteRTFile, LiteRTRunner
from skinlite_export.runtime.onnx import OnnxFile, OnnxRunner
from skinlite_export.runtime.peers.mnn import MnnRunner
from skinlite_export.runtime.peers.ncnn import NcnnBfloat16Runner, NcnnRunner
from skinlite_export.runtime.peers.openvino import OpenVinoBfloat16Runner, OpenVinoRunner
from skinlite_export.runtime.signature import Signature


class AnyFile(Protocol):
    """A model file of anybody's on one runtime: whatever inputs and outputs, by their place.

    Attributes:
        runtime: its name on the command line.
    """

    runtime: ClassVar[str]

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Load a file; the `InputError` for one that can't be names it."""

    @property
    def partitions(self) -> int | None:
        """Delegate partitions; None where the runtime has no such thing or doesn't tell."""

    def describe(self) -> str:
        """The runtime in words: library, version, delegate."""

    def set_tensors(self, values: Sequence[NDArray[Any]]) -> None:
        """Hand in the inputs, in the file's order, in their number format and shape."""

    def invoke(self) -> None:
        """Compute."""

    def tensors(self) -> list[NDArray[Any]]:
        """The outputs of the last invocation as the file stores them, in its order."""


class Runner(Protocol):
    """A model loaded on one runtime: batch 1, inputs by name.

    ``set_inputs`` and ``invoke`` are apart so that a benchmark can time the invocation alone.

    Attributes:
        runtime: its name on the command line.
        title: that tells its contestants apart in a report; empty for the usual one.
        suffixes: of the files it runs; empty for a run folder.
        module: what loading imports, which is no part of the time to load a model.
        signature: what the file takes and gives.
        shaping: how images get their size, which its bundle knows and a file alone doesn't.
    """

    runtime: ClassVar[str]
    title: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    module: ClassVar[str]
    signature: Signature
    shaping: Shaping

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Load a file; the `InputError` for one that can't be names it."""

    @property
    def partitions(self) -> int | None:
        """Delegate partitions; None where the runtime has no such thing or doesn't tell."""

    def describe(self) -> str:
        """The runtime in words: library, version, delegate."""

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """Hand in one image (H, W, 3), RGB 0-255, and one patient (patient_width,).

        The signature says how large the image is and whether the patient is encoded.
        """

    def invoke(self) -> None:
        """Compute."""

    def probabilities(self) -> NDArray[np.float32]:
        """The (classes,) probabilities of the last invocation."""

    def attention(self) -> NDArray[np.float32] | None:
        """The (h, w) attention map of the last invocation; None where the file gives none."""


_CLASSES: tuple[type[Runner], ...] = (
    LiteRTRunner,
    CompiledRunner,
    OnnxRunner,
    KerasRunner,
    OpenVinoRunner,
    OpenVinoBfloat16Runner,
    MnnRunner,
    NcnnRunner,
    NcnnBfloat16Runner,
)

RUNNERS = {runner.runtime: runner for runner in _CLASSES}
"""By name; the first for a suffix is what a file runs on unless asked otherwise."""

_FILES: tuple[type[AnyFile], ...] = (LiteRTFile, CompiledFile, OnnxFile)

FILES = {one.runtime: one for one in _FILES}
"""What runs files of anybody's, by name."""


def runtimes_for(path: Path) -> list[str]:
    """Names of the runtimes that run a file, or a run folder.

    Raises:
        InputError: no such file, or a format that has no runner.
    """
    if not path.exists():
        raise InputError(f"There is no model file {path}.")
    if path.is_dir():
        return [name for name, runner in RUNNERS.items() if not runner.suffixes]
    check_regular(path)
    runtimes = [name for name, runner in RUNNERS.items() if path.suffix in runner.suffixes]
    if not runtimes:
        known = sorted({suffix for runner in RUNNERS.values() for suffix in runner.suffixes})
        raise InputError(f"{path}: there are only runtimes for {', '.join(known)} files.")
    return runtimes


def load_runner(path: Path, threads: int = 1, runtime: str | None = None) -> Runner:
    """A file on a runtime, by default the first for its suffix.

    Raises:
        InputError: no such file, or one that the runtime doesn't run.
    """
    runtimes = runtimes_for(path)
    if runtime is not None and runtime not in runtimes:
        raise InputError(f"{path} doesn't run on {runtime}; it runs on {' and '.join(runtimes)}.")
    return RUNNERS[runtime or runtimes[0]](path, threads)


def predict_all(
    runner: Runner, images: Iterable[NDArray[np.uint8]], patients: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Probabilities (N, classes) of images (H, W, 3) and patients (N, width), one by one."""
    return np.stack(list(predict_each(runner, images, patients)))


def predict_each(
    runner: Runner, images: Iterable[NDArray[np.uint8]], patients: NDArray[np.float32]
) -> Iterator[NDArray[np.float32]]:
    """The (classes,) probabilities of each image, when asked for; see `predict_all`."""
    for image, patient in zip(images, patients, strict=True):
        runner.set_inputs(image, patient)
        runner.invoke()
        yield runner.probabilities()
