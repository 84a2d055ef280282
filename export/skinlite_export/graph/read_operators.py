"""Operators on tensors as nodes: ``x / 127.5 - 1``, ``x[..., ::-1]``, `keras.ops`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skinlite.models.keras_layers import calls_of
from skinlite_export.graph.read_layers import concatenation
from skinlite_export.graph.reader import Nodes, last_axis, shape_into, unsupported

CHANNEL = "Channel"
"""Kind of one channel of an image, without its axis: only to be stacked with the others again."""

Read = Callable[[Nodes, Any, Sequence[Any]], str]


def _names(nodes: Nodes, values: Sequence[Any]) -> list[str]:
    return [one for one in values if isinstance(one, str) and one in nodes.nodes]


def _arithmetic(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    """``+``, ``-``, ``*``, ``/`` of two tensors, or of one and constants."""
    kind, name = type(operation).__name__, operation.name
    inputs = _names(nodes, values)
    if len(inputs) == 2 and kind in ("Add", "Multiply", "Subtract"):
        return nodes.add(name, kind, inputs)
    if len(inputs) != 1 or len(values) != 2:
        raise unsupported(name, kind)
    first = values[0] is inputs[0]
    constant = np.asarray(values[1 if first else 0], np.float32)
    (x,) = inputs
    if kind == "Add":
        return nodes.affine(name, x, 1.0, constant)
    if kind == "Multiply":
        return nodes.affine(name, x, constant)
    if kind == "Subtract":
        return (
            nodes.affine(name, x, 1.0, -constant)
            if first
            else nodes.affine(name, x, -1.0, constant)
        )
    if not first:  # a constant divided by a tensor
        raise unsupported(name, kind)
    return nodes.affine(name, x, 1 / constant)


def _negative(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    return nodes.affine(operation.name, values[0], -1.0)


def _function(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    functions = {"HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu", "Exp": "exponential"}
    kind = type(operation).__name__
    if getattr(operation, "approximate", False):
        raise unsupported(operation.name, "gelu by an approximation")
    if kind == "Elu":
        alpha = float(operation.alpha)
        return nodes.add(operation.name, "ELU", values[:1], alpha=alpha)
    return nodes.activation(operation.name, functions.get(kind, kind.lower()), values[0])


def _softmax(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    if not last_axis(operation.axis, len(shape_into(operation))):
        raise unsupported(operation.name, f"softmax over axis {operation.axis}")
    return nodes.add(operation.name, "Softmax", values[:1])


def _leaky(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    return nodes.add(operation.name, "LeakyReLU", values[:1], alpha=float(operation.negative_slope))


def _pool(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    """A mean or maximum over an image."""
    kind, rank = type(operation).__name__, len(shape_into(operation))
    axes = {axis % rank for axis in np.atleast_1d(operation.axis)} if operation.axis else set()
    if getattr(operation, "initial", None) is not None:
        raise unsupported(operation.name, f"{kind} that begins with a number")
    if rank != 4 or axes != {1, 2}:
        raise unsupported(operation.name, f"{kind} over axes {operation.axis}")
    pool = "GlobalAveragePooling2D" if kind == "Mean" else "GlobalMaxPooling2D"
    return nodes.add(operation.name, pool, values[:1], keepdims=bool(operation.keepdims))


def _reshape(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    """Reshape, squeeze and expand_dims: what they make is in Keras' own shapes."""
    shape = tuple(calls_of(operation)[0].output_tensors[0].shape)
    if shape[0] is not None or None in shape[1:]:
        raise unsupported(operation.name, f"{type(operation).__name__} of the batch")
    return nodes.add(operation.name, "Reshape", values[:1], target_shape=shape[1:])


def _concatenate(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    names = _names(nodes, values)
    if len(names) < len(values):
        raise unsupported(operation.name, "concatenation with constants")
    return concatenation(nodes, operation, names)


def _nothing(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    return str(values[0])


def _to_float(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    if operation.dtype != "float32":
        raise unsupported(operation.name, f"cast to {operation.dtype}")
    return str(values[0])


def _flip(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    """The channels the other way round: RGB for BGR."""
    rank, kind = len(shape_into(operation)), type(operation).__name__
    reverse, key = slice(None, None, -1), list(values[1:])
    if kind == "Flip":
        flips = last_axis(operation.axis, rank)
    else:
        every = key[:-1] in ([Ellipsis], [slice(None)] * (rank - 1))
        if every and isinstance(key[-1], int):
            return nodes.add(operation.name, CHANNEL, values[:1], index=key[-1])
        flips = every and key[-1] == reverse
    if not flips or rank != 4:
        raise unsupported(operation.name, f"{kind} other than that of the channels' order")
    channels = shape_into(operation)[-1] or 0
    return _permuted(nodes, operation.name, values[0], list(reversed(range(channels))), channels)


def _stack(nodes: Nodes, operation: Any, values: Sequence[Any]) -> str:
    """Channels of one image in another order, as `keras.applications` writes it."""
    taken = [nodes.nodes[one] for one in _names(nodes, values)]
    if len(taken) < len(values):
        raise unsupported(operation.name, "Stack with constants")
    sources = {node.inputs for node in taken}
    rank = len(shape_into(operation)) + 1
    alike = len(sources) == 1 and {node.kind for node in taken} == {CHANNEL}
    if not alike or not last_axis(operation.axis, rank):
        raise unsupported(operation.name, "Stack other than that of an image's channels")
    ((source,),) = sources
    order = [node.settings["index"] for node in taken]
    return _permuted(nodes, operation.name, source, order, len(taken))


def _permuted(nodes: Nodes, name: str, source: str, order: list[int], channels: int) -> str:
    """Channels in another order, by a convolution."""
    kernel = np.eye(channels, dtype=np.float32)[:, order].reshape(1, 1, channels, channels)
    settings = {"filters": channels, "kernel_size": 1, "use_bias": False}
    return nodes.add(name, "Conv2D", (source,), (kernel,), **settings)


OPERATORS: dict[str, Read] = {
    **dict.fromkeys(("Add", "Divide", "Multiply", "Subtract", "TrueDivide"), _arithmetic),
    **dict.fromkeys(("Elu", "Exp", "Gelu", "HardSigmoid", "HardSilu", "Relu", "Relu6"), _function),
    **dict.fromkeys(("Selu", "Sigmoid", "Silu", "Softplus", "Softsign", "Tanh"), _function),
    **dict.fromkeys(("Amax", "Max", "Mean"), _pool),
    **dict.fromkeys(("ExpandDims", "Ravel", "Reshape", "Squeeze"), _reshape),
    **dict.fromkeys(("Flip", "GetItem"), _flip),
    "Cast": _to_float,
    "Concatenate": _concatenate,
    "Copy": _nothing,
    "Identity": _nothing,
    "LeakyRelu": _leaky,
    "Negative": _negative,
    "Softmax": _softmax,
    "Stack": _stack,
}
"""By name of the class of `keras.ops`."""
