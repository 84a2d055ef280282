"""Channels first, throughout: takes away the transposes that tf2onnx leaves in a float .onnx.

tf2onnx's optimizer moves a transpose through one operator after another until it meets its
inverse. It stops at a reshape. Two are left in our networks: that of Soft-Attention, whose maps
become rows of positions, and the one that flattens an image for the dense layer. Both are written
anew here for images with their channels first. An operator that doesn't fit stays as it is.
"""

from collections.abc import Iterator

import numpy as np
import onnx

from skinlite_export.convert.onnx_edges import Edges, attribute

CHANNELS_LAST, CHANNELS_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


def channels_first(model: onnx.ModelProto) -> None:
    """Take transposes away, in place; what nobody takes any more stays in the list of nodes."""
    for change in (_nothing, _flattened, _attention):  # the last one adds nodes at the end
        edges = Edges(model)
        for node in list(model.graph.node):
            change(edges, node)


def _nothing(edges: Edges, node: onnx.NodeProto) -> None:
    """A reshape that changes nothing, or a transpose of its inverse."""
    same = None
    if node.op_type == "Reshape":
        before, after = (edges.shapes.get(name) for name in (node.input[0], node.output[0]))
        same = node.input[0] if before and before == after else None
    elif is_transpose(node, CHANNELS_FIRST):
        same = _channels_first(edges, node.input[0])
    if same and edges.takers(node.output[0]):
        edges.replace(node.output[0], same)


def _attention(edges: Edges, node: onnx.NodeProto) -> None:
    """Softmax over positions, sum over maps, product with an image, with or without a ReLU; the sum
    is a convolution."""
    softmax = edges.maker(node.input[0], "Softmax") if node.op_type == "ReduceSum" else None
    if softmax is None or attribute(softmax, "axis") != 1:
        return
    rows = edges.maker(softmax.input[0], "Reshape")
    maps = _channels_first(edges, rows.input[0]) if rows else None
    factor, scaled = np.float32(1), node.output[0]
    product = edges.only_taker(scaled, "Mul")
    if product is not None:
        values = [edges.constant(name) for name in product.input if name != scaled]
        if values[0] is None or values[0].size != 1:
            return
        factor, scaled = values[0].reshape(-1)[0], product.output[0]
    image = edges.only_taker(scaled, "Reshape")
    weighted = edges.only_taker(image.output[0], "Mul") if image else None
    if maps is None or image is None or weighted is None:
        return
    others = [name for name in weighted.input if name != image.output[0]]
    features = _channels_first(edges, others[0])
    relu = edges.only_taker(weighted.output[0], "Relu")
    takers = edges.takers((relu or weighted).output[0])
    back = [taker.output[0] for taker in takers if is_transpose(taker, CHANNELS_FIRST)]
    if features is None or not back or len(back) < len(takers):
        return
    shape = edges.shapes[maps]
    if edges.shapes[image.output[0]] != [shape[0], *shape[2:], 1]:
        return
    flat = [*shape[:2], shape[2] * shape[3]]

    def named(name: str) -> str:
        return f"{node.output[0]}_{name}"

    def reshaped(name: str, before: str, to: list[int]) -> str:
        size = edges.add_constant(named(f"{name}_shape"), np.array(to, np.int64))
        return edges.add("Reshape", [before, size], named(name))

    each = edges.add("Softmax", [reshaped("rows", maps, flat)], named("softmax"), axis=2)
    kernel = np.full((1, shape[1], 1, 1), factor, np.float32)
    summed = edges.add(
        "Conv",
        [reshaped("maps", each, shape), edges.add_constant(named("kernel"), kernel)],
        named("sum"),
        kernel_shape=[1, 1],
    )
    result = edges.add("Mul", [features, summed], named("product"))
    if relu is not None:
        result = edges.add("Relu", [result], named("positive"))
    for name in back:
        edges.replace(name, result)


def _flattened(edges: Edges, node: onnx.NodeProto) -> None:
    """An image as one row of the dense layers' input: their kernels take over the order."""
    image = _channels_first(edges, node.input[0]) if node.op_type == "Reshape" else None
    if image is None or len(edges.shapes[node.output[0]]) != 2:
        return
    _, channels, rows, columns = edges.shapes[image]
    kernels = list(_kernels(edges, node.output[0]))
    if not kernels or any(kernel is None for kernel, _ in kernels):
        return
    count = channels * rows * columns
    order = np.arange(count).reshape(rows, columns, channels).transpose(2, 0, 1).ravel()
    for dense, first in kernels:
        assert dense is not None
        axis = 1 if attribute(dense, "transB") else 0
        kernel = edges.constant(dense.input[1])
        assert kernel is not None
        positions = np.arange(kernel.shape[axis])
        positions[first : first + count] = first + order
        name = f"{dense.output[0]}_kernel_{first}"
        dense.input[1] = edges.add_constant(name, kernel.take(positions, axis))
        edges.constants[name] = edges.graph.initializer[-1]
    node.input[0] = image


def _kernels(
    edges: Edges, name: str, first: int = 0
) -> Iterator[tuple[onnx.NodeProto | None, int]]:
    """The dense layers that take a row, and where in their input it begins; None: another taker."""
    takers = edges.takers(name)
    if not takers:
        yield None, 0
    for taker in takers:
        if taker.op_type == "Concat" and attribute(taker, "axis") in (1, -1):
            begin = first
            for part in taker.input:
                if part == name:
                    yield from _kernels(edges, taker.output[0], begin)
                begin += edges.shapes[part][-1]
        elif taker.op_type in ("Gemm", "MatMul") and edges.constant(taker.input[1]) is not None:
            yield taker, first
        else:
            yield None, 0


def _channels_first(edges: Edges, name: str) -> str | None:
    """What a tensor with channels last was before its transpose."""
    node = edges.producers.get(name)
    return node.input[0] if node is not None and is_transpose(node, CHANNELS_LAST) else None


def is_transpose(node: onnx.NodeProto, order: list[int]) -> bool:
    """Whether a node transposes in this order."""
    return node.op_type == "Transpose" and attribute(node, "perm") == order
