"""ncnn's own .param, with its .bin beside it, on ncnn; in float32 or with tensors in bfloat16.

ncnn has no batch and no names: the signature stands in a file beside it.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite.process.optional_packages import need
from skinlite_export.runtime.signature import Signature, Tensor
from skinlite_export.runtime.stored_outputs import StoredOutputs

SIGNATURE = "signature.json"
"""The `Signature` of the .onnx that it was converted from."""


class NcnnRunner(StoredOutputs):
    """See `skinlite_export.runtime.runner.Runner`.

    Raises:
        InputError: the file can't be read, or nothing says what its inputs are.
        MissingExtraError: ncnn isn't installed.
    """

    runtime: ClassVar[str] = "ncnn"
    title: ClassVar[str] = "ncnn"
    suffixes: ClassVar[tuple[str, ...]] = (".param",)
    module: ClassVar[str] = "ncnn"
    partitions: ClassVar[None] = None
    bfloat16: ClassVar[bool] = False

    def __init__(self, path: Path, threads: int = 1) -> None:
        need("ncnn", "peers")
        import ncnn

        self._ncnn = ncnn
        signature = path.with_name(SIGNATURE)
        if not signature.is_file():
            raise InputError(
                f"{path} has no {SIGNATURE} beside it, which says what its inputs are: only files "
                "that skinlite benchmark converted have one."
            )
        self.signature = read_json(Signature, signature)
        self._net = ncnn.Net()
        options = self._net.opt
        options.num_threads = threads
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = self.bfloat16
        failed = self._net.load_param(str(path))
        if failed or self._net.load_model(str(path.with_suffix(".bin"))):
            raise InputError(f"{path} can't be loaded by ncnn.")
        self._given: dict[str, Any] = {}
        self._found: dict[str, Any] = {}

    def describe(self) -> str:
        """See `Runner`."""
        return f"ncnn {self._ncnn.__version__}, CPU, {'bf16' if self.bfloat16 else 'f32'}"

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        packed = self.signature.pack(image, patient)
        self._given = {
            f"in{tensor.position}": self._ncnn.Mat(packed[tensor.name][0]).clone()
            for tensor in self.signature.inputs
        }

    def invoke(self) -> None:
        """See `Runner`."""
        extractor = self._net.create_extractor()
        for name, value in self._given.items():
            extractor.input(name, value)
        for tensor in self.signature.outputs:
            self._found[tensor.name] = extractor.extract(f"out{tensor.position}")[1]

    def _stored(self, tensor: Tensor) -> NDArray[Any]:
        return np.array(self._found[tensor.name], np.float32).reshape(tensor.shape)


class NcnnBfloat16Runner(NcnnRunner):
    """Tensors between layers are bfloat16."""

    runtime: ClassVar[str] = "ncnn-bf16"
    title: ClassVar[str] = "ncnn bf16"
    bfloat16: ClassVar[bool] = True
