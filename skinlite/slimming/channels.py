"""Which channels of a network belong together: each channel of each tensor gets a number.

A convolution makes new numbers; a batch norm, a depthwise convolution or a pool hands on those it
is given; what is added or multiplied becomes one number; a concatenation lines them up, and a
flattening repeats them. So a squeeze-excite, a residual addition and a concatenation need no rules
of their own: channels with the same number are cut together, or not at all.

This module owns what is private in Keras' graphs: ``_run_through_graph`` of a functional model,
and ``_inbound_nodes`` of a layer, as Keras 3.15.1 has them. `skinlite_export.graph.read_keras` says
what to do when they go.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.models.soft_attention import SoftAttention

Ids = NDArray[np.intp]

FRESH = {"Conv2D": "filters", "SeparableConv2D": "filters", "Dense": "units"}
"""Layers that make new channels, and their setting that says how many."""

SAME = {
    *("Activation", "AveragePooling2D", "BatchNormalization", "Cropping2D", "Dropout", "ELU"),
    *("DepthwiseConv2D", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling2D"),
    *("GlobalMaxPooling2D", "LeakyReLU", "MaxPooling2D", "ReLU", "Rescaling", "Reshape"),
    *("Resizing", "SpatialDropout2D", "UpSampling2D", "ZeroPadding2D", "InputLayer"),
    *("Cast", "Clip", "Elu", "HardSigmoid", "HardSilu", "LeakyRelu", "Relu", "Relu6", "Sigmoid"),
    *("Silu", "Softplus", "Tanh", "Identity", "Absolute", "Exp", "Square"),
}
"""Layers and operators that treat each channel by itself."""

MERGED = {"Add", "Average", "CustomScaleLayer", "Maximum", "Minimum", "Multiply", "Subtract"}
"""Those that compute number by number from several tensors."""


INPUT, PREDICTION = "it is an input", "it is a prediction"
"""Why channels can't be cut that no network can do without."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph: the number of each of its channels, and its shape without the batch.

    A flattened tensor has a number for each entry.
    """

    ids: Ids
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Use:
    """One layer or operator.

    Attributes:
        path: names of the models around it and its own.
        layer: of Keras.
        kind: its class.
        inputs: what it is given.
        output: what it gives.
    """

    path: tuple[str, ...]
    layer: Any
    kind: str
    inputs: tuple[Tensor, ...]
    output: Tensor


class Channels:
    """The channels of a classifier.

    Attributes:
        uses: layers and operators, in the graph's order.
        pinned: by the number of a channel: why it can't be cut.

    Raises:
        InputError: Keras has no graph of its layers.
    """

    def __init__(self, model: keras.Model) -> None:
        self.uses: list[Use] = []
        self._first: dict[tuple[str, ...], Use] = {}
        self._parent: list[int] = []
        self._pins: dict[int, str] = {}
        inputs = [self._new(tuple(tensor.shape[1:])) for tensor in model.inputs]
        for tensor in inputs:
            self._pin(tensor.ids, INPUT)
        for tensor in self._walk(model, inputs, ()):
            self._pin(tensor.ids, PREDICTION)
        self.roots = np.array([self._root(one) for one in range(len(self._parent))], np.intp)
        self.pinned = {int(self.roots[one]): why for one, why in self._pins.items()}

    @property
    def held(self) -> dict[str, int]:
        """By the layer that needs them as they are: channels that can't be cut, the most first."""
        reasons = (why for why in self.pinned.values() if why not in (INPUT, PREDICTION))
        return dict(Counter(reasons).most_common())

    def of(self, tensor: Tensor) -> Ids:
        """The channels of a tensor: coupled ones have one number."""
        return self.roots[tensor.ids]

    def _new(self, shape: tuple[int, ...]) -> Tensor:
        first = len(self._parent)
        self._parent.extend(range(first, first + shape[-1]))
        return Tensor(np.arange(first, len(self._parent)), shape)

    def _root(self, one: int) -> int:
        while self._parent[one] != one:
            self._parent[one] = self._parent[self._parent[one]]
            one = self._parent[one]
        return one

    def _join(self, ones: Ids, others: Ids) -> None:
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            self._parent[self._root(one)] = self._root(other)

    def _pin(self, ids: Ids, why: str) -> None:
        for one in ids.tolist():
            self._pins.setdefault(one, why)

    def _walk(self, model: keras.Model, inputs: Any, path: tuple[str, ...]) -> list[Tensor]:
        # A Sequential keeps its graph to itself.
        graph = getattr(model, "_functional", model)
        if not hasattr(graph, "_run_through_graph"):
            raise InputError(
                f"{model.name!r} has no graph of layers, so that its channels can't be followed: "
                "it computes in its own code."
            )
        if isinstance(inputs, dict) and not isinstance(graph.input, dict):
            inputs = [inputs[tensor.name] for tensor in graph.inputs]

        def called(operation: Any) -> Callable[..., Any]:
            def call(*arguments: Any, **others: Any) -> Any:
                if isinstance(operation, keras.Model):
                    found = self._walk(operation, arguments[0], (*path, operation.name))
                    return found[0] if len(found) == 1 else found
                given = keras.tree.flatten((arguments, others))
                tensors = [one for one in given if isinstance(one, Tensor)]
                constant = any(np.ndim(one) for one in given if not isinstance(one, Tensor))
                return self._read(operation, tensors, path, constant)

            return call

        found: list[Tensor] = keras.tree.flatten(graph._run_through_graph(inputs, called))
        return found

    def _read(
        self, layer: Any, inputs: Sequence[Tensor], path: tuple[str, ...], constant: bool
    ) -> Any:
        """Note one layer or operator; what it gives.

        Args:
            layer: of Keras.
            inputs: what it is given.
            path: names of the models around it.
            constant: whether it is given an array besides, which can't be cut.
        """
        shapes = [
            tuple(tensor.shape[1:])
            for tensor in keras.tree.flatten(layer._inbound_nodes[-1].output_tensors)
        ]
        kind = type(layer).__name__
        known = type(layer).__module__.partition(".")[0] == "keras" and not constant
        ids: Ids | None = None
        if isinstance(layer, SoftAttention):
            ids = inputs[0].ids
        elif known and len(shapes) == 1:
            ids = self._ids(layer, kind, inputs, shapes[0])
        if ids is None:
            for tensor in inputs:
                self._pin(tensor.ids, f"{layer.name} ({kind}) needs it as it is")
            given = [self._new(shape) for shape in shapes]
            for tensor in given:
                self._pin(tensor.ids, f"{layer.name} ({kind}) makes it")
            return given[0] if len(given) == 1 else given
        output = Tensor(ids, shapes[0])
        place = (*path, layer.name)
        before = self._first.get(place)
        if before and getattr(layer, "weights", None):
            # The same weights again: what they take and give is the same channels.
            self._join(inputs[0].ids, before.inputs[0].ids)
            self._join(output.ids, before.output.ids)
        use = Use(place, layer, kind, tuple(inputs), output)
        self._first.setdefault(place, use)
        self.uses.append(use)
        return output

    def _ids(
        self, layer: Any, kind: str, inputs: Sequence[Tensor], shape: tuple[int, ...]
    ) -> Ids | None:
        """The channels of a tensor that Keras' own layer or operator makes; None: unknown."""
        if getattr(getattr(layer, "activation", None), "weights", None):
            return None  # a layer itself, with slopes: Keras has them among the weights of this one
        if kind in FRESH:
            whole = getattr(layer, "groups", 1) == 1 and not _mixes(layer)
            return self._new(shape).ids if whole and len(inputs) == 1 else None
        if kind == "Concatenate" and layer.axis in (-1, len(shape)):
            return np.concatenate([tensor.ids for tensor in inputs])
        if kind == "Flatten" and len(inputs[0].ids) == inputs[0].shape[-1]:
            return np.tile(inputs[0].ids, shape[0] // inputs[0].shape[-1])
        if kind in MERGED:
            return self._merged(inputs, shape)
        each = kind == "Rescaling" and (np.ndim(layer.scale) or np.ndim(layer.offset))
        if each and set(inputs[0].ids) - set(self._pins):
            return None  # a number for each channel, in its settings
        plain = kind in SAME and len(inputs) == 1 and not _mixes(layer)
        if plain and len(inputs[0].ids) == shape[-1] == inputs[0].shape[-1]:
            return inputs[0].ids
        return None

    def _merged(self, inputs: Sequence[Tensor], shape: tuple[int, ...]) -> Ids | None:
        whole = [tensor for tensor in inputs if len(tensor.ids) == shape[-1]]
        if not whole or any(len(tensor.ids) not in (1, shape[-1]) for tensor in inputs):
            return None
        for tensor in whole[1:]:
            self._join(tensor.ids, whole[0].ids)
        return whole[0].ids


def _mixes(layer: Any) -> bool:
    """Whether it looks from one channel at others, or makes several of one."""
    activation = getattr(layer, "activation", None)
    named = getattr(activation, "__name__", type(activation).__name__.lower())
    if named in ("softmax", "log_softmax"):
        return type(layer).__name__ not in FRESH  # behind a Dense it is the prediction: pinned
    first = getattr(layer, "data_format", None) == "channels_first"
    if first or getattr(layer, "depth_multiplier", 1) != 1:
        return True
    axis = getattr(layer, "axis", -1)
    rank = len(layer._inbound_nodes[-1].input_tensors[0].shape) if hasattr(layer, "axis") else 0
    return axis not in (-1, rank - 1)
