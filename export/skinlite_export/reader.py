"""Read a trained Keras 3 classifier as a deploy graph.

Keras 3 files and layers do not cross to tf_keras, which TensorFlow's quantizers need. So the model
is read once into a neutral form (`skinlite_export.graph`), rewritten (`skinlite_export.rewrites`),
and built again as its tf_keras twin (`skinlite_export.twin`).
"""

from collections.abc import Callable
from typing import Any

import keras

from skinlite.errors import InputError
from skinlite.models.soft_attention import SoftAttention
from skinlite_export.graph import Graph, Node

COPIED = {
    "Add": (),
    "AveragePooling2D": ("pool_size", "strides", "padding"),
    "BatchNormalization": ("axis", "epsilon", "center", "scale", "momentum"),
    "Concatenate": ("axis",),
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "use_bias", "activation", "groups"),
    "Cropping2D": ("cropping",),
    "Dense": ("units", "use_bias", "activation"),
    "DepthwiseConv2D": ("kernel_size", "strides", "padding", "use_bias", "depth_multiplier"),
    "Flatten": (),
    "GlobalAveragePooling2D": ("keepdims",),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "Multiply": (),
    "ReLU": ("max_value",),
    "Rescaling": ("scale", "offset"),
    "SeparableConv2D": ("filters", "kernel_size", "strides", "padding", "use_bias"),
    "ZeroPadding2D": ("padding",),
}
"""Layers that are the same in tf_keras, with the settings that decide what they compute."""


class _Reader:
    """Collects nodes while Keras walks its own graph with node names in place of tensors."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(
        self, name: str, kind: str, inputs: Any = (), weights: Any = (), **settings: Any
    ) -> str:
        self.nodes.append(Node(name, kind, tuple(inputs), settings, tuple(weights)))
        return name

    def operation(self, operation: Any) -> Callable[..., Any]:
        """What to call in place of a Keras operation: takes node names, returns one."""

        def call(first: Any, *others: Any, **_: Any) -> Any:
            inputs = list(first.values()) if isinstance(first, dict) else first
            inputs = inputs if isinstance(inputs, list) else [inputs]
            return self.read(operation, inputs, others)

        return call

    def read(self, operation: Any, inputs: list[str], others: tuple[Any, ...]) -> Any:
        kind, name = type(operation).__name__, operation.name
        if isinstance(operation, keras.Model):
            return operation._run_through_graph(inputs, self.operation)
        if isinstance(operation, SoftAttention):
            return self.soft_attention(operation, inputs[0])
        if kind == "Dropout":
            return inputs[0]
        if kind == "CustomScaleLayer":  # InceptionResNetV2: shortcut + scale * residual
            scaled = self.add(f"{name}_scale", "Scale", inputs[1:], value=operation.scale)
            return self.add(name, "Add", (inputs[0], scaled))
        if kind == "Activation":
            return self.activation(operation, inputs)
        if kind in ("Add", "Multiply") and others and isinstance(others[0], int | float):
            constant = {"Add": "AddConstant", "Multiply": "Scale"}[kind]
            return self.add(name, constant, inputs, value=others[0])
        if kind in COPIED:
            config = operation.get_config()
            settings = {key: config[key] for key in COPIED[kind] if key in config}
            return self.add(name, kind, inputs, operation.get_weights(), **settings)
        raise InputError(
            f"Layer {name!r} is a {kind}, which the exporter doesn't know. It exports the models "
            "of skinlite train."
        )

    def activation(self, layer: Any, inputs: list[str]) -> str:
        function = layer.get_config()["activation"]
        if function == "linear":
            return inputs[0]
        kinds = {"relu": "ReLU", "hard_silu": "HardSwish"}
        if function not in kinds:
            raise InputError(f"Layer {layer.name!r} has the unknown activation {function!r}.")
        return self.add(layer.name, kinds[function], inputs)

    def soft_attention(self, layer: SoftAttention, t: str) -> str:
        """Soft-Attention in the operations that TFLite has."""
        height, width = layer.input.shape[1:3]
        name, conv = layer.name, layer.conv
        maps = self.add(
            f"{name}_conv",
            "Conv2D",
            (t,),
            conv.get_weights(),
            filters=layer.maps,
            kernel_size=3,
            padding="same",
            activation="relu",
        )
        rows = self.add(
            f"{name}_rows", "Reshape", (maps,), target_shape=(height * width, layer.maps)
        )
        softmax = self.add(f"{name}_softmax", "SpatialSoftmax", (rows,))
        total = self.add(f"{name}_sum", "Sum", (softmax,))
        alpha = self.add(f"{name}_map", "Reshape", (total,), target_shape=(height, width, 1))
        scaled = self.add(f"{name}_gamma", "Scale", (alpha,), value=float(layer.gamma))
        return self.add(name, "Multiply", (t, scaled))


def read_keras(model: keras.Model) -> Graph:
    """Read a trained classifier; what only training needs (dropout) is left behind.

    Raises:
        InputError: a layer that the exporter doesn't know.
    """
    reader = _Reader()
    inputs = [
        reader.add(tensor.name, "Input", shape=tuple(tensor.shape[1:])) for tensor in model.inputs
    ]
    model._run_through_graph(inputs, reader.operation)
    return Graph(tuple(reader.nodes))
