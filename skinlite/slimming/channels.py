"""Which channels of a network belong together: each channel of each tensor gets a number.

A convolution makes new numbers; a batch norm, a depthwise convolution or a pool hands on those it
is given; what is added or multiplied becomes one number; a concatenation lines them up, and a
flattening repeats them. So a squeeze-excite, a residual addition and a concatenation need no rules
of their own: channels with the same number are cut together, or not at all.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.models.keras_layers import run_through
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

MIXING = {"glu", "log_softmax", "softmax", "sparsemax"}
"""Keras' activations that look from one channel at others; a test tries all of them."""

INPUT, PREDICTION = "it is an input", "it is a prediction"
"""Why channels can't be cut that no network can do without."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph: the number of each of its channels, and what Keras knows of it.

    A flattened tensor has a number for each entry.
    """

    ids: Ids
    spec: keras.KerasTensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Without the batch."""
        return tuple(self.spec.shape[1:])


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
        inputs = [self._new(tensor) for tensor in model.inputs]
        for tensor in inputs:
            self._pin(tensor.ids, INPUT)
        for tensor in self._walk(model, inputs, ()):
            self._pins |= dict.fromkeys(tensor.ids.tolist(), PREDICTION)
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

    def _new(self, spec: keras.KerasTensor) -> Tensor:
        first = len(self._parent)
        self._parent.extend(range(first, first + spec.shape[-1]))
        return Tensor(np.arange(first, len(self._parent)), spec)

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
        def called(operation: Any) -> Callable[..., Any]:
            def call(*arguments: Any, **others: Any) -> Any:
                if isinstance(operation, keras.Model):
                    found = self._walk(operation, arguments[0], (*path, operation.name))
                    return found[0] if len(found) == 1 else found
                given = keras.tree.flatten((arguments, others))
                tensors = [one for one in given if isinstance(one, Tensor)]
                constant = any(np.ndim(one) for one in given if not isinstance(one, Tensor))
                # Of this call: a layer may have others, and be within a model for any size.
                named, words = keras.tree.map_structure(_spec_of, (arguments, others))
                specs = keras.tree.flatten(operation.compute_output_spec(*named, **words))
                return self._read(operation, tensors, specs, path, constant)

            return call

        found = run_through(model, inputs, called)
        if found is None:
            raise InputError(
                f"{model.name!r} has no graph of layers, so that its channels can't be followed: "
                "it computes in its own code."
            )
        return found

    def _read(
        self,
        layer: Any,
        inputs: Sequence[Tensor],
        specs: Sequence[keras.KerasTensor],
        path: tuple[str, ...],
        constant: bool,
    ) -> Any:
        """Note one layer or operator; what it gives.

        Args:
            layer: of Keras.
            inputs: what it is given.
            specs: what it gives.
            path: names of the models around it.
            constant: whether it is given an array besides, which can't be cut.
        """
        kind = type(layer).__name__
        known = type(layer).__module__.partition(".")[0] == "keras" and not constant
        ids: Ids | None = None
        if isinstance(layer, SoftAttention):
            ids = inputs[0].ids
        elif known and len(specs) == 1:
            ids = self._ids(layer, kind, inputs, specs[0])
        if ids is None:
            for tensor in inputs:
                self._pin(tensor.ids, f"{layer.name} ({kind}) needs it as it is")
            given = [self._new(spec) for spec in specs]
            for tensor in given:
                self._pin(tensor.ids, f"{layer.name} ({kind}) makes it")
        else:
            given = [Tensor(ids, specs[0])]
        place = (*path, layer.name)
        use = Use(place, layer, kind, tuple(inputs), given[0])
        before = self._first.setdefault(place, use)
        # The same weights, or width, again: what they take and give is the same channels.
        if kind == "Reshape" and layer.target_shape[-1] != -1:
            self._join(use.output.ids, before.output.ids)
        if ids is not None:
            self.uses.append(use)
            if getattr(layer, "weights", None):
                self._join(inputs[0].ids, before.inputs[0].ids)
                self._join(use.output.ids, before.output.ids)
        return given[0] if len(given) == 1 else given

    def _ids(
        self, layer: Any, kind: str, inputs: Sequence[Tensor], spec: keras.KerasTensor
    ) -> Ids | None:
        """The channels of a tensor that Keras' own layer or operator makes; None: unknown."""
        if getattr(getattr(layer, "activation", None), "weights", None):
            return None  # a layer itself, with slopes: Keras has them among the weights of this one
        shape = tuple(spec.shape[1:])
        if kind in FRESH:
            if getattr(layer, "groups", 1) != 1 or len(inputs) != 1 or _mixes(layer, inputs[0]):
                return None
            made = self._new(spec).ids
            if _looks_around(layer.activation):
                self._pin(made, f"{layer.name} ({kind}) looks at all of them")
            return made
        if kind == "Concatenate" and layer.axis in (-1, len(shape)):
            return np.concatenate([tensor.ids for tensor in inputs])
        if kind == "Flatten" and len(inputs[0].ids) == inputs[0].shape[-1]:
            return np.tile(inputs[0].ids, shape[0] // inputs[0].shape[-1])
        if kind in MERGED:
            return self._merged(inputs, shape)
        each = kind == "Rescaling" and (np.ndim(layer.scale) or np.ndim(layer.offset))
        if each and set(inputs[0].ids) - set(self._pins):
            return None  # a number for each channel, in its settings
        if kind not in SAME or len(inputs) != 1 or _mixes(layer, inputs[0]):
            return None
        apart = not _looks_around(getattr(layer, "activation", None))
        if apart and len(inputs[0].ids) == shape[-1] == inputs[0].shape[-1]:
            return inputs[0].ids
        return None

    def _merged(self, inputs: Sequence[Tensor], shape: tuple[int, ...]) -> Ids | None:
        whole = [tensor for tensor in inputs if len(tensor.ids) == shape[-1]]
        if not whole or any(len(tensor.ids) not in (1, shape[-1]) for tensor in inputs):
            return None
        for tensor in whole[1:]:
            self._join(tensor.ids, whole[0].ids)
        return whole[0].ids


def _spec_of(given: Any) -> Any:
    return given.spec if isinstance(given, Tensor) else given


def _mixes(layer: Any, given: Tensor) -> bool:
    """Whether its settings have it look from one channel at others, or make several of one."""
    first = getattr(layer, "data_format", None) == "channels_first"
    if first or getattr(layer, "depth_multiplier", 1) != 1:
        return True
    return getattr(layer, "axis", -1) not in (-1, len(given.shape))


def _looks_around(activation: Any) -> bool:
    """Whether an activation looks from one channel at others; what isn't Keras' own may."""
    if isinstance(activation, keras.Layer):
        inner = getattr(activation, "activation", None)
        return type(activation).__name__ not in SAME or _looks_around(inner)
    name = getattr(activation, "__name__", "")
    own = activation is None or getattr(keras.activations, name, None) is activation
    return not own or name in MIXING
