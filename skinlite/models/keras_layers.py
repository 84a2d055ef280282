"""What Keras keeps private of a model's layers, and what TensorFlow makes of one, in one place.

As Keras 3.15.1 has it. When it goes:

* ``Layer._flatten_layers``: walk ``model.layers`` with the layers inside of those that are models
  or wrappers;
* ``Layer._seed_generators``: collect the attributes of a layer that are
  `keras.random.SeedGenerator`;
* ``Functional._run_through_graph`` and ``Sequential._functional``, ``KerasTensor._keras_history``,
  ``Operation._inbound_nodes`` and ``_outbound_nodes``: ``model.get_config()`` has the same graph,
  as names of layers with the calls that each takes part in.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras

DROPPING = keras.layers.Dropout, keras.layers.SpatialDropout2D, keras.layers.GaussianDropout
"""Layers that leave something out in training."""


def all_layers(model: keras.Model) -> list[Any]:
    """The model and its layers, with those inside of other layers."""
    return list(model._flatten_layers())


def as_used(model: keras.Model) -> None:
    """Make a model compute in training what it computes in use: it no longer learns.

    Calling it with ``training=False`` doesn't: inside of another model it is called as that one is.
    """
    model.trainable = False  # batch norm goes by its moving averages then
    for layer in all_layers(model):
        if isinstance(layer, DROPPING):
            layer.rate = 0.0


def seed_generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    """The random streams of a model's layers, in the layers' order."""
    return [stream for layer in all_layers(model) for stream in layer._seed_generators]


def run_through(
    model: keras.Model, inputs: Any, called: Callable[[Any], Callable[..., Any]]
) -> list[Any] | None:
    """What a model gives when each operation of its graph is replaced.

    Args:
        model: functional or sequential.
        inputs: in place of its input tensors: one, a list, or by name.
        called: what to call in place of an operation, which may be a model.

    Returns:
        In place of its output tensors; None: it was never built, or computes in its own code.
    """
    graph = getattr(model, "_functional", model)  # a Sequential keeps its graph to itself
    if not hasattr(graph, "_run_through_graph"):
        return None
    if isinstance(inputs, dict) and not isinstance(graph.input, dict):
        inputs = [inputs[tensor.name] for tensor in graph.inputs]
    found: list[Any] = keras.tree.flatten(graph._run_through_graph(inputs, called))
    return found


def operation_of(tensor: Any) -> Any:
    """The layer, model or operator that gave a symbolic tensor."""
    return tensor._keras_history.operation


def calls_of(operation: Any) -> Sequence[Any]:
    """The calls of a layer or operator: each has its ``input_tensors`` and ``output_tensors``."""
    calls: Sequence[Any] = operation._inbound_nodes
    return calls


def followers(operation: Any) -> list[Any]:
    """The layers and operators that are given what this one gives."""
    return [node.operation for node in operation._outbound_nodes]


def plain(name: str) -> str:
    """A name of letters of ASCII, digits, ``_``, ``.`` and ``-``; the first a letter or digit."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip("_.-") or "layer"


def make_names_plain(model: keras.Model) -> None:
    """Rename layers whose names TensorFlow's graphs don't take, as "Conv 1": Keras takes any."""
    layers = [one for one in all_layers(model) if not isinstance(one, keras.layers.InputLayer)]
    taken = {layer.name for layer in layers}
    for layer in layers:
        name = start = plain(layer.name)
        if name == layer.name:
            continue
        number = 1
        while name in taken:
            number += 1
            name = f"{start}_{number}"
        taken.add(name)
        layer.name = name


def keep_slopes(model: keras.Model) -> None:
    """Let TensorFlow compute the leaky ReLUs of a network with their own slopes.

    TensorFlow 2.21 with oneDNN makes one operator of a convolution, its bias, an addition and a
    leaky ReLU, of which the slope is 0.2 whatever the layer's is; so do ``predict``, ``fit`` and
    ``tf.function``, not a call (findings/tensorflow-leaky-relu-behind-an-add.sh). When that is
    mended, this function and the next can go.
    """
    if keras.backend.backend() == "tensorflow" and any(map(_leaky, _operations(model))):
        without_fusing()


def without_fusing() -> None:
    """Turn off the optimizer that fuses, for the process: networks take a little longer."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"remapping": False})


def _operations(model: keras.Model) -> Iterable[Any]:
    for layer in all_layers(model):
        yield layer
        yield from getattr(layer, "operations", ())  # of a network: its operators on tensors too


def _leaky(operation: Any) -> bool:
    named = getattr(getattr(operation, "activation", None), "__name__", "")
    kinds = type(operation).__name__.lower(), named.replace("_", "")
    return "leakyrelu" in kinds or bool(getattr(operation, "negative_slope", 0))
