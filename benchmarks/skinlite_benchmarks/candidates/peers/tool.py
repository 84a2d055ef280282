"""`Tool`: what a module here says of the tool that it knows, and the files that it starts from."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FLOAT_TFLITE, FLOAT_ONNX, CALIBRATION = "float32.tflite", "float32.onnx", "calibration.npz"

STOCK = "stock converter"
"""What TensorFlow's is called in reports."""


class Peer(NamedTuple):
    """A file that a tool makes, on the runtime that its users run it on."""

    file: str
    format: str
    tool: str
    runtime: str


class Sources(NamedTuple):
    """The stock float32 files of a run's model, and what calibrates."""

    tflite: Path
    onnx: Path
    calibration: Path

    def samples(self) -> Iterator[dict[str, NDArray[np.float32]]]:
        """Inputs by name, batch 1: image (1, H, W, 3), 0 to 255, and patient (1, width) if any."""
        with np.load(self.calibration) as stored:
            given: dict[str, NDArray[Any]] = dict(stored)
        for row in range(len(given["image"])):
            yield {name: values[row] for name, values in given.items()}


class Tool(NamedTuple):
    """One that others use in place of skinlite.

    Attributes:
        title: in words.
        packages: of which it consists; what it makes depends on their versions.
        peers: what takes part of it.
        convert: writes the peers' files into a folder; it runs in a process of its own.
    """

    title: str
    packages: tuple[str, ...]
    peers: tuple[Peer, ...]
    convert: Callable[[Sources, Path], None]
