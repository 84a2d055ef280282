"""Builds a network with fewer channels from another one, with the weights that it keeps."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite.models.soft_attention import SoftAttention
from skinlite.slimming.channels import FRESH, Channels, Use

Kept = NDArray[np.bool_]
"""By the number of a channel (`Channels.roots`): whether it stays."""

CONSUMERS = {*FRESH, "SoftAttention"}
"""Layers of which each output sees every channel of the input."""


def cut(model: keras.Model, channels: Channels, kept: Kept) -> keras.Model:
    """A new model without the channels that don't stay; where none goes, an equal one.

    What it computes is what the model computes with zeros in place of these channels.

    Args:
        model: which is left as it is.
        channels: of it.
        kept: which of them stay; pinned ones have to.
    """
    uses = {use.path: use for use in channels.uses if isinstance(use.layer, keras.Layer)}
    described = keras.saving.serialize_keras_object(model)
    _narrow(described["config"], (), uses, channels, kept)
    narrow = keras.saving.deserialize_keras_object(described, safe_mode=True)
    new = dict(_leaves(narrow, ()))
    for path, layer in _leaves(model, ()):
        if layer.weights:
            use = uses.get(path)
            values = layer.get_weights()
            new[path].set_weights(_sliced(use, values, channels, kept) if use else values)
    return narrow


def masked(channels: Channels, kept: Kept) -> None:
    """Have a network ignore the channels that don't stay, in its own weights: for comparison."""
    for use in channels.uses:
        if use.kind in CONSUMERS:
            kernel = kernel_of(use)
            stays = kept[channels.of(use.inputs[0])][:, None]
            kernel.assign(np.asarray(keras.ops.convert_to_numpy(kernel)) * stays)


def _narrow(
    config: dict[str, Any],
    path: tuple[str, ...],
    uses: Mapping[tuple[str, ...], Use],
    channels: Channels,
    kept: Kept,
) -> None:
    """Set the new numbers of channels in a model's description."""
    for described in config["layers"]:
        place = (*path, described["config"]["name"])
        if "layers" in described["config"]:
            described.pop("build_config", None)
            _narrow(described["config"], place, uses, channels, kept)
            continue
        use = uses.get(place)
        if use is None or use.kind == "InputLayer":
            continue
        # It is built again, from what it will be given.
        described.pop("build_config", None)
        width = int(kept[channels.of(use.output)].sum())
        if use.kind in FRESH:
            described["config"][FRESH[use.kind]] = width
        elif use.kind == "Reshape":
            target = list(described["config"]["target_shape"])
            if target[-1] != -1:
                described["config"]["target_shape"] = [*target[:-1], width]


def _leaves(model: keras.Model, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for layer in model.layers:
        place = (*path, layer.name)
        inside = isinstance(layer, keras.Model)
        found.extend(_leaves(layer, place) if inside else [(place, layer)])
    return found


def kernel_of(use: Use) -> Any:
    """The weights of a layer by which it takes channels, on their last axis but one."""
    if isinstance(use.layer, SoftAttention):
        return use.layer.conv.kernel
    return use.layer.pointwise_kernel if use.kind == "SeparableConv2D" else use.layer.kernel


def _sliced(use: Use, values: list[Any], channels: Channels, kept: Kept) -> list[Any]:
    """A layer's weights without the channels that go."""
    out = kept[channels.of(use.output)]
    taken = kept[channels.of(use.inputs[0])] if use.inputs else out
    if use.kind == "SeparableConv2D":
        depthwise, pointwise, *bias = values
        return [
            depthwise[:, :, taken],
            pointwise[:, :, taken][..., out],
            *(one[out] for one in bias),
        ]
    if use.kind == "DepthwiseConv2D":
        return [values[0][:, :, taken], *(one[out] for one in values[1:])]
    if use.kind in FRESH:
        return [values[0][..., taken, :][..., out], *(one[out] for one in values[1:])]
    if use.kind == "BatchNormalization":
        return [one[out] for one in values]
    if isinstance(use.layer, SoftAttention):
        kernel = use.layer.conv.kernel
        pairs = zip(use.layer.weights, values, strict=True)
        return [one[:, :, taken] if weight is kernel else one for weight, one in pairs]
    return values
