"""The ranges that a calibrated .tflite notes for its tensors: measured anew, and narrowed."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from skinlite.vocabulary import IMAGE
from skinlite_export.convert.choose_ranges import PIXELS, Range, best_ranges, some_of
from skinlite_export.convert.samples import Sample, halves
from skinlite_export.tflite.flatbuffer import has_range, operator_codes, pack, unpack

ADD, MUL = schema.BuiltinOperator.ADD, schema.BuiltinOperator.MUL
RESHAPE = schema.BuiltinOperator.RESHAPE
RELU6 = schema.ActivationFunctionType.RELU6
SHIFTS: dict[int, Callable[[float, float], float]] = {
    ADD: operator.add,
    schema.BuiltinOperator.SUB: operator.sub,
    MUL: operator.mul,
    RESHAPE: lambda end, shape: end,
}
"""What is done to pixels before the first convolution, by operator."""

BELOW = 1.1
"""Times the input where hard-swish becomes 0. With the end of the range on that very value, moving
it to the int8 grid would make a small product of every 0, which cost more than was gained."""


def narrow(calibrated: bytes, samples: Iterable[Sample]) -> bytes:
    """Replace the minimum and maximum that the converter noted by the ranges that lose least.

    Args:
        calibrated: a float .tflite with a range at every activation (the converter's calibrate-only
            output), whatever the ranges are.
        samples: inputs by name, batch 1; what the errors are measured on.

    Returns:
        The same file with other ranges.
    """
    model = unpack(calibrated)
    tensors = model.subgraphs[0].tensors
    pixels, floors = _pixels(model), _floors(model)
    indices = [index for index, tensor in enumerate(tensors) if has_range(tensor)]
    every = list(samples)
    few = some_of(every)
    # Not the converter's minimum and maximum: those of a ReLU6 were -2 to 19, the range of the
    # product behind it, presumably because that one is computed in place.
    best = best_ranges([partial(_run, calibrated, indices, half, floors) for half in halves(few)])
    ranges = dict(zip(indices, best, strict=True)) | {
        index: pixels[index] for index in indices if index in pixels
    }
    # What is 0 on all of the few need not be 0 on others.
    flat = [index for index, (low, high) in ranges.items() if not low < high]
    ranges |= dict(zip(flat, _whole_ranges(calibrated, flat, every), strict=True))
    for index, (low, high) in ranges.items():
        tensors[index].quantization.min = [low]
        tensors[index].quantization.max = [high]
    return pack(model, len(calibrated))


def _pixels(model: Any) -> dict[int, Range]:
    """The ranges of the image and of what only shifts, scales or reshapes it, by tensor."""
    graph, codes = model.subgraphs[0], operator_codes(model)
    ranges = {
        int(index): PIXELS for index in graph.inputs if IMAGE in graph.tensors[index].name.decode()
    }
    for operation in graph.operators:
        code = codes[operation.opcodeIndex]
        first, *others = operation.inputs
        if first in ranges and code in SHIFTS and len(others) == 1:
            constant = _constant(model, others[0])
            if constant is not None or code == RESHAPE:
                low, high = sorted(SHIFTS[code](end, constant or 0.0) for end in ranges[first])
                ranges[int(operation.outputs[0])] = low, high
    return ranges


def _floors(model: Any) -> dict[int, float]:
    """For each tensor that only a hard-swish takes, x * relu6(x + 3): what lies below gives 0."""
    graph, codes = model.subgraphs[0], operator_codes(model)
    takers: dict[int, list[Any]] = {}
    for operation in graph.operators:
        for index in operation.inputs:
            takers.setdefault(int(index), []).append(operation)
    floors = {}
    for index, operators in takers.items():
        by_code = {codes[operation.opcodeIndex]: operation for operation in operators}
        if len(operators) != 2 or by_code.keys() != {ADD, MUL}:
            continue
        add, multiply = by_code[ADD], by_code[MUL]
        shift = next(
            (_constant(model, operand) for operand in add.inputs if operand != index), None
        )
        clipped = add.builtinOptions.fusedActivationFunction == RELU6
        if clipped and shift is not None and add.outputs[0] in multiply.inputs:
            floors[index] = -shift * BELOW
    return floors


def _constant(model: Any, index: int) -> float | None:
    """The value of a tensor that is one constant number."""
    data = model.buffers[model.subgraphs[0].tensors[index].buffer].data
    return (
        float(np.frombuffer(bytes(data), np.float32)[0])
        if data is not None and len(data) == 4
        else None
    )


def _whole_ranges(content: bytes, indices: Sequence[int], samples: Sequence[Sample]) -> list[Range]:
    """From the smallest to the largest value of some tensors over all samples."""
    if not indices:
        return []
    ends = np.array(
        [
            [(values.min(), -values.max()) for values in tensors]
            for tensors in _run(content, indices, samples, {})
        ]
    ).min(axis=0)
    return [(low, -high) for low, high in ends.tolist()]


def _run(
    content: bytes, indices: Sequence[int], samples: Sequence[Sample], floors: Mapping[int, float]
) -> Iterator[Iterable[NDArray[np.float32]]]:
    """For each sample the values of some tensors, as far as they matter."""
    model = unpack(content)
    graph = model.subgraphs[0]
    # As outputs, the delegate computes them too and hands them out: three times as fast as
    # without it, and what lies inside of a delegate can't be seen otherwise.
    inner = set(indices) - set(graph.inputs) | set(graph.outputs)
    graph.outputs = np.array(sorted(inner), dtype=np.int32)
    interpreter = Interpreter(model_content=pack(model, len(content)))
    interpreter.allocate_tensors()
    inputs = interpreter.get_signature_runner("serving_default").get_input_details()
    for sample in samples:
        for name, value in sample.items():
            interpreter.set_tensor(inputs[name]["index"], value)
        interpreter.invoke()
        yield (
            np.maximum(interpreter.get_tensor(index).ravel(), floors.get(index, -np.inf))
            for index in indices
        )
