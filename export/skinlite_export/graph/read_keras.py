"""Read a trained Keras 3 classifier as a deploy graph.

Keras 3 files and layers do not cross to tf_keras, which TensorFlow's quantizers need. So the model
is read once into a neutral form (`skinlite_export.graph.deploy_graph`), rewritten
(`skinlite_export.rewrites`), and built again as its tf_keras twin
(`skinlite_export.graph.build_keras`).

This module owns what is private in Keras' graphs, as Keras 3.15.1 has it: ``_run_through_graph``
of a functional model, and ``_functional`` of a sequential one. When they go: call the model on
`keras.KerasTensor`s and follow each one's history of operations.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from skinlite.errors import InputError
from skinlite.models.soft_attention import SoftAttention
from skinlite.vocabulary import IMAGE, PATIENT
from skinlite_export.graph.deploy_graph import Graph, Node

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


ASSUMED: dict[str, Any] = {
    "activation": "linear",
    "data_format": "channels_last",
    "dilation_rate": 1,
    "negative_slope": 0,
    "threshold": 0,
}
"""Settings that have to have these values where `COPIED` doesn't name them."""

ACTIVATIONS = {"linear", "relu", "sigmoid", "softmax", "tanh"}
"""Of convolutions and dense layers: those that mean the same in tf_keras."""


class _Reader:
    """Collects nodes while Keras walks its own graph with node names in place of tensors.

    Models in the model are walked as if their layers stood there. What is called twice, or is
    called as another layer is, gets a node of its own each time, with a number at its name.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}

    def add(
        self, name: str, kind: str, inputs: Any = (), weights: Any = (), **settings: Any
    ) -> str:
        number, unique = 1, name
        while unique in self.nodes:
            number += 1
            unique = f"{name}_{number}"
        self.nodes[unique] = Node(unique, kind, tuple(inputs), settings, tuple(weights))
        return unique

    def walk(self, model: keras.Model, inputs: Any) -> list[str]:
        """Read a model that is given these nodes; the names of those that it gives."""
        # A Sequential keeps its graph to itself.
        graph = getattr(model, "_functional", model)
        if not hasattr(graph, "_run_through_graph"):
            raise InputError(
                f"{model.name!r} is a {type(model).__name__}, for which Keras has no graph of "
                "layers: it was never built, or it computes in its own code. The exporter reads "
                "functional and sequential models."
            )
        if isinstance(inputs, dict) and not isinstance(graph.input, dict):
            inputs = [inputs[tensor.name] for tensor in graph.inputs]
        names: list[str] = keras.tree.flatten(graph._run_through_graph(inputs, self.operation))
        return names

    def operation(self, operation: Any) -> Callable[..., Any]:
        """What to call in place of a Keras operation: takes node names, returns those it gives."""

        def call(*arguments: Any, **others: Any) -> Any:
            if isinstance(operation, keras.Model):
                return self.walk(operation, *arguments)
            values = keras.tree.flatten((arguments, others))
            inputs = [one for one in values if isinstance(one, str) and one in self.nodes]
            # None and flags say nothing of an inference: masks, training.
            constants = [
                one
                for one in values
                if one is not None and not isinstance(one, bool) and not isinstance(one, str)
            ]
            return self.read(operation, inputs, constants)

        return call

    def read(self, operation: Any, inputs: list[str], constants: Sequence[Any]) -> str:
        kind, name = type(operation).__name__, operation.name
        if isinstance(operation, SoftAttention):
            return self.soft_attention(operation, inputs[0])
        if kind == "Dropout":
            return inputs[0]
        if kind == "CustomScaleLayer":  # InceptionResNetV2: shortcut + scale * residual
            scaled = self.add(f"{name}_scale", "Scale", inputs[1:], value=operation.scale)
            return self.add(name, "Add", (inputs[0], scaled))
        if kind == "Activation":
            return self.activation(operation, inputs)
        if kind in ("Add", "Multiply") and len(inputs) == 1 and np.shape(constants) == (1,):
            constant = {"Add": "AddConstant", "Multiply": "Scale"}[kind]
            return self.add(name, constant, inputs, value=float(constants[0]))
        if isinstance(operation, keras.Layer) and kind in COPIED:
            config = operation.get_config()
            self.check(name, kind, config)
            settings = {key: config[key] for key in COPIED[kind] if key in config}
            return self.add(name, kind, inputs, operation.get_weights(), **settings)
        if kind in ("Add", "Multiply") and not constants:  # of tensors, by an operator
            return self.add(name, kind, inputs)
        raise InputError(
            f"Layer {name!r} is a {kind}, which the exporter doesn't support. It exports the "
            "models of skinlite train."
        )

    def check(self, name: str, kind: str, config: dict[str, Any]) -> None:
        """Refuse settings that the copy would lose."""
        if "activation" in COPIED[kind] and config["activation"] not in ACTIVATIONS:
            raise InputError(f"Layer {name!r} has the unknown activation {config['activation']!r}.")
        for key, value in ASSUMED.items():
            setting = config.get(key)
            if (
                key not in COPIED[kind]
                and setting is not None
                and np.any(np.not_equal(setting, value))
            ):
                raise InputError(
                    f"Layer {name!r} has {key} {setting!r}; the exporter supports only {value!r}."
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
        shapes = {tuple(node.input_tensors[0].shape[1:3]) for node in layer._inbound_nodes}
        if len(shapes) > 1:
            raise InputError(f"Layer {layer.name!r} is shared by feature maps of several sizes.")
        ((height, width),) = shapes
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

    Models in it are read as if their layers stood there.

    Raises:
        InputError: a layer that the exporter doesn't know, or other inputs and outputs than a
            classifier's.
    """
    reader = _Reader()
    inputs = [
        reader.add(tensor.name, "Input", shape=tuple(tensor.shape[1:]))
        for tensor in getattr(model, "inputs", None) or ()
    ]
    outputs = reader.walk(model, inputs)
    if set(inputs) != {IMAGE, PATIENT} or len(outputs) != 1:
        raise InputError(
            f"{model.name!r} takes {', '.join(inputs)} and gives {len(outputs)} outputs. The "
            f"exporter needs the inputs {IMAGE} and {PATIENT}, and one output, the probabilities."
        )
    # The output is to be the last one; a model in it may go on to what isn't used.
    nodes = list(reader.nodes.values())
    last = list(reader.nodes).index(outputs[0])
    return Graph(tuple(nodes[: last + 1])).without_unused()
