"""A .tflite on LiteRT's CompiledModel, the interpreter's successor."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.process.quiet import silenced
from skinlite_export.runtime.litert import SIGNATURE
from skinlite_export.runtime.read_signature import read_signature, read_tensor
from skinlite_export.runtime.signature import Tensor
from skinlite_export.runtime.stored_outputs import StoredOutputs


class CompiledRunner(StoredOutputs):
    """See `skinlite_export.runtime.runner.Runner`.

    Raises:
        InputError: the file isn't a model, has other inputs than ours, or an operator that LiteRT
            lacks.
    """

    runtime: ClassVar[str] = "compiled"
    title: ClassVar[str] = "CompiledModel"
    suffix: ClassVar[str] = ".tflite"
    module: ClassVar[str] = "ai_edge_litert.compiled_model"
    partitions: ClassVar[None] = None

    def __init__(self, path: Path, threads: int = 1) -> None:
        from ai_edge_litert.compiled_model import CompiledModel
        from ai_edge_litert.options import CpuOptions, Options

        try:
            with silenced():
                options = Options(cpu_options=CpuOptions(num_threads=threads))
                self._model = CompiledModel.from_file(str(path), options=options)
            inputs = self._model.get_input_tensor_details(SIGNATURE)
            outputs = self._model.get_output_tensor_details(SIGNATURE)
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{path} can't be loaded by LiteRT's CompiledModel: {reason}"
            ) from error
        self.signature = read_signature(path, _tensors(path, inputs), _tensors(path, outputs))
        self._inputs = {
            name: self._model.create_input_buffer_by_name(SIGNATURE, name) for name in inputs
        }
        self._outputs = {
            name: self._model.create_output_buffer_by_name(SIGNATURE, name) for name in outputs
        }

    def describe(self) -> str:
        """See `Runner`."""
        whole = "all" if self._model.is_fully_accelerated() else "not all"
        return f"LiteRT {version('ai-edge-litert')} CompiledModel, CPU ({whole} in XNNPACK)"

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        for name, value in self.signature.pack(image, patient).items():
            self._inputs[name].write(value)

    def invoke(self) -> None:
        """See `Runner`."""
        self._model.run_by_name(SIGNATURE, self._inputs, self._outputs)

    def _stored(self, tensor: Tensor) -> NDArray[Any]:
        kind = np.dtype(tensor.dtype)
        stored = self._outputs[tensor.name].read(int(np.prod(tensor.shape)), kind.type)
        return np.asarray(stored.reshape(tensor.shape))


def _tensors(path: Path, details: Mapping[str, Mapping[str, Any]]) -> dict[str, Tensor]:
    """`details` tell neither quantization nor place, which the file has at the same index."""
    from ai_edge_litert.schema_py_generated import Model

    graph = Model.GetRootAs(path.read_bytes(), 0).Subgraphs(0)
    in_file = [*graph.InputsAsNumpy()], [*graph.OutputsAsNumpy()]
    tensors = {}
    for name, detail in details.items():
        tensor = graph.Tensors(detail["index"])
        quantization = tensor.Quantization()
        steps = None
        if quantization is not None and quantization.ScaleLength():
            steps = (quantization.Scale(0), quantization.ZeroPoint(0))
        side = next(side for side in in_file if detail["index"] in side)
        place = side.index(detail["index"]), tensor.Name().decode()
        tensors[name] = read_tensor(path, name, detail["shape"], detail["dtype"], steps, place)
    return tensors
