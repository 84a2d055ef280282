"""An operator of an .onnx, as what reads it sees it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from skinlite.errors import InputError

Array = NDArray[Any]
Tensor = Any
"""A Keras tensor, (batch, h, w, c) or (batch, c)."""


class Node:
    """An operator of the file.

    Attributes:
        inputs: Keras tensors and constants, in the file's order; None where one is left out.
        outputs: how many.
    """

    def __init__(self, node: Any, known: Mapping[str, Tensor | Array]) -> None:
        self.name, self.kind = node.name or node.output[0], node.op_type
        self.outputs = len(node.output)
        self.inputs: list[Any] = [known[name] if name else None for name in node.input]
        self._settings = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}

    def get(self, name: str, default: Any) -> Any:
        """A setting, or what ONNX takes where it isn't there."""
        value = self._settings.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def constant(self, place: int) -> Array | None:
        """An input that is a constant; None where it is none, or left out."""
        value = self.inputs[place] if place < len(self.inputs) else None
        return value if isinstance(value, np.ndarray) else None

    def numbers(self, place: int, name: str) -> list[int]:
        """Whole numbers that older files have as a setting and newer ones as an input."""
        given = self.constant(place)
        return list(self.get(name, [])) if given is None else given.astype(int).tolist()

    def refuse(self, what: str) -> InputError:
        """The error that names it."""
        return InputError(f"its operator {self.name!r} ({self.kind}) {what}")

    def need(self, holds: bool, what: str) -> None:
        """Refuse it unless something holds."""
        if not holds:
            raise self.refuse(what)

    def bias(self) -> Array | None:
        """The third input; None where it is left out."""
        value = self.inputs[2] if len(self.inputs) > 2 else None
        self.need(value is None or isinstance(value, np.ndarray), "has a bias that isn't constant")
        return self.constant(2)
