"""The oldest runtime that gives a file's answers, by its operators AND their number formats.

The converter notes one by the operators' versions alone, which is not enough: an operator can have
a version that an old runtime knows, and a quantization that it computes otherwise, without a word.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from skinlite_export.tflite.flatbuffer import OPERATORS, operator_codes, unpack

SINCE = {
    "ABS": "1.13.0 2.4.0 2.5.0 2.6.0 2.12.0",
    "ADD": "1.5.0 1.14.0 2.4.0 2.6.0 2.13.0",
    "AVERAGE_POOL_2D": "1.5.0 1.14.0 2.3.0",
    "CAST": "1.5.0 2.7.0 2.8.0 2.9.0 2.12.0 2.15.0 2.17.0",
    "CONCATENATION": "1.5.0 1.14.0 2.3.0 2.14.0",
    "CONV_2D": "1.5.0 1.14.0 1.14.0 2.3.0 2.4.0 2.9.0 2.11.0 2.15.0",
    "DEPTHWISE_CONV_2D": "1.5.0 1.12.0 1.14.0 2.2.0 2.3.0 2.3.0 2.11.0",
    "DEQUANTIZE": "1.13.1 1.14.0 1.15.0 2.2.0 2.7.0 2.18.0",
    "FULLY_CONNECTED": (
        "1.5.0 1.10.0 1.14.0 1.14.0 2.0.0 2.1.0 2.3.0 2.3.0 2.3.0 2.11.0 2.15.0 2.17.0 2.18.0"
    ),
    "GATHER": "1.6.0 1.14.0 1.15.0 2.4.0 2.5.0 2.13.0 2.15.0",
    "GREATER_EQUAL": "1.14.0 1.14.0 2.13.0",
    "HARD_SWISH": "1.15.0",
    "LOGISTIC": "1.14.0 1.14.0 2.3.0",
    "MAX_POOL_2D": "1.5.0 1.14.0 2.3.0",
    "MAXIMUM": "1.14.0 1.14.0 2.3.0 2.3.0",
    "MEAN": "1.6.0 1.14.0 2.4.0",
    "MINIMUM": "1.14.0 1.14.0 2.3.0 2.3.0",
    "MUL": "1.5.0 1.14.0 1.15.0 2.3.0 2.6.0 2.11.0 2.13.0",
    "PAD": "1.5.0 1.14.0 2.4.0 2.6.0 2.20.0",
    "PADV2": "1.9.0 1.14.0 2.4.0 2.6.0 2.20.0",
    "QUANTIZE": "1.14.0 1.15.0 2.7.0",
    "RELU": "1.5.0 2.1.0 2.5.0",
    "RELU6": "1.5.0 1.14.0 2.5.0",
    "RESHAPE": "1.5.0",
    "RESIZE_BILINEAR": "1.7.0 1.14.0 2.2.0 2.5.0",
    "ROUND": "1.14.0",
    "SELECT": "1.14.0 1.14.0 2.12.0 2.12.0",
    "SOFTMAX": "1.5.0 1.14.0 2.3.0",
    "SQUEEZE": "1.6.0 2.5.0",
    "STRIDED_SLICE": "1.6.0 1.14.0 2.1.0 2.2.0 2.5.0 2.6.0 2.14.0 2.14.0",
    "SUB": "1.6.0 1.14.0 2.3.0 2.4.0 2.4.0",
    "SUM": "1.10.0 1.15.0",
    "TRANSPOSE": "1.6.0 1.14.0 1.15.0 2.3.0 2.4.0 2.12.0",
}
"""TensorFlow Lite that first had an operator, by its version from 1 on. The facts are TensorFlow's
own (tensorflow/compiler/mlir/lite/tools/versioning/runtime_version.cc, Apache 2.0)."""

PER_CHANNEL_DENSE = "2.10.0"
"""TensorFlow Lite that first reads more than the first scale of an int8 FULLY_CONNECTED's weights.
2.7 to 2.9.1 load such a file and answer otherwise (seen); that operator's version says 1.14."""


RUNTIME = "min_runtime_version"
"""Where a file notes it, padded by zeros."""


def noted_runtime(model: Any) -> str | None:
    """What a file says of itself; None where it says nothing."""
    for entry in model.metadata or ():
        if entry.name == RUNTIME.encode():
            return bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode()
    return None


def overstated(content: bytes) -> str | None:
    """What to be told where a .tflite says that an older runtime would do than does."""
    model = unpack(content)
    noted = noted_runtime(model)
    try:
        needed = oldest_runtime(model)
    except PackageNotFoundError:  # an operator that isn't in the table, and no TensorFlow here
        return None
    if noted is None or _parts(noted) >= _parts(needed):
        return None
    return (
        f"says that TensorFlow Lite {noted} runs it, but it needs {needed}: older ones may give "
        f"wrong predictions without a message. Export again with skinlite export"
    )


def oldest_runtime(model: Any) -> str:
    """The oldest TensorFlow Lite that computes a file as it is meant, such as ``2.10.0``.

    That of the TensorFlow that is installed here where an operator isn't in `SINCE`.

    Args:
        model: ``ModelT``, from `skinlite_export.tflite.flatbuffer.unpack`.
    """
    names = [OPERATORS[code] for code in operator_codes(model)]
    needed: set[str] = set()
    for graph in model.subgraphs:
        for operator in graph.operators:
            name = names[operator.opcodeIndex]
            number = model.operatorCodes[operator.opcodeIndex].version
            tensors = [graph.tensors[index] for index in operator.inputs if index >= 0]
            needed.update(_needed(name, number, tensors))
    return max(needed, key=_parts)


def _needed(name: str, number: int, tensors: Sequence[Any]) -> Iterator[str]:
    """Versions that one operator needs, of which the highest counts."""
    known = SINCE.get(name, "").split()
    yield known[number - 1] if number <= len(known) else version("tensorflow")
    if name == "FULLY_CONNECTED" and tensors[1].type == schema.TensorType.INT8:
        scales = tensors[1].quantization.scale
        if len(scales) > 1:
            yield PER_CHANNEL_DENSE


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3])
