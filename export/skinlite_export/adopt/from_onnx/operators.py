"""Operators of an .onnx as layers of Keras; the list is `OPERATORS`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import layers

from skinlite_export.adopt.from_onnx import edges, shapes
from skinlite_export.adopt.from_onnx.node import Array, Node, Tensor


def _with_weights(layer: Any, x: Tensor, weights: Sequence[Array]) -> Tensor:
    made = layer(x)
    layer.set_weights([np.asarray(one, np.float32) for one in weights])
    return made


def _conv(node: Node) -> Tensor:
    x, kernel, bias = node.inputs[0], node.constant(1), node.bias()
    node.need(kernel is not None and kernel.ndim == 4, "has no constant kernel of a 2D convolution")
    assert kernel is not None
    node.need({*node.get("dilations", [1, 1])} == {1}, "is dilated")
    groups, (out, each, *size) = node.get("group", 1), kernel.shape
    options = {"strides": node.get("strides", [1, 1]), "use_bias": bias is not None}
    x = edges.padded(node, x, node.get("pads", [0, 0, 0, 0]))
    turned = kernel.transpose(2, 3, 1, 0)  # h, w, in, out
    if groups > 1 and each == 1:
        turned = kernel.reshape(groups, out // groups, *size).transpose(2, 3, 0, 1)
        layer = layers.DepthwiseConv2D(size, depth_multiplier=out // groups, **options)
    else:
        layer = layers.Conv2D(out, size, groups=groups, **options)
    return _with_weights(layer, x, [turned] if bias is None else [turned, bias])


def _batch_norm(node: Node) -> Tensor:
    weights = [node.constant(place) for place in range(1, 5)]
    node.need(all(one is not None for one in weights), "has weights that aren't constant")
    node.need(not node.get("training_mode", 0), "is as in training: export model.eval()")
    layer = layers.BatchNormalization(epsilon=node.get("epsilon", 1e-5))
    return _with_weights(layer, node.inputs[0], [one for one in weights if one is not None])


def _dense(node: Node) -> Tensor:
    x, kernel, bias = node.inputs[0], node.constant(1), node.bias()
    node.need(kernel is not None and kernel.ndim == 2 and len(x.shape) == 2, "is no dense layer")
    assert kernel is not None
    plain = (node.get("alpha", 1.0), node.get("beta", 1.0), node.get("transA", 0)) == (1, 1, 0)
    node.need(plain, "scales or turns what it takes")
    kernel = kernel.T if node.get("transB", 0) else kernel
    layer = layers.Dense(kernel.shape[1], use_bias=bias is not None)
    weights = [kernel] if bias is None else [kernel, np.broadcast_to(bias.ravel(), kernel.shape[1])]
    return _with_weights(layer, x, weights)


def _clip(node: Node) -> Tensor:
    low, high = (
        node.get(name, None) if (given := node.constant(place)) is None else float(given)
        for place, name in ((1, "min"), (2, "max"))
    )
    node.need(low == 0, "doesn't cut off at 0")
    return layers.ReLU(max_value=high)(node.inputs[0])


def _hard_sigmoid(node: Node) -> Tensor:
    slope, offset = node.get("alpha", 0.2), node.get("beta", 0.5)
    node.need(abs(slope - 1 / 6) < 1e-6 and offset == 0.5, "isn't relu6(x + 3) / 6")
    return layers.Activation("hard_sigmoid")(node.inputs[0])


def _swish(node: Node) -> Tensor:
    node.need(node.get("alpha", 1.0) == 1, "isn't x * sigmoid(x)")
    return layers.Activation("silu")(node.inputs[0])


def _activation(name: str) -> Callable[[Node], Tensor]:
    return lambda node: layers.Activation(name)(node.inputs[0])


def _two(
    layer: Any | None, scaled: Callable[[Array], tuple[Array, Array]]
) -> Callable[[Node], Tensor]:
    """Of two tensors, by a layer, or of a tensor and a constant: one number, or one a channel."""

    def apply(node: Node) -> Tensor:
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


def _softmax(node: Node) -> Tensor:
    x = node.inputs[0]
    node.need(len(x.shape) == 2 and node.get("axis", -1) in (1, -1), "isn't over the classes")
    return layers.Softmax()(x)


def _leaky(node: Node) -> Tensor:
    return layers.LeakyReLU(node.get("alpha", 0.01))(node.inputs[0])


def _prelu(node: Node) -> Tensor:
    x, slope = node.inputs[0], node.constant(1)
    node.need(slope is not None and len(x.shape) == 4, "has slopes that aren't constant")
    assert slope is not None
    by_channel = slope.shape[-3:] == (x.shape[3], 1, 1)
    node.need(by_channel or slope.size == 1, "has slopes that aren't one a channel")
    layer = layers.PReLU(shared_axes=[1, 2])
    return _with_weights(layer, x, [np.broadcast_to(slope.ravel(), (1, 1, x.shape[3]))])


def _elu(node: Node) -> Tensor:
    return layers.ELU(node.get("alpha", 1.0))(node.inputs[0])


def _gelu(node: Node) -> Tensor:
    node.need(node.get("approximate", "none") == "none", "is an approximation")
    return layers.Activation("gelu")(node.inputs[0])


def _of_tensors(layer: Any) -> Callable[[Node], Tensor]:
    def apply(node: Node) -> Tensor:
        constants = [place for place in range(len(node.inputs)) if node.constant(place) is not None]
        node.need(not constants, "takes a constant")
        return layer()(node.inputs) if len(node.inputs) > 1 else node.inputs[0]

    return apply


OPERATORS: dict[str, Callable[[Node], Any]] = {
    "Add": _two(layers.Add, lambda value: (np.ones(1), value)),
    "AveragePool": edges.pool(layers.AveragePooling2D),
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "Concat": shapes.concat,
    "Conv": _conv,
    "Div": _two(None, lambda value: (1 / value, np.zeros(1))),
    "Dropout": lambda node: node.inputs[0],
    "Elu": _elu,
    "Flatten": shapes.flatten,
    "Gelu": _gelu,
    "Gemm": _dense,
    "GlobalAveragePool": edges.mean,
    "GlobalMaxPool": lambda node: layers.GlobalMaxPooling2D(keepdims=True)(node.inputs[0]),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _activation("hard_silu"),
    "Identity": lambda node: node.inputs[0],
    "LeakyRelu": _leaky,
    "MatMul": _dense,
    "Max": _of_tensors(layers.Maximum),
    "MaxPool": edges.pool(layers.MaxPooling2D),
    "Min": _of_tensors(layers.Minimum),
    "Mish": _activation("mish"),
    "Mul": _two(layers.Multiply, lambda value: (value, np.zeros(1))),
    "PRelu": _prelu,
    "Pad": edges.pad,
    "ReduceMean": edges.mean,
    "Relu": lambda node: layers.ReLU()(node.inputs[0]),
    "Reshape": shapes.reshape,
    "Resize": edges.resize,
    "Sigmoid": _activation("sigmoid"),
    "Slice": shapes.slice_of,
    "Softmax": _softmax,
    "Softplus": _activation("softplus"),
    "Split": shapes.split,
    "Squeeze": shapes.flatten,
    "Sub": _two(layers.Subtract, lambda value: (np.ones(1), -value)),
    "Swish": _swish,
    "Tanh": _activation("tanh"),
    "Transpose": shapes.transpose,
    "Unsqueeze": shapes.unsqueeze,
}
"""Each gives a tensor, or a list of them."""
