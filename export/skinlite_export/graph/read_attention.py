"""Soft-Attention, ours and the one that the paper's authors released, in nodes that TFLite has."""

from typing import Any

import numpy as np

from skinlite.models.soft_attention import ReleasedSoftAttention, SoftAttention
from skinlite_export.graph.reader import Nodes, shape_into


def soft_attention(nodes: Nodes, layer: SoftAttention, t: str) -> str:
    """Soft-Attention in the operations that TFLite has."""
    weights, settings = layer.conv.get_weights(), {"filters": layer.maps, "kernel_size": 3}
    maps = nodes.add(
        f"{layer.name}_conv", "Conv2D", (t,), weights, **settings, padding="same", activation="relu"
    )
    alpha, _ = _attention_map(nodes, layer, maps)
    gamma = float(layer.gamma)
    scaled = nodes.add(f"{layer.name}_gamma", "Scale", (alpha,), value=gamma)
    return nodes.add(layer.name, "Multiply", (t, scaled))


def released_attention(nodes: Nodes, layer: ReleasedSoftAttention, t: str) -> list[str]:
    """Soft-Attention as the paper's authors released it: the features, and the maps."""
    name, (_, height, width, depth) = layer.name, shape_into(layer)
    assert height and width and depth
    first = np.eye(depth, 3, dtype=np.float32)[None, None]
    three = nodes.add(
        f"{name}_channels", "Conv2D", (t,), [first], filters=3, kernel_size=1, use_bias=False
    )
    kernel = np.asarray(layer.plane(height))
    settings = {"filters": layer.maps, "kernel_size": kernel.shape[:2]}
    weights = [kernel, np.asarray(layer.bias)]
    maps = nodes.add(
        f"{name}_conv", "Conv2D", (three,), weights, **settings, padding="same", activation="relu"
    )
    alpha, softmax = _attention_map(nodes, layer, maps)
    scaled = nodes.add(name, "Multiply", (t, alpha))
    if layer.concatenated:
        scaled = nodes.add(f"{name}_concatenated", "Concatenate", (scaled, t), axis=-1)
    turned = nodes.add(f"{name}_turned", "Permute", (softmax,), dims=(2, 1))
    shape = layer.maps, height, width
    return [scaled, nodes.add(f"{name}_maps", "Reshape", (turned,), target_shape=shape)]


def _attention_map(nodes: Nodes, layer: Any, maps: str) -> tuple[str, str]:
    """The sum (h, w, 1) of the softmax of each map, and these (h * w, K)."""
    _, height, width, _ = shape_into(layer)
    assert height and width
    name, shape = layer.name, (height * width, layer.maps)
    rows = nodes.add(f"{name}_rows", "Reshape", (maps,), target_shape=shape)
    softmax = nodes.add(f"{name}_softmax", "SpatialSoftmax", (rows,))
    total = nodes.add(f"{name}_sum", "Sum", (softmax,))
    alpha = nodes.add(f"{name}_map", "Reshape", (total,), target_shape=(height, width, 1))
    return alpha, softmax
