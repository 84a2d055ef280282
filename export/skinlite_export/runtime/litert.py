"""A .tflite on the LiteRT interpreter."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.process.quiet import silenced
from skinlite_export.runtime.read_signature import read_signature, read_tensor
from skinlite_export.runtime.signature import Tensor
from skinlite_export.runtime.stored_outputs import StoredOutputs
from skinlite_export.tflite.execution_plan import executed_operators

SIGNATURE = "serving_default"


class LiteRTFile:
    """See `skinlite_export.runtime.runner.AnyFile`.

    Raises:
        InputError: the file isn't a model, or has an operator that LiteRT lacks.
    """

    runtime: ClassVar[str] = "litert"

    def __init__(self, path: Path, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            with silenced():
                self.interpreter = Interpreter(model_path=str(path), num_threads=threads)
                self.interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path} can't be loaded by LiteRT: {error}") from error

    def describe(self) -> str:
        """See `AnyFile`."""
        return f"LiteRT {version('ai-edge-litert')} Interpreter, XNNPACK"

    @property
    def partitions(self) -> int:
        """The pieces XNNPACK took; 1 means that it took everything at once."""
        operators = executed_operators(self.interpreter)
        return sum(operator["op_name"] == "DELEGATE" for operator in operators)

    def set_tensors(self, values: Sequence[NDArray[Any]]) -> None:
        """See `AnyFile`."""
        for one, value in zip(self.interpreter.get_input_details(), values, strict=True):
            self.interpreter.set_tensor(one["index"], value)

    def invoke(self) -> None:
        """See `AnyFile`."""
        self.interpreter.invoke()

    def tensors(self) -> list[NDArray[Any]]:
        """See `AnyFile`."""
        details = self.interpreter.get_output_details()
        return [np.asarray(self.interpreter.get_tensor(one["index"])) for one in details]


class LiteRTRunner(LiteRTFile, StoredOutputs):
    """See `skinlite_export.runtime.runner.Runner`.

    Raises:
        InputError: as of `LiteRTFile`, or it has other inputs than ours.
    """

    title: ClassVar[str] = ""
    suffixes: ClassVar[tuple[str, ...]] = (".tflite",)
    module: ClassVar[str] = "ai_edge_litert.interpreter"

    def __init__(self, path: Path, threads: int = 1) -> None:
        super().__init__(path, threads)
        try:
            runner = self.interpreter.get_signature_runner(SIGNATURE)
            inputs, outputs = runner.get_input_details(), runner.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path} can't be loaded by LiteRT: {error}") from error
        self._indices = {name: detail["index"] for name, detail in (inputs | outputs).items()}
        self.signature = read_signature(
            path,
            _tensors(path, inputs, self.interpreter.get_input_details()),
            _tensors(path, outputs, self.interpreter.get_output_details()),
        )

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        for name, value in self.signature.pack(image, patient).items():
            self.interpreter.set_tensor(self._indices[name], value)

    def _stored(self, tensor: Tensor) -> NDArray[Any]:
        return np.asarray(self.interpreter.get_tensor(self._indices[tensor.name]))


def open_interpreter(content: bytes) -> Any:
    """An interpreter of which every tensor can be read after a run."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with silenced():
        interpreter = Interpreter(
            model_content=content,
            experimental_preserve_all_tensors=True,
            # A delegate would keep what lies inside of it to itself.
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    return interpreter


def _tensors(
    path: Path, details: Mapping[str, Mapping[str, Any]], in_file: Sequence[Mapping[str, Any]]
) -> dict[str, Tensor]:
    places = {
        detail["index"]: (position, detail["name"]) for position, detail in enumerate(in_file)
    }
    return {
        name: read_tensor(
            path,
            name,
            detail["shape"].tolist(),
            detail["dtype"].__name__,
            detail["quantization"],
            places[detail["index"]],
        )
        for name, detail in details.items()
    }
