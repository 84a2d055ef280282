"""Where along its depth a network loses to int8: signal to noise behind each layer.

Each tensor of the int8 file against the same tensor of the float network, on the same images. Other
than in `skinlite_export.quantize.layer_errors` an error is carried on from layer to layer: the
curve falls where it arises, and rises where a later layer averages it out.

LiteRT's builtin kernels compute both, because a delegate keeps what lies inside of it to itself.
They round a little otherwise than XNNPACK, which computes the predictions.
"""

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite_export.convert.samples import samples
from skinlite_export.manifest.measured import DepthError
from skinlite_export.quantize.calibrated_model import Calibrated
from skinlite_export.quantize.calibration import draw
from skinlite_export.quantize.layer_errors import PICTURES
from skinlite_export.runtime.litert import open_interpreter


def error_by_depth(
    calibrated: Calibrated, content: bytes, validation: Examples
) -> tuple[DepthError, ...]:
    """Measure signal to noise behind each operator, in the order they run.

    Args:
        calibrated: the float network with its ranges.
        content: the int8 .tflite that was made of it, with inputs in float.
        validation: images that did not calibrate; some are drawn, class-balanced.

    Returns:
        One for each operator whose output both files have under one name. Operators that only move
        values are left out, since behind them nothing is lost.
    """
    some = validation.take(draw(validation.labels, PICTURES, seed=0))
    float_file, int8_file = open_interpreter(calibrated.content), open_interpreter(content)
    before, after = _tensors(float_file), _tensors(int8_file)
    compared = [
        operation
        for operation in calibrated.operations
        if operation.operator != "RESHAPE"
        and operation.tensor in before.keys() & after.keys()
        and before[operation.tensor]["shape"].prod() == after[operation.tensor]["shape"].prod()
    ]
    signal, noise = np.zeros(len(compared)), np.zeros(len(compared))
    for sample in samples(some):
        for interpreter in (float_file, int8_file):
            inputs = interpreter.get_signature_runner("serving_default").get_input_details()
            for name, value in sample.items():
                interpreter.set_tensor(inputs[name]["index"], value)
            interpreter.invoke()
        for row, operation in enumerate(compared):
            reference = _values(float_file, before[operation.tensor])
            signal[row] += (reference**2).sum()
            noise[row] += ((_values(int8_file, after[operation.tensor]) - reference) ** 2).sum()
    ratios = decibels(signal, noise)
    return tuple(
        DepthError(
            layer=operation.layer,
            operator=operation.operator,
            sqnr=float(ratio),
            in_float=after[operation.tensor]["dtype"] is np.float32,
        )
        for operation, ratio in zip(compared, ratios, strict=True)
    )


def decibels(signal: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signal to noise, of sums of squares."""
    return 10 * np.log10(np.maximum(signal, 1e-12) / np.maximum(noise, 1e-12))


def _tensors(interpreter: Interpreter) -> dict[str, Any]:
    return {tensor["name"]: tensor for tensor in interpreter.get_tensor_details()}


def _values(interpreter: Interpreter, tensor: dict[str, Any]) -> Any:
    """A tensor's real numbers, flat."""
    values = interpreter.get_tensor(tensor["index"]).astype(np.float64).ravel()
    scale, zero = tensor["quantization"]
    return (values - zero) * scale if scale else values
