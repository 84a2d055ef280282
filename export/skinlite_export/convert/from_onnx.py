"""An .onnx classifier of PyTorch's exporter as a Keras network: channels last, the same numbers.

PyTorch puts channels first (NCHW); every map is turned here, so that nothing has to be turned while
it runs. An operator that isn't in `_OPERATORS`, or a setting of it that Keras has not, is refused
by its name. Whoever calls this compares the network with onnxruntime.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from keras import layers
from numpy.typing import NDArray
from onnx import numpy_helper

from skinlite.errors import InputError
from skinlite_export.convert.simplify_onnx import simplified

Array = NDArray[Any]
Tensor = Any
"""A Keras tensor, (batch, h, w, c) or (batch, c)."""


class _Node:
    """An operator of the file.

    Attributes:
        inputs: Keras tensors and constants, in the file's order; None where one is left out.
        outputs: how many.
    """

    def __init__(self, node: Any, known: Mapping[str, Tensor | Array]) -> None:
        self.name, self.kind = node.name or node.output[0], node.op_type
        self.inputs: list[Any] = [known[name] if name else None for name in node.input]
        self._settings = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}

    def get(self, name: str, default: Any) -> Any:
        """A setting, or what ONNX takes where it isn't there."""
        value = self._settings.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def constant(self, place: int) -> Array | None:
        """An input that is a constant; None where it is none, or left out."""
        value = self.inputs[place] if place < len(self.inputs) else None
        return value if isinstance(value, np.ndarray) else None

    def refuse(self, what: str) -> InputError:
        """The error that names it."""
        return InputError(f"its operator {self.name!r} ({self.kind}) {what}")

    def need(self, holds: bool, what: str) -> None:
        """Refuse it unless something holds."""
        if not holds:
            raise self.refuse(what)

    def bias(self) -> Array | None:
        """The third input; None where it is left out."""
        value = self.inputs[2] if len(self.inputs) > 2 else None
        self.need(value is None or isinstance(value, np.ndarray), "has a bias that isn't constant")
        return self.constant(2)


def to_keras(path: Path) -> keras.Model:
    """A Keras network of an .onnx with one image, channels first, and one output (batch, n).

    Raises:
        InputError: an operator isn't known, or has a setting that Keras has not.
    """
    graph = simplified(path)
    known: dict[str, Tensor | Array] = {
        one.name: numpy_helper.to_array(one) for one in graph.initializer
    }
    (image,) = (one for one in graph.input if one.name not in known)
    _, channels, height, width = (one.dim_value for one in image.type.tensor_type.shape.dim)
    known[image.name] = first = keras.Input((height, width, channels), name="image")
    try:
        for node in graph.node:
            made = _OPERATORS.get(node.op_type)
            one = _Node(node, known)
            one.need(made is not None, "isn't one that is known")
            assert made is not None
            known[node.output[0]] = made(one)
    except InputError as error:
        raise InputError(f"{path} can't be adopted: {error}.") from error
    except ValueError as error:  # of Keras: shapes that don't fit
        told = str(error).partition("\n")[0]
        place = f"its operator {node.name or node.output[0]!r} ({node.op_type})"
        raise InputError(f"{path} can't be adopted: {place}: {told}") from error
    except KeyError as error:  # a second output, such as the mask of a dropout
        raise InputError(f"{path} can't be adopted: nothing gives {error}.") from error
    return keras.Model(first, known[graph.output[0].name])


def _padded(node: _Node, x: Tensor, pads: Sequence[int]) -> Tensor:
    """With zeros around; ``pads`` are top, left, bottom, right."""
    node.need(node.get("auto_pad", "NOTSET") in ("NOTSET", "VALID"), "pads by a rule (auto_pad)")
    node.need(min(pads, default=0) >= 0, "pads by less than nothing")
    if not any(pads):
        return x
    top, left, bottom, right = pads
    return layers.ZeroPadding2D(((top, bottom), (left, right)))(x)


def _with_weights(layer: Any, x: Tensor, weights: Sequence[Array]) -> Tensor:
    made = layer(x)
    layer.set_weights([np.asarray(one, np.float32) for one in weights])
    return made


