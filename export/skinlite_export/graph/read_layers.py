"""Keras' layers as nodes: a function for each kind that isn't the same in tf_keras."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skinlite.errors import InputError
from skinlite.models.keras_layers import calls_of
from skinlite_export.graph.reader import Nodes, last_axis, rank_into, shape_into

COPIED = {
    "Add": (),
    "Average": (),
    "AveragePooling2D": ("pool_size", "strides", "padding"),
    "BatchNormalization": ("epsilon", "center", "scale", "momentum"),
    "Concatenate": (),
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "use_bias", "activation", "groups"),
    "Cropping2D": ("cropping",),
    "Dense": ("units", "use_bias", "activation"),
    "DepthwiseConv2D": (
        "kernel_size",
        "strides",
        "padding",
        "use_bias",
        "depth_multiplier",
        "activation",
    ),
    "ELU": ("alpha",),
    "Flatten": (),
    "GlobalAveragePooling2D": ("keepdims",),
    "GlobalMaxPooling2D": ("keepdims",),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "Maximum": (),
    "Minimum": (),
    "Multiply": (),
    "PReLU": ("shared_axes",),
    "Permute": ("dims",),
    "Reshape": ("target_shape",),
    "SeparableConv2D": (
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "use_bias",
        "depth_multiplier",
        "activation",
    ),
    "Subtract": (),
    "UpSampling2D": ("size", "interpolation"),
    "ZeroPadding2D": ("padding",),
}
"""Layers that are the same in tf_keras, with the settings that decide what they compute."""

ASSUMED: dict[str, Any] = {
    "data_format": "channels_last",
    "dilation_rate": 1,
    "threshold": 0,
}
"""Settings that have to have these values where `COPIED` doesn't name them."""

FUSED = {"linear", "relu", "sigmoid", "softmax", "tanh"}
"""Activations of convolutions and dense layers that stay in them; others become nodes."""

FUNCTIONS = ("ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax")
"""Layers that may be the activation of another."""

DROPPING = (
    *("AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout2D"),
    "StochasticDepth",
)
"""Layers that do something in training alone, unless they are called as in training."""

NOTHING = (
    *("ActivityRegularization", "Identity", *DROPPING),
    *("AugMix", "CutMix", "MixUp", "RandAugment"),
    *("RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast"),
    *("RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur"),
    *("RandomGrayscale", "RandomHue", "RandomInvert", "RandomPerspective"),
    *("RandomPosterization", "RandomRotation", "RandomSaturation", "RandomSharpness"),
    *("RandomShear", "RandomTranslation", "RandomZoom"),
)
"""Layers that do nothing in an inference: dropout and its kind, augmentation."""

Read = Callable[[Nodes, Any, Sequence[str]], str]


def _copy(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    kind, name, config = type(layer).__name__, layer.name, layer.get_config()
    if getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False):
        raise InputError(
            f"Layer {name!r} is quantized already, or has LoRA weights beside its own; the "
            "exporter supports neither."
        )
    if kind == "Concatenate":
        return concatenation(nodes, layer, inputs)
    for key, value in ASSUMED.items():
        setting = config.get(key)
        if key not in COPIED[kind] and setting is not None and np.any(np.not_equal(setting, value)):
            raise InputError(
                f"Layer {name!r} has {key} {setting!r}; the exporter supports only {value!r}."
            )
    settings = {key: config[key] for key in COPIED[kind] if key in config}
    weights, activation = layer.get_weights(), settings.get("activation", "linear")
    fused = FUSED if kind in ("Conv2D", "Dense") else ("linear",)
    if isinstance(activation, str) and activation in fused:
        if kind not in ("Conv2D", "Dense"):
            settings.pop("activation", None)
        return nodes.add(name, kind, inputs, weights, **settings)
    settings.pop("activation")
    if _is_layer(layer.activation):
        weights = weights[: len(weights) - len(layer.activation.get_weights())]
    x = nodes.add(f"{name}_linear", kind, inputs, weights, **settings)
    return _activation(nodes, layer, [x])


def concatenation(nodes: Nodes, operation: Any, inputs: Sequence[str]) -> str:
    """A `Concatenate` of Keras, layer or operator; its axis is -1 for the channels, else 1 or 2."""
    if len(inputs) == 1:  # as DenseNet's first block has it in PyTorch
        return inputs[0]
    rank = rank_into(operation)
    axis = -1 if last_axis(operation.axis, rank) else operation.axis % rank
    return nodes.add(operation.name, "Concatenate", inputs, axis=axis)


