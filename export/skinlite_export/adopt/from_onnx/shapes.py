"""Operators that compute nothing: they order, join and take apart.

Of a map (batch, h, w, c), that is here, ONNX sees (batch, c, h, w).
"""

from typing import NamedTuple

import numpy as np
from keras import layers

from skinlite_export.adopt.from_onnx.node import Array, Node, Tensor


class Groups(NamedTuple):
    """A map whose channels ONNX sees as two axes, (batch, groups, channels / groups, h, w).

    Attributes:
        rows: (batch, h * w, groups, channels / groups).
        size: h and w.
    """

    rows: Tensor
    size: tuple[int, int]


OF_GROUPS = ("Reshape", "Transpose")
"""Operators that take `Groups`."""


def flatten(node: Node) -> Tensor:
    """Into a row of numbers, in the order of channels first."""
    x = node.inputs[0]
    node.need(node.get("axis", 1) == 1, "keeps other axes than the batch")
    if len(x.shape) == 4 and (x.shape[1], x.shape[2]) != (1, 1):
        x = layers.Permute((3, 1, 2))(x)
    return layers.Flatten()(x) if len(x.shape) > 2 else x


def reshape(node: Node) -> Tensor | Groups:
    """Into a row of numbers; or channels into groups, and back, as ShuffleNet does it."""
    x, wanted = node.inputs[0], node.constant(1)
    node.need(wanted is not None, "has a shape that is computed")
    assert wanted is not None
    if isinstance(x, Groups):
        joined = wanted.size == 4 and _fits(wanted[2:], x.size)
        node.need(joined, "doesn't make channels of its groups again")
        return layers.Reshape((*x.size, -1))(x.rows)
    height, width = x.shape[1:3] if len(x.shape) == 4 else (1, 1)
    if wanted.size == 5 and _fits(wanted[3:], (height, width)):
        rows = layers.Reshape((height * width, *wanted[1:3].tolist()))(x)
        return Groups(rows, (height, width))
    if wanted.size == 4 and _fits(wanted[2:], (height, width)):
        return layers.Reshape((height, width, -1))(x)
    node.need(wanted.size == 2, "gives more than a row of numbers")
    return flatten(node)


def transpose(node: Node) -> Tensor | Array | Groups:
    """Of a constant; or of groups with the channels in them."""
    x, order = node.inputs[0], node.get("perm", None)
    if isinstance(x, np.ndarray):
        return x.transpose(order)
    node.need(isinstance(x, Groups) and order == [0, 2, 1, 3, 4], "turns a map")
    return Groups(layers.Permute((1, 3, 2))(x.rows), x.size)


def unsqueeze(node: Node) -> Tensor:
    """A row of numbers as the channels of a map of one pixel."""
    x, axes = node.inputs[0], node.numbers(1, "axes")
    node.need(len(x.shape) == 2 and sorted(axes) in ([2, 3], [-2, -1]), "adds other axes")
    return layers.Reshape((1, 1, -1))(x)


def concat(node: Node) -> Tensor:
    """Channels of several maps, or numbers of several rows."""
    node.need(node.get("axis", 1) in (1, -3), "doesn't join channels")
    return layers.Concatenate()(node.inputs)


def split(node: Node) -> list[Tensor]:
    """`Split` of the channels; a tensor for each output."""
    x = node.inputs[0]
    node.need(len(x.shape) == 4 and node.get("axis", 0) in (1, -3), "doesn't split channels")
    sizes = node.numbers(1, "split")
    if not sizes:
        each = -(-x.shape[3] // node.outputs)  # the last one may be smaller
        sizes = [min(each, x.shape[3] - each * place) for place in range(node.outputs)]
    ends = np.cumsum(sizes).tolist()
    return [_channels(x, end - size, end) for size, end in zip(sizes, ends, strict=True)]


def slice_of(node: Node) -> Tensor:
    """`Slice`: channels, rows or columns in one piece."""
    x = node.inputs[0]
    starts, ends, axes, steps = (
        node.numbers(place, name)
        for place, name in enumerate(("starts", "ends", "axes", "steps"), 1)
    )
    node.need(len(x.shape) == 4 and len(starts) > 0, "isn't of a map, by constants")
    node.need({*steps} <= {1}, "leaves some out")
    kept = [range(size) for size in (1, x.shape[3], *x.shape[1:3])]
    for axis, start, end in zip(axes or range(len(starts)), starts, ends, strict=True):
        kept[axis] = kept[axis][start:end]
    batch, channels, rows, columns = kept
    node.need(all(map(len, (batch, channels, rows, columns))), "leaves nothing")
    x = _channels(x, channels.start, channels.stop)
    beyond = (
        (rows.start, x.shape[1] - rows.stop),
        (columns.start, x.shape[2] - columns.stop),
    )
    return layers.Cropping2D(beyond)(x) if np.any(beyond) else x


def _channels(x: Tensor, start: int, end: int) -> Tensor:
    """Some channels: rows of numbers are cropped as the columns of a map."""
    _, height, width, channels = x.shape
    if (start, end) == (0, channels):
        return x
    row = layers.Reshape((height * width, channels, 1))(x)
    row = layers.Cropping2D(((0, 0), (start, channels - end)))(row)
    return layers.Reshape((height, width, end - start))(row)


def _fits(wanted: Array, size: tuple[int, int]) -> bool:
    return all(one in (-1, there) for one, there in zip(wanted.tolist(), size, strict=True))
