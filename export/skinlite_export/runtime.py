"""Run a .tflite or .onnx: load, set the inputs by name, invoke, read the probabilities.

No TensorFlow here: verify, predict and the benchmarks run on a Raspberry Pi.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.quiet import silenced
from skinlite.vocabulary import IMAGE, PATIENT, PROBABILITIES


class Runner(Protocol):
    """A loaded model: batch 1, inputs by name.

    ``set_inputs`` and ``invoke`` are apart so that a benchmark can time the invocation alone.
    """

    runtime: str

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """Hand in one picture (H, W, 3), RGB 0-255, and one encoded patient (width,)."""

    def invoke(self) -> None:
        """Compute."""

    def probabilities(self) -> NDArray[np.float32]:
        """The (7,) probabilities of the last invocation."""


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
            signature = self.interpreter.get_signature_runner("serving_default")
            inputs, outputs = signature.get_input_details(), signature.get_output_details()
            self._image = inputs[IMAGE]["index"]
            self._patient = inputs[PATIENT]["index"]
            self._probabilities = outputs[PROBABILITIES]["index"]
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path} can't be loaded by LiteRT: {error}") from error
        except KeyError as error:
            raise InputError(
                f"{path} isn't a skinlite model: it needs the inputs {IMAGE!r} and {PATIENT!r} and "
                f"the output {PROBABILITIES!r}; {error} is missing."
            ) from error

    @property
    def partitions(self) -> int:
        """Delegate partitions: the pieces XNNPACK took; 1 means that it took everything at once."""
        # The only public place that shows them is the list of executed nodes.
        nodes = self.interpreter._get_ops_details()
        return sum(node["op_name"] == "DELEGATE" for node in nodes)

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        self.interpreter.set_tensor(self._image, image[None].astype(np.float32))
        self.interpreter.set_tensor(self._patient, patient[None].astype(np.float32))

    def invoke(self) -> None:
        """See `Runner`."""
        self.interpreter.invoke()

    def probabilities(self) -> NDArray[np.float32]:
        """See `Runner`."""
        return np.array(self.interpreter.get_tensor(self._probabilities)[0])


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
        names = {value.name for value in self.session.get_inputs()}
        if names != {IMAGE, PATIENT}:
            raise InputError(
                f"{path} isn't a skinlite model: its inputs are {sorted(names)}, not "
                f"{IMAGE!r} and {PATIENT!r}."
            )
        self._inputs: dict[str, NDArray[Any]] = {}
        self._outputs: list[NDArray[np.float32]] = []

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        self._inputs = {
            IMAGE: image[None].astype(np.float32),
            PATIENT: patient[None].astype(np.float32),
        }

    def invoke(self) -> None:
        """See `Runner`."""
        self._outputs = self.session.run([PROBABILITIES], self._inputs)

    def probabilities(self) -> NDArray[np.float32]:
        """See `Runner`."""
        return self._outputs[0][0]


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
    runner: Runner, images: NDArray[np.uint8], patients: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Probabilities (N, 7) of pictures (N, H, W, 3) and patients (N, width), one by one."""
    results = []
    for image, patient in zip(images, patients, strict=True):
        runner.set_inputs(image, patient)
        runner.invoke()
        results.append(runner.probabilities())
    return np.stack(results)
