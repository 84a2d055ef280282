"""Read a trained Keras 3 classifier as a deploy graph.

Keras 3 files and layers do not cross to tf_keras, which TensorFlow's quantizers need. So the model
is read once into a neutral form (`skinlite_export.graph.deploy_graph`), rewritten
(`skinlite_export.rewrites`), and built again as its tf_keras twin
(`skinlite_export.graph.build_keras`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras

from skinlite.errors import InputError
from skinlite.models.keras_layers import run_through
from skinlite.models.soft_attention import ReleasedSoftAttention, SoftAttention
from skinlite.vocabulary import IMAGE, PATIENT
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.graph.read_attention import released_attention, soft_attention
from skinlite_export.graph.read_layers import DROPPING, LAYERS
from skinlite_export.graph.read_operators import CHANNEL, OPERATORS
from skinlite_export.graph.reader import Nodes, unsupported


class _Reader(Nodes):
    """Collects nodes while Keras walks its own graph with node names in place of tensors.

    Models in the model are walked as if their layers stood there.
    """

    def walk(self, model: keras.Model, inputs: Any) -> list[str]:
        """Read a model that is given these nodes; the names of those that it gives."""
        names = run_through(model, inputs, self.operation)
        if names is None:
            raise InputError(
                f"{model.name!r} is a {type(model).__name__}, for which Keras has no graph of "
                "layers: it was never built, or it computes in its own code. The exporter reads "
                "functional and sequential models."
            )
        return names

    def operation(self, operation: Any) -> Callable[..., Any]:
        """What to call in place of a Keras operation: takes node names, returns those it gives."""

        def call(*arguments: Any, **others: Any) -> Any:
            if others.get("training") and _differs(operation):
                raise unsupported(operation.name, f"{type(operation).__name__} as in training")
            if isinstance(operation, keras.Model):
                return self.walk(operation, *arguments)
            return self.read(operation, keras.tree.flatten((arguments, others)))

        return call

    def read(self, operation: Any, values: Sequence[Any]) -> str | list[str]:
        """Read one layer, or one operator; the nodes of all that it gives.

        Args:
            operation: of Keras.
            values: names of nodes, and whatever else it is called with, in their order.
        """
        kind = type(operation).__name__
        inputs = [one for one in values if isinstance(one, str) and one in self.nodes]
        if isinstance(operation, SoftAttention):
            return soft_attention(self, operation, inputs[0])
        if isinstance(operation, ReleasedSoftAttention):
            return released_attention(self, operation, inputs[0])
        # A class of somebody's own may be called like one of Keras'.
        if type(operation).__module__.partition(".")[0] != "keras":
            raise unsupported(operation.name, kind)
        if isinstance(operation, keras.Layer):
            if kind not in LAYERS:
                raise unsupported(operation.name, kind)
            return LAYERS[kind](self, operation, inputs)
        if kind not in OPERATORS:
            raise unsupported(operation.name, kind)
        # None and flags say nothing of an inference: masks, training.
        given = [one for one in values if one is not None and not isinstance(one, bool)]
        return OPERATORS[kind](self, operation, given)


def read_keras(model: keras.Model) -> Graph:
    """Read a trained classifier; what only training needs (dropout) is left behind.

    Models in it are read as if their layers stood there.

    Raises:
        InputError: a layer that the exporter doesn't know, or other inputs and outputs than a
            classifier's: an image, a patient or none, and the probabilities.
    """
    reader = _Reader()
    inputs = [
        reader.add(tensor.name, "Input", shape=tuple(tensor.shape[1:]))
        for tensor in getattr(model, "inputs", None) or ()
    ]
    outputs = reader.walk(model, inputs)
    if set(inputs) not in ({IMAGE, PATIENT}, {IMAGE}) or len(outputs) != 1:
        raise InputError(
            f"{model.name!r} takes {', '.join(inputs)} and gives {len(outputs)} outputs. The "
            f"exporter needs the input {IMAGE}, with or without {PATIENT}, and one output, the "
            "probabilities."
        )
    # The output is to be the last one; a model in it may go on to what isn't used.
    nodes = list(reader.nodes.values())
    last = list(reader.nodes).index(outputs[0])
    graph = Graph(tuple(nodes[: last + 1])).without_unused()
    for node in graph.nodes:
        if node.kind == CHANNEL:
            raise unsupported(node.name, "GetItem of one channel")
    return _softmax_in_dense(graph)


def _differs(operation: Any) -> bool:
    """Whether it was called as in training on purpose, where that changes what it computes.

    Of augmentation it says nothing: that is called so by default, and does nothing in an inference.
    """
    kind = type(operation).__name__
    return isinstance(operation, keras.Model) or kind in ("BatchNormalization", *DROPPING)


def _softmax_in_dense(graph: Graph) -> Graph:
    """A softmax at the end as the activation of the dense layer before it, as ours have it."""
    by_name, last = {node.name: node for node in graph.nodes}, graph.nodes[-1]
    if last.kind != "Softmax":
        return graph
    dense = by_name[last.inputs[0]]
    if dense.kind != "Dense" or not dense.is_linear or len(graph.consumers(dense.name)) > 1:
        return graph
    whole = replace(dense, name=last.name, settings={**dense.settings, "activation": "softmax"})
    rest = [node for node in graph.nodes if node not in (dense, last)]
    return replace(graph, nodes=(*rest, whole))
