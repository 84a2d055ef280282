"""The cost of a .tflite, by LiteRT's own schema."""

import math
from pathlib import Path
from typing import Any

from skinlite_benchmarks.results.records import Cost

UNCOUNTED = ("LSTM", "RNN", "SVDF", "CUSTOM", "CONV_3D", "EINSUM")
"""Operators whose name has one of these multiply matrices in ways that aren't counted."""
BYTES = {
    "FLOAT32": 4,
    "INT32": 4,
    "UINT32": 4,
    "FLOAT16": 2,
    "INT16": 2,
    "INT8": 1,
    "UINT8": 1,
    "BOOL": 1,
    "INT64": 8,
    "FLOAT64": 8,
    "INT4": 0.5,
}
NUMBERS = ("FLOAT32", "FLOAT16", "INT8", "UINT8", "INT4")
"""What weights are stored in; other constants are shapes and axes, but for the biases."""


def tflite_cost(path: Path) -> Cost:
    """The cost of the first subgraph."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    operators = [graph.Operators(index) for index in range(graph.OperatorsLength())]
    names = [_name(schema, model, operator) for operator in operators]
    tensors = [_Tensor(schema, model, graph.Tensors(i)) for i in range(graph.TensorsLength())]
    macs = integer_macs = 0
    weights = {tensor.buffer: tensor for tensor in tensors if tensor.type in NUMBERS}
    for operator, name in zip(operators, names, strict=True):
        inputs = [tensors[i] for i in _places(operator.InputsAsNumpy()) if i >= 0]
        outputs = [tensors[i] for i in _places(operator.OutputsAsNumpy())]
        if not outputs:  # such as ASSIGN_VARIABLE and CALL_ONCE
            continue
        if name == "DEQUANTIZE" and inputs[0].bytes:
            # float16 weights, unpacked once when the file is loaded.
            outputs[0].is_activation = False
        count = _macs(name, inputs, outputs[0])
        macs += count
        integer_macs += count if count and inputs[1].type in ("INT8", "UINT8", "INT4") else 0
        if count and len(inputs) == 3 and inputs[2].type == "INT32":
            weights[inputs[2].buffer] = inputs[2]  # the bias of an int8 operator
    stored = [tensor for tensor in weights.values() if tensor.bytes]
    written = {i for operator in operators for i in _places(operator.OutputsAsNumpy())}
    return Cost(
        macs=macs,
        integer_macs=integer_macs,
        parameters=sum(math.prod(tensor.shape) for tensor in stored),
        weight_bytes=sum(tensor.bytes for tensor in stored),
        activation_bytes=sum(
            math.ceil(math.prod(tensor.shape) * BYTES.get(tensor.type, 4))
            for index, tensor in enumerate(tensors)
            if index in written and tensor.is_activation
        ),
        uncounted=tuple(
            sorted({name for name in names if any(part in name for part in UNCOUNTED)})
        ),
    )


def _places(found: Any) -> list[int]:
    """Of tensors; flatbuffers gives 0 in place of a list that isn't there."""
    return [] if isinstance(found, int) else found.tolist()


class _Tensor:
    """Shape, number format, and where the constants lie; ``bytes`` is 0 for an activation."""

    def __init__(self, schema: Any, model: Any, tensor: Any) -> None:
        self.shape: list[int] = tensor.ShapeAsNumpy().tolist() if tensor.ShapeLength() else []
        self.type = _constant(schema.TensorType, tensor.Type())
        self.buffer = tensor.Buffer()
        self.bytes = int(model.Buffers(self.buffer).DataLength())
        self.is_activation = not self.bytes


def _name(schema: Any, model: Any, operator: Any) -> str:
    code = model.OperatorCodes(operator.OpcodeIndex())
    # Codes that fit into a byte stand in the older field too, and in some files only there.
    return _constant(schema.BuiltinOperator, max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))


def _constant(enumeration: Any, value: int) -> str:
    return next(name for name, number in vars(enumeration).items() if number == value)


def _macs(name: str, inputs: list[_Tensor], output: _Tensor) -> int:
    """Multiply-accumulates of an operator; 0 for those that multiply no matrices."""
    if len(inputs) < 2:
        return 0
    left, right, made = inputs[0].shape, inputs[1].shape, math.prod(output.shape)
    match name:
        case "CONV_2D" | "FULLY_CONNECTED":  # (out, height, width, in) and (out, in)
            return made * math.prod(right[1:])
        case "DEPTHWISE_CONV_2D":  # (1, height, width, out)
            return made * math.prod(right[1:3])
        case "BATCH_MATMUL":
            return made * left[-1]
        case "TRANSPOSE_CONV":  # of a shape, the kernel and the image
            return math.prod(inputs[2].shape) * math.prod(right[:3])
    return 0
