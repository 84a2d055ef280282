"""`Nodes`: the nodes of a graph that is being read, and what all of its readers write."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skinlite.errors import InputError
from skinlite.models.keras_layers import calls_of, plain
from skinlite_export.graph.deploy_graph import Node


class Nodes:
    """Nodes by name, in the order in which they were read.

    What is called twice, or is called as another layer is, gets a node of its own each time, with
    a number at its name. Keras takes any name without a slash, TensorFlow's scopes only `plain`
    ones, and "Conv" and "conv" for the same.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._taken: set[str] = set()

    def add(
        self, name: str, kind: str, inputs: Any = (), weights: Any = (), **settings: Any
    ) -> str:
        """Add a node; its name, which is the one given unless that is taken, or not plain."""
        name = plain(name)
        number, unique = 1, name
        while unique.lower() in self._taken:
            number += 1
            unique = f"{name}_{number}"
        self._taken.add(unique.lower())
        self.nodes[unique] = Node(unique, kind, tuple(inputs), settings, tuple(weights))
        return unique

    def affine(
        self, name: str, source: str, scale: ArrayLike = 1.0, offset: ArrayLike = 0.0
    ) -> str:
        """x * scale + offset: numbers, or vectors along the last axis.

        Raises:
            InputError: they differ along another axis.
        """
        scale, offset = np.asarray(scale, np.float32), np.asarray(offset, np.float32)
        if max(scale.size, offset.size) == 1:
            factor, shift = scale.item(), offset.item()
            if factor != 1 and shift != 0:
                return self.add(name, "Rescaling", (source,), scale=factor, offset=shift)
            if shift != 0:
                return self.add(name, "AddConstant", (source,), value=shift)
            return self.add(name, "Scale", (source,), value=factor)
        for values in (scale, offset):
            if values.size not in (1, *values.shape[-1:]):
                raise InputError(
                    f"Layer {name!r} has constants of shape {values.shape}; the exporter supports "
                    "a number, or one for each channel."
                )
        scale, offset = np.broadcast_arrays(scale.ravel(), offset.ravel())
        return self.add(
            name, "Affine", (source,), scale=tuple(scale.tolist()), offset=tuple(offset.tolist())
        )

    def activation(self, name: str, function: Any, source: str) -> str:
        """A function of each number, by Keras' name of it.

        Raises:
            InputError: another one, or one that somebody wrote.
        """
        if not isinstance(function, str):
            title = function.get("config") if isinstance(function, dict) else function
            raise InputError(
                f"Layer {name!r} has the activation {title!r}, which the exporter doesn't support."
            )
        if function == "linear":
            return source
        if function == "softmax":
            return self.add(name, "Softmax", (source,))
        if function in ("hard_silu", "hard_swish"):
            return self.add(name, "HardSwish", (source,))
        if function == "hard_sigmoid":  # relu6(x + 3) / 6; that of tf_keras is another
            moved = self.add(f"{name}_moved", "AddConstant", (source,), value=3.0)
            cut = self.add(f"{name}_cut", "ReLU", (moved,), max_value=6.0)
            return self.add(name, "Scale", (cut,), value=1 / 6)
        if function in RECTIFIERS:
            kind, settings = RECTIFIERS[function]
            return self.add(name, kind, (source,), **settings)
        if function in SAME:
            return self.add(name, "Activation", (source,), activation=SAME[function])
        raise InputError(f"Layer {name!r} has the unknown activation {function!r}.")


RECTIFIERS: dict[str, tuple[str, dict[str, float]]] = {
    "relu": ("ReLU", {}),
    "relu6": ("ReLU", {"max_value": 6.0}),
    "leaky_relu": ("LeakyReLU", {"alpha": 0.2}),
}
"""Kind and settings by Keras 3's name."""

SAME = {
    **{name: name for name in ("elu", "exponential", "gelu", "mish", "selu", "sigmoid")},
    **{name: name for name in ("softplus", "softsign", "tanh")},
    "silu": "swish",
    "swish": "swish",
}
"""Functions that are the same in tf_keras, with its names."""


def unsupported(name: str, kind: str) -> InputError:
    """The error for what can't be read."""
    return InputError(
        f"Layer {name!r} is a {kind}, which the exporter doesn't support. It exports the "
        "models of skinlite train, and those that skinlite adopt takes."
    )


def shape_into(operation: Any) -> tuple[int | None, ...]:
    """The shape, batch first, of the first tensor that a layer or operator is given.

    Raises:
        InputError: it is shared by tensors of several shapes.
    """
    shapes = {tuple(call.input_tensors[0].shape) for call in calls_of(operation)}
    if len(shapes) > 1:
        raise InputError(f"Layer {operation.name!r} is shared by feature maps of several sizes.")
    (shape,) = shapes
    return shape


def rank_into(operation: Any) -> int:
    """How many axes, the batch's among them, the first tensor that it is given has."""
    return len(calls_of(operation)[0].input_tensors[0].shape)


def last_axis(axis: int | Sequence[int] | None, rank: int) -> bool:
    """Whether an axis is the last one."""
    axes = [axis] if isinstance(axis, int) else list(axis or ())
    return axes in ([-1], [rank - 1])