def _nothing(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    return inputs[0]


def _activation(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    """A layer's function; it may be a layer itself, as ``activation=LeakyReLU(0.1)`` is."""
    function = layer.activation
    if _is_layer(function):
        return LAYERS[type(function).__name__](nodes, function, inputs)
    return nodes.activation(layer.name, layer.get_config()["activation"], inputs[0])


def _is_layer(function: Any) -> bool:
    """Whether an activation is one of Keras' layers that apply a function."""
    kind = type(function)
    return kind.__module__.partition(".")[0] == "keras" and kind.__name__ in FUNCTIONS


def _relu(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    config = layer.get_config()
    slope, most = config.get("negative_slope") or 0, config.get("max_value")
    if config.get("threshold") or (slope and most):
        raise InputError(
            f"Layer {layer.name!r} is a ReLU with a threshold, or with both negative_slope and "
            "max_value; the exporter supports one of the two, and no threshold."
        )
    if slope:
        return nodes.add(layer.name, "LeakyReLU", inputs, alpha=float(slope))
    return nodes.add(layer.name, "ReLU", inputs, max_value=most)


def _softmax(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    rank = len(shape_into(layer)) if calls_of(layer) else 0  # of an activation: it isn't known
    if not last_axis(layer.axis, rank):
        raise InputError(
            f"Layer {layer.name!r} is a softmax over axis {layer.axis}; the exporter supports "
            "the last axis."
        )
    return nodes.add(layer.name, "Softmax", inputs)


def _rescaling(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    scale, offset = np.float32(layer.scale), np.float32(layer.offset)
    if max(scale.size, offset.size) == 1:
        return nodes.add(layer.name, "Rescaling", inputs, scale=scale.item(), offset=offset.item())
    return nodes.affine(layer.name, inputs[0], scale, offset)


def _normalization(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    mean, deviation = np.asarray(layer.mean), np.sqrt(np.asarray(layer.variance))
    deviation = np.maximum(deviation, 1e-7)  # keras.epsilon()
    if layer.invert:
        return nodes.affine(layer.name, inputs[0], deviation, mean)
    return nodes.affine(layer.name, inputs[0], 1 / deviation, -mean / deviation)


def _layer_norm(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    gamma, beta = layer.gamma, layer.beta
    learned = gamma is not None or beta is not None
    if getattr(layer, "rms_scaling", False) or (
        learned and not last_axis(layer.axis, len(shape_into(layer)))
    ):
        raise InputError(
            f"Layer {layer.name!r} normalizes axes {layer.axis}; the exporter supports the last "
            "axis, or any without weights."
        )
    axes = tuple(layer.axis) if isinstance(layer.axis, list | tuple) else (layer.axis,)
    name = f"{layer.name}_standardized" if learned else layer.name
    x = nodes.add(name, "Standardize", inputs, axis=axes, epsilon=float(layer.epsilon))
    if not learned:
        return x
    scale = 1.0 if gamma is None else np.asarray(gamma)
    return nodes.affine(layer.name, x, scale, 0.0 if beta is None else np.asarray(beta))


def _layer_scale(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:  # of ConvNeXt
    return nodes.affine(layer.name, inputs[0], np.asarray(layer.gamma))


def _custom_scale(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    # InceptionResNetV2: shortcut + scale * residual
    scaled = nodes.add(f"{layer.name}_scale", "Scale", inputs[1:], value=layer.scale)
    return nodes.add(layer.name, "Add", (inputs[0], scaled))


def _batch_norm(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    """That of another axis, which is turned to be the last: every rewrite looks for channels."""
    rank = rank_into(layer)
    if last_axis(layer.axis, rank):
        return _copy(nodes, layer, inputs)
    (axis,) = np.atleast_1d(layer.axis) % rank
    order = list(range(1, rank))
    order[axis - 1], order[-1] = order[-1], order[axis - 1]
    turned = nodes.add(f"{layer.name}_turned", "Permute", inputs, dims=tuple(order))
    x = _copy(nodes, layer, [turned])
    return nodes.add(f"{layer.name}_back", "Permute", (x,), dims=tuple(order))


def _leaky(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    return nodes.add(layer.name, "LeakyReLU", inputs, alpha=float(layer.negative_slope))


def _upsampling(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    if layer.interpolation not in PLAIN:
        raise InputError(
            f"Layer {layer.name!r} enlarges by {layer.interpolation}; the exporter supports "
            f"{' and '.join(PLAIN)}."
        )
    return _copy(nodes, layer, inputs)


PLAIN = ("bilinear", "nearest")
"""Interpolations that TFLite has."""


def _resizing(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    config = layer.get_config()
    plain = config["interpolation"] in PLAIN
    others = ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    if config.get("data_format") == "channels_first":
        raise InputError(
            f"Layer {layer.name!r} has data_format 'channels_first'; the exporter supports only "
            "'channels_last'."
        )
    if not plain or any(config.get(key) for key in others):
        raise InputError(
            f"Layer {layer.name!r} resizes by {config['interpolation']}, by antialiasing, or "
            "crops or pads; the exporter supports bilinear and nearest without any of these."
        )
    settings = {key: config[key] for key in ("height", "width", "interpolation")}
    return nodes.add(layer.name, "Resizing", inputs, **settings)


def _crop(nodes: Nodes, layer: Any, inputs: Sequence[str]) -> str:
    size = shape_into(layer)[1:3]
    if size != (layer.height, layer.width):
        raise InputError(
            f"Layer {layer.name!r} crops {size[0]} x {size[1]} to {layer.height} x "
            f"{layer.width}: the exporter supports no {type(layer).__name__}. Use Cropping2D."
        )
    return inputs[0]


LAYERS: dict[str, Read] = {
    **dict.fromkeys(COPIED, _copy),
    **dict.fromkeys(NOTHING, _nothing),
    "Activation": _activation,
    "BatchNormalization": _batch_norm,
    "CenterCrop": _crop,
    "CustomScaleLayer": _custom_scale,
    "LayerNormalization": _layer_norm,
    "LayerScale": _layer_scale,
    "LeakyReLU": _leaky,
    "Normalization": _normalization,
    "RandomCrop": _crop,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Resizing": _resizing,
    "Softmax": _softmax,
    "UpSampling2D": _upsampling,
}
"""By name of the class; all of them are Keras' own."""
