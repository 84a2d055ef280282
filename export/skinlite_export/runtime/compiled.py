"""A .tflite on LiteRT's CompiledModel, the interpreter's successor."""

from collections.abc import Mapping, Sequence
from functools import cached_property
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


class CompiledFile:
    """See `skinlite_export.runtime.runner.AnyFile`; it runs the first signature.

    Raises:
        InputError: the file isn't a model, or has an operator that LiteRT lacks.
    """

    runtime: ClassVar[str] = "compiled"
    partitions: ClassVar[None] = None

    def __init__(self, path: Path, threads: int = 1) -> None:
        from ai_edge_litert.compiled_model import CompiledModel
        from ai_edge_litert.options import CpuOptions, Options

        try:
            with silenced():
                options = Options(cpu_options=CpuOptions(num_threads=threads))
                self._model = CompiledModel.from_file(str(path), options=options)
        except (ValueError, RuntimeError) as error:
            raise _refused(path, error) from error
        self._path = path

    def describe(self) -> str:
        """See `AnyFile`."""
        whole = "all" if self._model.is_fully_accelerated() else "not all"
        return f"LiteRT {version('ai-edge-litert')} CompiledModel, CPU ({whole} in XNNPACK)"

    def set_tensors(self, values: Sequence[NDArray[Any]]) -> None:
        """See `AnyFile`."""
        for (buffer, _), value in zip(self._places[0], values, strict=True):
            buffer.write(value)

    def invoke(self) -> None:
        """See `AnyFile`."""
        inputs, outputs = self._buffers
        self._model.run_by_index(0, inputs, outputs)

    def tensors(self) -> list[NDArray[Any]]:
        """See `AnyFile`."""
        return [_read(buffer, one["shape"], one["dtype"]) for buffer, one in self._places[1]]

    @cached_property
    def _buffers(self) -> tuple[list[Any], list[Any]]:
        """Of inputs and outputs, in the signature's order."""
        return self._model.create_input_buffers(0), self._model.create_output_buffers(0)

    @cached_property
    def _places(self) -> list[list[tuple[Any, Mapping[str, Any]]]]:
        """Buffers and details of inputs and outputs, in the file's order."""
        graph = _graph(self._path)
        first = self._model.get_signature_by_index(0)
        sides = (
            ("inputs", self._model.get_input_tensor_details, [*graph.InputsAsNumpy()]),
            ("outputs", self._model.get_output_tensor_details, [*graph.OutputsAsNumpy()]),
        )
        places = []
        for (side, details_of, in_file), buffers in zip(sides, self._buffers, strict=True):
            details = details_of(first["key"])
            named = zip(buffers, (details[name] for name in first[side]), strict=True)
            places.append(sorted(named, key=lambda one: in_file.index(one[1]["index"])))
        return places


class CompiledRunner(CompiledFile, StoredOutputs):
    """See `skinlite_export.runtime.runner.Runner`.

    Raises:
        InputError: as of `CompiledFile`, or it has other inputs than ours.
    """

    title: ClassVar[str] = "CompiledModel"
    suffixes: ClassVar[tuple[str, ...]] = (".tflite",)
    module: ClassVar[str] = "ai_edge_litert.compiled_model"

    def __init__(self, path: Path, threads: int = 1) -> None:
        super().__init__(path, threads)
        try:
            inputs = self._model.get_input_tensor_details(SIGNATURE)
            outputs = self._model.get_output_tensor_details(SIGNATURE)
        except (ValueError, RuntimeError) as error:
            raise _refused(path, error) from error
        self.signature = read_signature(path, _tensors(path, inputs), _tensors(path, outputs))
        self._inputs = {
            name: self._model.create_input_buffer_by_name(SIGNATURE, name) for name in inputs
        }
        self._outputs = {
            name: self._model.create_output_buffer_by_name(SIGNATURE, name) for name in outputs
        }

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        for name, value in self.signature.pack(image, patient).items():
            self._inputs[name].write(value)

    def invoke(self) -> None:
        """See `Runner`."""
        self._model.run_by_name(SIGNATURE, self._inputs, self._outputs)

    def _stored(self, tensor: Tensor) -> NDArray[Any]:
        return _read(self._outputs[tensor.name], tensor.shape, tensor.dtype)


def _refused(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())
    return InputError(f"{path} can't be loaded by LiteRT's CompiledModel: {reason}")


def _read(buffer: Any, shape: Sequence[int], dtype: str) -> NDArray[Any]:
    stored = buffer.read(int(np.prod(shape)), np.dtype(dtype).type)
    return np.asarray(stored.reshape(shape))


def _graph(path: Path) -> Any:
    from ai_edge_litert.schema_py_generated import Model

    return Model.GetRootAs(path.read_bytes(), 0).Subgraphs(0)


def _tensors(path: Path, details: Mapping[str, Mapping[str, Any]]) -> dict[str, Tensor]:
    """`details` tell neither quantization nor place, which the file has at the same index."""
    graph = _graph(path)
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
