"""An .onnx on onnxruntime."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import Shaping
from skinlite.errors import InputError
from skinlite.vocabulary import ATTENTION, PROBABILITIES
from skinlite_export.runtime.read_signature import read_signature, read_tensor
from skinlite_export.runtime.signature import Tensor


class OnnxFile:
    """See `skinlite_export.runtime.runner.AnyFile`.

    Raises:
        InputError: the file isn't a model, or has an operator that onnxruntime lacks.
    """

    runtime: ClassVar[str] = "onnxruntime"
    partitions: ClassVar[None] = None
    shaping: Shaping = "crop"

    def __init__(self, path: Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own classes derive from Exception directly
            raise InputError(f"{path} can't be loaded by onnxruntime: {error}") from error
        self._version = onnxruntime.__version__
        self._names = [one.name for one in self.session.get_outputs()]
        self._inputs: dict[str, NDArray[Any]] = {}
        self._outputs: dict[str, NDArray[Any]] = {}

    def describe(self) -> str:
        """See `AnyFile`."""
        return f"onnxruntime {self._version}, CPU provider"

    def set_tensors(self, values: Sequence[NDArray[Any]]) -> None:
        """See `AnyFile`."""
        names = [one.name for one in self.session.get_inputs()]
        self._inputs = dict(zip(names, values, strict=True))

    def invoke(self) -> None:
        """See `AnyFile`."""
        values = self.session.run(self._names, self._inputs)
        self._outputs = dict(zip(self._names, values, strict=True))

    def tensors(self) -> list[NDArray[Any]]:
        """See `AnyFile`."""
        return [np.asarray(self._outputs[name]) for name in self._names]


class OnnxRunner(OnnxFile):
    """See `skinlite_export.runtime.runner.Runner`.

    Raises:
        InputError: as of `OnnxFile`, or it has other inputs than ours.
    """

    title: ClassVar[str] = "ONNX"
    suffixes: ClassVar[tuple[str, ...]] = (".onnx",)
    module: ClassVar[str] = "onnxruntime"

    def __init__(self, path: Path, threads: int = 1) -> None:
        super().__init__(path, threads)
        self.signature = read_signature(
            path,
            _tensors(path, self.session.get_inputs()),
            _tensors(path, self.session.get_outputs()),
        )
        self._names = [tensor.name for tensor in self.signature.outputs]

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        self._inputs = self.signature.pack(image, patient)

    def probabilities(self) -> NDArray[np.float32]:
        """See `Runner`."""
        probabilities: NDArray[np.float32] = self._outputs[PROBABILITIES][0]
        return probabilities

    def attention(self) -> NDArray[np.float32] | None:
        """See `Runner`."""
        return self._outputs[ATTENTION][0] if ATTENTION in self._outputs else None


def _tensors(path: Path, values: Iterable[Any]) -> dict[str, Tensor]:
    """onnxruntime's types are such as ``tensor(float)``; an .onnx has one name for a tensor."""
    tensors = {}
    for position, value in enumerate(values):
        kind = value.type.removeprefix("tensor(").removesuffix(")")
        dtype = "float32" if kind == "float" else kind
        place = position, value.name
        tensors[value.name] = read_tensor(path, value.name, value.shape, dtype, place=place)
    return tensors