def _conv(node: _Node) -> Tensor:
    x, kernel, bias = node.inputs[0], node.constant(1), node.bias()
    node.need(kernel is not None and kernel.ndim == 4, "has no constant kernel of a 2D convolution")
    assert kernel is not None
    node.need({*node.get("dilations", [1, 1])} == {1}, "is dilated")
    groups, (out, each, *size) = node.get("group", 1), kernel.shape
    options = {"strides": node.get("strides", [1, 1]), "use_bias": bias is not None}
    x = _padded(node, x, node.get("pads", [0, 0, 0, 0]))
    turned = kernel.transpose(2, 3, 1, 0)  # h, w, in, out
    if groups > 1 and each == 1:
        turned = kernel.reshape(groups, out // groups, *size).transpose(2, 3, 0, 1)
        layer = layers.DepthwiseConv2D(size, depth_multiplier=out // groups, **options)
    else:
        layer = layers.Conv2D(out, size, groups=groups, **options)
    return _with_weights(layer, x, [turned] if bias is None else [turned, bias])


def _batch_norm(node: _Node) -> Tensor:
    weights = [node.constant(place) for place in range(1, 5)]
    node.need(all(one is not None for one in weights), "has weights that aren't constant")
    node.need(not node.get("training_mode", 0), "is as in training: export model.eval()")
    layer = layers.BatchNormalization(epsilon=node.get("epsilon", 1e-5))
    return _with_weights(layer, node.inputs[0], [one for one in weights if one is not None])


def _dense(node: _Node) -> Tensor:
    x, kernel, bias = node.inputs[0], node.constant(1), node.bias()
    node.need(kernel is not None and kernel.ndim == 2 and len(x.shape) == 2, "is no dense layer")
    assert kernel is not None
    plain = (node.get("alpha", 1.0), node.get("beta", 1.0), node.get("transA", 0)) == (1, 1, 0)
    node.need(plain, "scales or turns what it takes")
    kernel = kernel.T if node.get("transB", 0) else kernel
    layer = layers.Dense(kernel.shape[1], use_bias=bias is not None)
    weights = [kernel] if bias is None else [kernel, np.broadcast_to(bias.ravel(), kernel.shape[1])]
    return _with_weights(layer, x, weights)


def _clip(node: _Node) -> Tensor:
    low, high = (
        node.get(name, None) if (given := node.constant(place)) is None else float(given)
        for place, name in ((1, "min"), (2, "max"))
    )
    node.need(low == 0, "doesn't cut off at 0")
    return layers.ReLU(max_value=high)(node.inputs[0])


def _hard_sigmoid(node: _Node) -> Tensor:
    slope, offset = node.get("alpha", 0.2), node.get("beta", 0.5)
    node.need(abs(slope - 1 / 6) < 1e-6 and offset == 0.5, "isn't relu6(x + 3) / 6")
    return layers.Activation("hard_sigmoid")(node.inputs[0])


def _swish(node: _Node) -> Tensor:
    node.need(node.get("alpha", 1.0) == 1, "isn't x * sigmoid(x)")
    return layers.Activation("silu")(node.inputs[0])


def _activation(name: str) -> Callable[[_Node], Tensor]:
    return lambda node: layers.Activation(name)(node.inputs[0])


def _pool(kind: Any) -> Callable[[_Node], Tensor]:
    def pool(node: _Node) -> Tensor:
        x, pads = node.inputs[0], node.get("pads", [0, 0, 0, 0])
        size, strides = node.get("kernel_shape", []), node.get("strides", [1, 1])
        node.need({*node.get("dilations", [1])} == {1}, "is dilated")
        whole = np.add(x.shape[1:3], np.add(pads[:2], pads[2:])) - size
        exact = not (whole % strides).any()
        node.need(exact or not node.get("ceil_mode", 0), "rounds its size up")
        if kind is layers.MaxPooling2D and any(pads):
            # ONNX pads with nothing, Keras with 0: the same behind what is never negative.
            node.need(_never_negative(x), "pads what may be negative")
        elif any(pads):
            node.need(bool(node.get("count_include_pad", 0)), "leaves its padding out of the mean")
        return kind(size, strides)(_padded(node, x, pads))

    return pool


def _never_negative(x: Tensor) -> bool:
    layer = x._keras_history.operation
    passing = (layers.Concatenate, layers.MaxPooling2D, layers.ZeroPadding2D)
    return isinstance(layer, layers.ReLU) or (
        isinstance(layer, passing) and all(map(_never_negative, keras.tree.flatten(layer.input)))
    )


def _mean(node: _Node) -> Tensor:
    """The mean over rows and columns."""
    if node.kind == "GlobalAveragePool":
        return layers.GlobalAveragePooling2D(keepdims=True)(node.inputs[0])
    given = node.constant(1)
    axes = node.get("axes", []) if given is None else given.tolist()
    node.need(sorted(axis % 4 for axis in axes) == [2, 3], "isn't over rows and columns")
    keeps = bool(node.get("keepdims", 1))
    return layers.GlobalAveragePooling2D(keepdims=keeps)(node.inputs[0])


def _flatten(node: _Node) -> Tensor:
    x = node.inputs[0]
    if node.kind == "Reshape":
        wanted = node.constant(1)
        node.need(wanted is not None and wanted.size == 2, "gives more than a row of numbers")
    node.need(node.get("axis", 1) == 1, "keeps other axes than the batch")
    if len(x.shape) == 4 and (x.shape[1], x.shape[2]) != (1, 1):
        x = layers.Permute((3, 1, 2))(x)  # the order of channels first
    return layers.Flatten()(x) if len(x.shape) > 2 else x


def _pad(node: _Node) -> Tensor:
    given = node.constant(1)
    pads = list(node.get("pads", [])) if given is None else given.astype(int).tolist()
    node.need(node.get("mode", "constant") == "constant", "doesn't pad with a constant")
    filled = node.get("value", 0) or np.any(node.constant(2) if len(node.inputs) > 2 else 0)
    node.need(not filled, "pads with no 0")
    node.need(len(pads) == 8 and not any(pads[i] for i in (0, 1, 4, 5)), "pads other axes")
    return _padded(node, node.inputs[0], [*pads[2:4], *pads[6:8]])


def _two(
    layer: Any | None, scaled: Callable[[Array], tuple[Array, Array]]
) -> Callable[[_Node], Tensor]:
    """Of two tensors, by a layer, or of a tensor and a constant: one number, or one a channel."""

    def apply(node: _Node) -> Tensor:
        constants = [place for place in (0, 1) if node.constant(place) is not None]
        if not constants:
            node.need(layer is not None, "takes two tensors")
            assert layer is not None
            return layer()(node.inputs)
        ordered = node.kind in ("Add", "Mul") or constants == [1]
        node.need(ordered and len(constants) == 1, "has its constant in front")
        x, value = node.inputs[1 - constants[0]], np.asarray(node.constant(constants[0]))
        node.need(value.size in (1, x.shape[-1]), "has a constant of another shape")
        # Of a map the channels are the last axis but two: a row of numbers would be its columns'.
        by_channel = len(x.shape) == 2 or (value.ndim > 2 and value.shape[-2:] == (1, 1))
        node.need(value.size == 1 or by_channel, "has a constant that isn't one a channel")
        scale, offset = (
            np.ravel(one) if np.size(one) > 1 else float(np.ravel(one)[0]) for one in scaled(value)
        )
        return layers.Rescaling(scale, offset)(x)

    return apply


def _concat(node: _Node) -> Tensor:
    node.need(node.get("axis", 1) in (1, -3), "doesn't join channels")
    return layers.Concatenate()(node.inputs)


def _softmax(node: _Node) -> Tensor:
    x = node.inputs[0]
    node.need(len(x.shape) == 2 and node.get("axis", -1) in (1, -1), "isn't over the classes")
    return layers.Softmax()(x)


_OPERATORS: dict[str, Callable[[_Node], Tensor]] = {
    "Add": _two(layers.Add, lambda value: (np.ones(1), value)),
    "AveragePool": _pool(layers.AveragePooling2D),
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _conv,
    "Div": _two(None, lambda value: (1 / value, np.zeros(1))),
    "Dropout": lambda node: node.inputs[0],
    "Flatten": _flatten,
    "Gemm": _dense,
    "GlobalAveragePool": _mean,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _activation("hard_silu"),
    "Identity": lambda node: node.inputs[0],
    "MatMul": _dense,
    "MaxPool": _pool(layers.MaxPooling2D),
    "Mul": _two(layers.Multiply, lambda value: (value, np.zeros(1))),
    "Pad": _pad,
    "ReduceMean": _mean,
    "Relu": lambda node: layers.ReLU()(node.inputs[0]),
    "Reshape": _flatten,
    "Sigmoid": _activation("sigmoid"),
    "Softmax": _softmax,
    "Squeeze": _flatten,
    "Sub": _two(layers.Subtract, lambda value: (np.ones(1), -value)),
    "Swish": _swish,
    "Tanh": _activation("tanh"),
}
