"""A .tflite, an .onnx or OpenVINO's own .xml on OpenVINO, in float32 or in bfloat16."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.process.machine import processor
from skinlite.process.optional_packages import need
from skinlite_export.runtime.read_signature import read_signature, read_tensor
from skinlite_export.runtime.signature import Tensor
from skinlite_export.runtime.stored_outputs import StoredOutputs


class OpenVinoRunner(StoredOutputs):
    """See `skinlite_export.runtime.runner.Runner`.

    Raises:
        InputError: the file can't be read, or has inputs other than ours in float32; or the
            processor lacks the number format.
        MissingExtraError: OpenVINO isn't installed.
    """

    runtime: ClassVar[str] = "openvino"
    title: ClassVar[str] = "OpenVINO"
    suffixes: ClassVar[tuple[str, ...]] = (".xml", ".tflite", ".onnx")
    module: ClassVar[str] = "openvino"
    partitions: ClassVar[None] = None
    precision: ClassVar[str] = "f32"

    def __init__(self, path: Path, threads: int = 1) -> None:
        need("openvino", "peers")
        import openvino

        core = openvino.Core()
        if self.precision.upper() not in (
            "F32",
            *core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
        ):
            raise InputError(
                f"{path} can't be computed in {self.precision}: {processor()} has no instructions "
                "for it."
            )
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            # By default float32 files are computed in bfloat16 where the processor has it.
            "INFERENCE_PRECISION_HINT": self.precision,
        }
        try:
            compiled = core.compile_model(read_named(core, path), "CPU", settings)
        except RuntimeError as error:
            reason = str(error).strip().rpartition("\n")[2]
            raise InputError(f"{path} can't be loaded by OpenVINO: {reason}") from error
        self._version = openvino.__version__.partition("-")[0]
        self._request = compiled.create_infer_request()
        self.signature = read_signature(
            path, _tensors(path, compiled.inputs), _tensors(path, compiled.outputs)
        )

    def describe(self) -> str:
        """See `Runner`."""
        return f"OpenVINO {self._version}, CPU, {self.precision}"

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        for name, value in self.signature.pack(image, patient).items():
            self._request.get_tensor(name).data[:] = value

    def invoke(self) -> None:
        """See `Runner`."""
        self._request.infer()

    def _stored(self, tensor: Tensor) -> NDArray[Any]:
        return np.array(self._request.get_tensor(tensor.name).data)


class OpenVinoBfloat16Runner(OpenVinoRunner):
    """What is float32 in the file is computed in bfloat16, OpenVINO's default where there is it."""

    runtime: ClassVar[str] = "openvino-bf16"
    title: ClassVar[str] = "OpenVINO bf16"
    precision: ClassVar[str] = "bf16"


def read_named(core: Any, path: Path) -> Any:
    """A model with the signature's names for its tensors, which a .tflite keeps apart."""
    model = core.read_model(path)
    if path.suffix == ".tflite":
        names = _names(path)
        for port in (*model.inputs, *model.outputs):
            known = {names[raw] for raw in port.get_names() if raw in names}
            port.get_tensor().set_names(known or port.get_names())
    return model


def _names(path: Path) -> dict[str, str]:
    """The signature's names, by those in the file; OpenVINO adds the number of the output."""
    from ai_edge_litert.schema_py_generated import Model

    model = Model.GetRootAs(path.read_bytes(), 0)
    names = {}
    for number in range(model.SignatureDefsLength()):
        signature = model.SignatureDefs(number)
        for count, entry in (
            (signature.InputsLength(), signature.Inputs),
            (signature.OutputsLength(), signature.Outputs),
        ):
            for one in map(entry, range(count)):
                raw = model.Subgraphs(0).Tensors(one.TensorIndex()).Name().decode()
                names[raw] = one.Name().decode()
    return names


def _tensors(path: Path, ports: Iterable[Any]) -> dict[str, Tensor]:
    tensors = {}
    for position, port in enumerate(ports):
        name, dtype = port.get_any_name(), port.element_type.to_dtype().name
        if dtype != "float32":
            raise InputError(
                f"{path}: {name!r} is {dtype}, and OpenVINO doesn't tell its scale. Export without "
                "`io`, so that it takes and gives float32."
            )
        place = position, name
        tensors[name] = read_tensor(path, name, list(port.shape), dtype, place=place)
    return tensors
