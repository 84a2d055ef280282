"""The cost of an .onnx, float or QDQ, by the ``onnx`` package."""

import importlib.util
import math
from pathlib import Path
from typing import Any

from skinlite_benchmarks.results.records import Cost

UNCOUNTED = ("LSTM", "GRU", "RNN", "Einsum", "ConvTranspose", "QLinearConv", "QLinearMatMul")
BORDER = ("QuantizeLinear", "DequantizeLinear")


def onnx_cost(path: Path) -> Cost | None:
    """The cost of the graph; None without ``onnx``, or of inputs whose size isn't fixed."""
    if importlib.util.find_spec("onnx") is None:
        return None
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    graph = model.graph
    constants = {constant.name: constant for constant in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    lengths = [length for value in inputs for length in value.type.tensor_type.shape.dim[1:]]
    if not all(length.dim_value for length in lengths):
        return None
    shapes = {name: tuple(constant.dims) for name, constant in constants.items()}
    sizes: dict[str, int] = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shape, item = _shape(value.type.tensor_type), _item_bytes(value.type.tensor_type.elem_type)
        shapes[value.name], sizes[value.name] = shape, math.prod(shape) * item
    stored = {node.output[0]: node.input[0] for node in graph.node if node.op_type == BORDER[1]}
    scales = {name for node in graph.node if node.op_type in BORDER for name in node.input[1:]}
    rounded = {node.input[0] for node in graph.node if node.op_type == BORDER[0]}
    macs = integer_macs = activations = 0
    for node in graph.node:
        count = _macs(node, shapes)
        weight = stored.get(node.input[1]) if count else None
        macs += count
        integer_macs += count if weight in constants else 0
        # The runtime fuses an operator with the border around it: rounded values alone move.
        if node.op_type != BORDER[1] and node.output[0] not in rounded:
            activations += sum(sizes.get(name, 0) for name in node.output)
    weights = [
        constant
        for name, constant in constants.items()
        if name not in scales and constant.data_type != onnx.TensorProto.INT64
    ]
    return Cost(
        macs=macs,
        integer_macs=integer_macs,
        parameters=sum(math.prod(weight.dims) for weight in weights),
        weight_bytes=sum(
            math.prod(weight.dims) * _item_bytes(weight.data_type) for weight in weights
        ),
        activation_bytes=activations,
        uncounted=tuple(sorted({node.op_type for node in graph.node} & set(UNCOUNTED))),
    )


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(dimension.dim_value or 1 for dimension in tensor.shape.dim)


def _item_bytes(kind: int) -> int:
    import onnx

    return int(onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize) if kind else 0


def _macs(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    if node.op_type not in ("Conv", "Gemm", "MatMul") or node.output[0] not in shapes:
        return 0
    made, left = math.prod(shapes[node.output[0]]), shapes.get(node.input[0], ())
    right = shapes.get(node.input[1], ())
    if node.op_type == "Conv":  # (out, in of a group, height, width)
        return made * math.prod(right[1:])
    transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
    return made * (left[0] if transposed else left[-1]) if left else 0
