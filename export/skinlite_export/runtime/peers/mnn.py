"""MNN's own .mnn on MNN, by its Python binding."""

import ctypes
import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.process.optional_packages import need
from skinlite.process.quiet import silenced
from skinlite_export.runtime.read_signature import read_signature, read_tensor
from skinlite_export.runtime.signature import Tensor
from skinlite_export.runtime.stored_outputs import StoredOutputs


class MnnRunner(StoredOutputs):
    """See `skinlite_export.runtime.runner.Runner`.

    Raises:
        InputError: the file can't be read, or has other inputs than ours.
        MissingExtraError: MNN isn't installed.
    """

    runtime: ClassVar[str] = "mnn"
    title: ClassVar[str] = "MNN"
    suffixes: ClassVar[tuple[str, ...]] = (".mnn",)
    module: ClassVar[str] = "MNN"
    partitions: ClassVar[None] = None

    def __init__(self, path: Path, threads: int = 1) -> None:
        need("MNN", "peers")
        import MNN

        self._mnn = MNN
        try:
            with silenced(1):
                self._interpreter = MNN.Interpreter(str(path))
                self._session = self._interpreter.createSession({"numThread": threads})
                if os.name == "posix":  # what it says of the processor waits in C's own buffer
                    ctypes.CDLL(None).fflush(None)
        except Exception as error:  # the binding raises nothing else
            raise InputError(f"{path} can't be loaded by MNN: {error}") from error
        self._inputs = self._interpreter.getSessionInputAll(self._session)
        self._outputs = self._interpreter.getSessionOutputAll(self._session)
        self.signature = read_signature(
            path, _tensors(path, self._inputs), _tensors(path, self._outputs)
        )

    def describe(self) -> str:
        """See `Runner`."""
        return f"MNN {self._mnn.version()}, CPU"

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        for name, value in self.signature.pack(image, patient).items():
            self._inputs[name].copyFrom(self._like(self._inputs[name], value))

    def invoke(self) -> None:
        """See `Runner`."""
        self._interpreter.runSession(self._session)

    def _stored(self, tensor: Tensor) -> NDArray[Any]:
        held = self._outputs[tensor.name]
        copy = self._like(held, np.zeros(tensor.shape, np.float32))
        held.copyToHostTensor(copy)
        return np.array(copy.getData(), np.float32).reshape(tensor.shape)

    def _like(self, held: Any, value: NDArray[np.float32]) -> Any:
        """A tensor of ours in the order of one of the session's."""
        kind, order = self._mnn.Halide_Type_Float, held.getDimensionType()
        return self._mnn.Tensor(value.shape, kind, np.ascontiguousarray(value), order)


def _tensors(path: Path, held: dict[str, Any]) -> dict[str, Tensor]:
    return {
        name: read_tensor(path, name, list(tensor.getShape()), "float32")
        for name, tensor in held.items()
    }
