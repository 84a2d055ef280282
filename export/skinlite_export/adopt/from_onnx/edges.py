"""Pads, pools and resizing: what depends on the edges of a map."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from skinlite.models.keras_layers import operation_of
from skinlite_export.adopt.from_onnx.node import Node, Tensor

Pads = tuple[tuple[int, int], tuple[int, int]]
"""Rows above and below, columns left and right."""


def padded(node: Node, x: Tensor, pads: Sequence[int]) -> Tensor:
    """A map with zeros around; ``pads`` are top, left, bottom, right, as ONNX orders them."""
    _need_pads(node)
    return _with_zeros(x, _pairs(pads))


def pad(node: Node) -> Tensor:
    """`Pad`: of rows and columns, with zeros; less than nothing takes some away."""
    pads = node.numbers(1, "pads")
    node.need(node.get("mode", "constant") == "constant", "doesn't pad with a constant")
    filled = node.get("value", 0) or np.any(node.constant(2) if len(node.inputs) > 2 else 0)
    node.need(not filled, "pads with no 0")
    node.need(len(pads) == 8 and not any(pads[i] for i in (0, 1, 4, 5)), "pads other axes")
    around = np.array(_pairs([*pads[2:4], *pads[6:8]]))
    x = _with_zeros(node.inputs[0], around.clip(min=0).tolist())
    return layers.Cropping2D((-around.clip(max=0)).tolist())(x) if (around < 0).any() else x


def pool(kind: Any) -> Callable[[Node], Tensor]:
    """`MaxPool` or `AveragePool` as a layer of Keras."""

    def read(node: Node) -> Tensor:
        x, pads = node.inputs[0], node.get("pads", [0, 0, 0, 0])
        size, strides = node.get("kernel_shape", []), node.get("strides", [1, 1])
        _need_pads(node)
        node.need({*node.get("dilations", [1])} == {1}, "is dilated")
        around = np.array(_pairs(pads))
        over = (x.shape[1:3] + around.sum(axis=1) - size) % strides
        if kind is layers.AveragePooling2D:
            node.need(not (node.get("ceil_mode", 0) and over.any()), "rounds its size up")
            counts = not any(pads) or bool(node.get("count_include_pad", 0))
            node.need(counts, "leaves its padding out of the mean")
            return kind(size, strides)(padded(node, x, pads))
        if node.get("ceil_mode", 0):  # the last window goes beyond the edge, if it begins before it
            more = (np.array(strides) - over) % strides
            around[:, 1] += np.where(around[:, 1] + more < size, more, 0)
        # ONNX pads with nothing, Keras with 0: the same behind what is never negative.
        fill = _with_zeros if _never_negative(x) else _with_its_edge
        return kind(size, strides)(fill(x, around.tolist()))

    return read


def mean(node: Node) -> Tensor:
    """The mean over rows and columns."""
    if node.kind == "GlobalAveragePool":
        return layers.GlobalAveragePooling2D(keepdims=True)(node.inputs[0])
    axes = node.numbers(1, "axes")
    node.need(sorted(axis % 4 for axis in axes) == [2, 3], "isn't over rows and columns")
    keeps = bool(node.get("keepdims", 1))
    return layers.GlobalAveragePooling2D(keepdims=keeps)(node.inputs[0])


def resize(node: Node) -> Tensor:
    """`Resize` to a whole multiple, each pixel repeated."""
    x, scales, sizes = node.inputs[0], node.constant(2), node.constant(3)
    if sizes is not None:
        scales = sizes / np.array([1, x.shape[3], *x.shape[1:3]])
    asked = [] if scales is None else scales.tolist()
    whole = len(asked) == 4 and asked[:2] == [1, 1] and all(one == int(one) for one in asked)
    where = node.get("coordinate_transformation_mode", "half_pixel")
    rounded = node.get("nearest_mode", "round_prefer_floor")
    repeats = (where, rounded) == ("asymmetric", "floor") or (
        where == "half_pixel" and rounded.startswith("round")
    )
    node.need(
        whole and repeats and node.get("mode", "nearest") == "nearest",
        "doesn't repeat each pixel a whole number of times",
    )
    return layers.UpSampling2D([int(one) for one in asked[2:]])(x)


def _need_pads(node: Node) -> None:
    """Refuse an operator that doesn't say how much it pads."""
    node.need(node.get("auto_pad", "NOTSET") in ("NOTSET", "VALID"), "pads by a rule (auto_pad)")


def _pairs(pads: Sequence[int]) -> Pads:
    top, left, bottom, right = pads
    return (top, bottom), (left, right)


def _with_zeros(x: Tensor, around: Any) -> Tensor:
    return layers.ZeroPadding2D(around)(x) if np.any(around) else x


def _with_its_edge(x: Tensor, around: Any) -> Tensor:
    """With the outermost rows and columns repeated: no maximum of a window that reaches beyond
    the edge is changed by a value that is in the window."""
    for axis, (before, after) in enumerate(around):
        last = x.shape[axis + 1] - 1
        first_only, last_only = [[0, 0], [0, 0]], [[0, 0], [0, 0]]
        first_only[axis], last_only[axis] = [0, last], [last, 0]
        parts = [layers.Cropping2D(first_only)(x)] * before + [x]
        parts += [layers.Cropping2D(last_only)(x)] * after
        x = layers.Concatenate(axis=axis + 1)(parts) if len(parts) > 1 else x
    return x


def _never_negative(x: Tensor) -> bool:
    layer = operation_of(x)
    passing = (layers.Concatenate, layers.MaxPooling2D, layers.ZeroPadding2D)
    return isinstance(layer, layers.ReLU) or (
        isinstance(layer, passing) and all(map(_never_negative, keras.tree.flatten(layer.input)))
    )
