"""Run a .tflite or .onnx: load, ask it what it takes, set the inputs by name, invoke, read.

No TensorFlow here: verify, predict and the benchmarks run on a Raspberry Pi.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from skinlite.errors import InputError
from skinlite.quiet import silenced
from skinlite.vocabulary import AGE, ATTENTION, IMAGE, PATIENT, PROBABILITIES, SEX, SITE
from skinlite_export.signature import INPUTS, MEANINGS, OUTPUTS, Quantization, Signature, Tensor


class Runner(Protocol):
    """A loaded model: batch 1, inputs by name.

    ``set_inputs`` and ``invoke`` are apart so that a benchmark can time the invocation alone.
    """

    runtime: str
    signature: Signature

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """Hand in one picture (H, W, 3), RGB 0-255, and one patient (patient_width,).

        The signature says how large the picture is and whether the patient is encoded.
        """

    def invoke(self) -> None:
        """Compute."""

    def probabilities(self) -> NDArray[np.float32]:
        """The (7,) probabilities of the last invocation."""

    def attention(self) -> NDArray[np.float32] | None:
        """The (h, w) attention map of the last invocation; None where the file gives none."""


class LiteRTRunner:
    """A .tflite on the LiteRT interpreter with XNNPACK.

    Raises:
        InputError: the file isn't a model, or has other inputs than ours.
    """

    runtime = "litert"

    def __init__(self, path: Path, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            with silenced():
                self.interpreter = Interpreter(model_path=str(path), num_threads=threads)
                self.interpreter.allocate_tensors()
            runner = self.interpreter.get_signature_runner("serving_default")
            inputs, outputs = runner.get_input_details(), runner.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path} can't be loaded by LiteRT: {error}") from error
        self._indices = {name: one["index"] for name, one in (inputs | outputs).items()}
        self.signature = _signature(
            path,
            {name: _tensor_of(path, name, one) for name, one in inputs.items()},
            {name: _tensor_of(path, name, one) for name, one in outputs.items()},
        )

    @property
    def partitions(self) -> int:
        """Delegate partitions: the pieces XNNPACK took; 1 means that it took everything at once."""
        # The only public place that shows them is the list of executed nodes.
        nodes = self.interpreter._get_ops_details()
        return sum(node["op_name"] == "DELEGATE" for node in nodes)

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        for name, value in self.signature.pack(image, patient).items():
            self.interpreter.set_tensor(self._indices[name], value)

    def invoke(self) -> None:
        """See `Runner`."""
        self.interpreter.invoke()

    def probabilities(self) -> NDArray[np.float32]:
        """See `Runner`."""
        found = self._output(PROBABILITIES)
        assert found is not None
        return found

    def attention(self) -> NDArray[np.float32] | None:
        """See `Runner`."""
        return self._output(ATTENTION)

    def _output(self, name: str) -> NDArray[np.float32] | None:
        for tensor in self.signature.outputs:
            if tensor.name == name:
                return tensor.unpack(self.interpreter.get_tensor(self._indices[name])[0])
        return None


class OnnxRunner:
    """An .onnx on onnxruntime's CPU provider.

    Raises:
        InputError: the file isn't a model, or has other inputs than ours.
    """

    runtime = "onnxruntime"

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
        self.signature = _signature(
            path,
            {one.name: _value_of(path, one) for one in self.session.get_inputs()},
            {one.name: _value_of(path, one) for one in self.session.get_outputs()},
        )
        self._inputs: dict[str, NDArray[Any]] = {}
        self._outputs: dict[str, NDArray[Any]] = {}

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        self._inputs = self.signature.pack(image, patient)

    def invoke(self) -> None:
        """See `Runner`."""
        names = [tensor.name for tensor in self.signature.outputs]
        self._outputs = dict(zip(names, self.session.run(names, self._inputs), strict=True))

    def probabilities(self) -> NDArray[np.float32]:
        """See `Runner`."""
        found: NDArray[np.float32] = self._outputs[PROBABILITIES][0]
        return found

    def attention(self) -> NDArray[np.float32] | None:
        """See `Runner`."""
        return self._outputs[ATTENTION][0] if ATTENTION in self._outputs else None


def _tensor_of(path: Path, name: str, detail: Mapping[str, Any]) -> Tensor:
    """A tensor as LiteRT describes it."""
    scale, zero_point = detail["quantization"]
    quantization = Quantization(scale=scale, zero_point=zero_point) if scale else None
    return _tensor(path, name, detail["shape"].tolist(), detail["dtype"].__name__, quantization)


def _value_of(path: Path, value: Any) -> Tensor:
    """A tensor as onnxruntime describes it: its type is such as ``tensor(float)``."""
    kind = value.type.removeprefix("tensor(").removesuffix(")")
    return _tensor(path, value.name, value.shape, "float32" if kind == "float" else kind, None)


def _tensor(
    path: Path, name: str, shape: list[Any], dtype: str, quantization: Quantization | None
) -> Tensor:
    meaning = MEANINGS.get(name, "")
    try:
        return Tensor.model_validate(
            {
                "name": name,
                "shape": shape,
                "dtype": dtype,
                "quantization": quantization,
                "meaning": meaning,
            }
        )
    except ValidationError as error:  # a dynamic axis has a name, or None, for a length
        raise InputError(
            f"{path}: {name!r} is {dtype} of shape {shape}; it needs a fixed shape, and float32, "
            "int32, int8 or uint8. Export it with skinlite export."
        ) from error


def _signature(
    path: Path, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
) -> Signature:
    patients = ({IMAGE, PATIENT}, {IMAGE, AGE, SEX, SITE})
    if set(inputs) not in patients or PROBABILITIES not in outputs:
        raise InputError(
            f"{path} isn't a skinlite model: it needs the inputs {IMAGE!r} and {PATIENT!r} (or "
            f"{AGE!r}, {SEX!r} and {SITE!r}) and the output {PROBABILITIES!r}; it has "
            f"{sorted(inputs)} and {sorted(outputs)}."
        )
    return Signature(
        inputs=tuple(inputs[name] for name in INPUTS if name in inputs),
        outputs=tuple(outputs[name] for name in OUTPUTS if name in outputs),
    )


def load_runner(path: Path, threads: int = 1) -> Runner:
    """The runner for a file, by its suffix.

    Raises:
        InputError: no such file, or a format that has no runner.
    """
    if not path.is_file():
        raise InputError(f"There is no model file {path}.")
    if path.suffix == ".tflite":
        return LiteRTRunner(path, threads)
    if path.suffix == ".onnx":
        return OnnxRunner(path, threads)
    raise InputError(f"{path} is neither a .tflite nor an .onnx file.")


def predict_all(
    runner: Runner, images: Iterable[NDArray[np.uint8]], patients: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Probabilities (N, 7) of pictures (H, W, 3) and patients (N, width), one by one."""
    results = []
    for image, patient in zip(images, patients, strict=True):
        runner.set_inputs(image, patient)
        runner.invoke()
        results.append(runner.probabilities())
    return np.stack(results)
