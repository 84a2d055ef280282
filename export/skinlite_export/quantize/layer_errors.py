"""What int8 costs each layer, told twice: in its own output, and in the network's answers.

In its own output: TensorFlow's converter can put beside each int8 operator its float double on the
same (dequantized) input, and NumericVerify to compare them: the measurement of its
QuantizationDebugger. It says whether a range or a weight is badly chosen.

In the answers: the file in which this operator alone is int8, against the one in float (Wu et al.,
"Integer quantization for deep learning inference", arXiv:2004.09602, section 5.2). It says what
matters: a coarse tensor that nothing depends on is harmless, and on a MobileNetV3Large trained on
HAM10000 the two rankings had nothing in common (rank correlation -0.04 over 141 operators). So the
table is in this order, and the search goes by it.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.progress import Report, silent
from skinlite_export.convert.samples import samples
from skinlite_export.convert.to_tflite import quantize
from skinlite_export.manifest.measured import LayerError
from skinlite_export.quantize.calibrated_model import Calibrated, answers
from skinlite_export.quantize.calibration import draw
from skinlite_export.quantize.operators import Operation
from skinlite_export.runtime.litert import open_interpreter
from skinlite_export.tflite.execution_plan import executed_operators

PICTURES = 70
"""Ten of each class: errors are means over all of a tensor's values, and few images tell them."""

INT8 = np.iinfo(np.int8)


def explain(
    calibrated: Calibrated,
    validation: Examples,
    keep_float: Collection[str] = (),
    report: Report = silent,
) -> tuple[LayerError, ...]:
    """Every int8 operator's errors, the most expensive first; a conversion for each, so a while.

    Args:
        calibrated: to be made int8.
        validation: images that did not calibrate; some are drawn, class-balanced.
        keep_float: layers that are not to be int8.
        report: progress.
    """
    some = validation.take(draw(validation.labels, PICTURES, seed=0))
    floats = {operation.tensor for operation in calibrated.in_float(keep_float)}
    own = _own_errors(calibrated, floats, some)
    reference = answers(calibrated.content, some)
    everything = {operation.tensor for operation in calibrated.operations}
    errors = []
    for done, (operation, sums) in enumerate(own, start=1):
        alone = answers(_int8(calibrated, everything - {operation.tensor}), some)
        errors.append(sums.error(operation, cost=float(divergence(reference, alone).mean())))
        report("measured the int8 error of each layer", done, len(own))
    return tuple(sorted(errors, key=lambda error: -error.cost))


def divergence(reference: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Kullback-Leibler divergence of answers (N, classes) from reference answers, in nats: (N,)."""
    p, q = (np.maximum(given.astype(np.float64), 1e-9) for given in (reference, other))
    return (p * np.log(p / q)).sum(axis=1)


@dataclass
class _Sums:
    """Over the values of one tensor, in int8 steps: of the float reference and of int8's error."""

    scale: float
    zero: int
    values: int = 0
    signal: float = 0.0
    noise: float = 0.0
    shift: float = 0.0
    clipped: int = 0

    def add(self, quantized: NDArray[np.int8], reference: NDArray[np.float32]) -> None:
        steps = reference.astype(np.float64) / self.scale + self.zero
        error = quantized - steps
        self.values += steps.size
        self.signal += float(((steps - self.zero) ** 2).sum())
        self.noise += float((error**2).sum())
        self.shift += float(error.sum())
        self.clipped += int(((steps < INT8.min - 0.5) | (steps > INT8.max + 0.5)).sum())

    def error(self, operation: Operation, cost: float) -> LayerError:
        ratio = max(self.signal, 1e-9) / max(self.noise, 1e-9)
        return LayerError(
            layer=operation.layer,
            operator=operation.operator,
            cost=cost,
            scale=self.scale,
            sqnr=float(10 * np.log10(ratio)),
            shift=self.shift / self.values,
            clipped=self.clipped / self.values,
        )


def _int8(calibrated: Calibrated, floats: Collection[str], verify: bool = False) -> bytes:
    """An int8 file that is never shipped: without the rewrites of finished files, which take longer
    than the conversion, and of which one rounds kernels that are in float here to float16."""
    return quantize(
        calibrated.content,
        float_operators=calibrated.graph.float_operators,
        float_tensors=floats,
        verify=verify,
    )


def _own_errors(
    calibrated: Calibrated, floats: Collection[str], examples: Examples
) -> list[tuple[Operation, _Sums]]:
    """Each int8 operator against its float double, over some images."""
    interpreter = open_interpreter(_int8(calibrated, floats, verify=True))
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    inputs = interpreter.get_signature_runner("serving_default").get_input_details()
    # By the name of the double's output, which is the operator's in float. An operator that only
    # moves int8 values has none, or that of another name: nothing is lost there.
    doubles = {
        tensors[node["inputs"][1]]["name"]: node["inputs"]
        for node in executed_operators(interpreter)
        if node["op_name"] == "NumericVerify"
    }
    compared = [
        (operation, _Sums(*tensors[doubles[operation.tensor][0]]["quantization"]))
        for operation in calibrated.operations
        if operation.tensor in doubles
    ]
    for sample in samples(examples):
        for name, value in sample.items():
            interpreter.set_tensor(inputs[name]["index"], value)
        interpreter.invoke()
        for operation, sums in compared:
            sums.add(*map(interpreter.get_tensor, doubles[operation.tensor]))
    return compared
