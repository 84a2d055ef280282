"""Which operators give other numbers there, each by itself, on the tensors that it has here.

In a whole network one rounding that falls to the other side is in every tensor after it, and a
difference of the answers doesn't say where it began. So every operator is run by itself, on what
it is given on this host: what it then gives otherwise is its own.
"""

import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from skinlite_benchmarks.arm64.machine import Machine, Tensors
from skinlite_export.tflite.editor import TYPES, Editor

FLOAT_ERROR = 1e-5
"""Of a tensor's largest number: float sums in another order, exponentials by another polynomial."""
DYNAMIC_ERROR = 1e-2
"""Likewise, where an operator itself rounds what it is given to one of 255 steps."""


class Deviation(BaseModel):
    """An operator that, given the same, gives other numbers than on this host.

    Attributes:
        position: in the file, from 0.
        operator: TFLite's name of it.
        tensor: the name of what it makes.
        differ: values that do.
        values: all of them.
        steps: largest difference of the stored integers; None where the tensor is float.
        relative: largest difference, relative to the tensor's largest number; likewise None.
        dynamic: makes a float tensor with integer weights, for which it quantizes what it is given.
    """

    model_config = ConfigDict(frozen=True)

    position: int
    operator: str
    tensor: str
    differ: int
    values: int
    steps: int | None = None
    relative: float | None = None
    dynamic: bool = False

    @property
    def is_rounding(self) -> bool:
        """One step, or what floats may be off by: no fault of the processor's kernels."""
        if self.relative is None:
            return self.steps == 1
        return self.relative <= (DYNAMIC_ERROR if self.dynamic else FLOAT_ERROR)


class Made(NamedTuple):
    """What an operator makes; ``name`` is that of the output in which it is seen."""

    name: str
    position: int
    operator: str
    tensor: str
    integer_weights: bool


def deviations(model: Path, tensors: Tensors, here: Machine, there: Machine) -> list[Deviation]:
    """The operators that differ, in the file's order; every other one gave the same bits.

    Args:
        model: .tflite with one subgraph and one signature.
        tensors: its inputs.
        here: this host.
        there: the other processor.
    """
    with tempfile.TemporaryDirectory() as folder:
        shown, alone = Path(folder, "shown.tflite"), Path(folder, "alone.tflite")
        file = Editor(model.read_bytes())
        made = show(file)
        shown.write_bytes(file.pack())
        known = tensors | here.outputs(shown, tensors)
        separate(file, made)
        alone.write_bytes(file.pack())
        feed = {name: known[name] for name in file.inputs}
        ours, theirs = here.outputs(alone, feed), there.outputs(alone, feed)
    differences = (_deviation(one, ours[one.name], theirs[one.name]) for one in made)
    return [deviation for deviation in differences if deviation]


def show(file: Editor) -> list[Made]:
    """Make an output of each tensor that an operator makes from the inputs, not from constants."""
    made, known = [], set(file.inputs.values())
    names = {index: name for name, index in file.outputs.items()}
    for position, operator in enumerate(file.graph.operators):
        if known.isdisjoint(operator.inputs):
            continue  # unpacks float16 weights
        constants = [file.graph.tensors[i] for i in operator.inputs if i >= 0 and i not in known]
        integer = any(constant.type == TYPES["int8"] for constant in constants)
        for index in map(int, operator.outputs):
            name = names.setdefault(index, f"tensor{index}")
            file.outputs[name] = index
            known.add(index)
            tensor = file.graph.tensors[index].name.decode()
            kind = file.operator_name(operator)
            made.append(Made(name, position, kind, tensor, integer))
    return made


def separate(file: Editor, made: Sequence[Made]) -> None:
    """Give each operator what others made as inputs, named like the outputs, instead."""
    given: dict[int, int] = {}
    for one in made:
        index = file.outputs[one.name]
        tensor = copy.copy(file.graph.tensors[index])
        tensor.name = f"given {one.name}".encode()
        file.graph.tensors.append(tensor)
        given[index] = len(file.graph.tensors) - 1
    used: set[int] = set()
    for operator in file.graph.operators:
        used.update(map(int, operator.inputs))
        operator.inputs = np.array([given.get(int(i), i) for i in operator.inputs], np.int32)
    file.inputs = {name: index for name, index in file.inputs.items() if index in used}
    file.inputs |= {
        one.name: given[index] for one in made if (index := file.outputs[one.name]) in used
    }


def _deviation(made: Made, ours: NDArray[Any], theirs: NDArray[Any]) -> Deviation | None:
    if np.array_equal(ours, theirs, equal_nan=True):
        return None
    off = np.abs(ours.astype(np.float64) - theirs)
    is_float = ours.dtype.kind == "f"
    largest = max(np.abs(ours).max(), np.finfo(np.float32).tiny)
    return Deviation(
        position=made.position,
        operator=made.operator,
        tensor=made.tensor,
        differ=int((ours != theirs).sum()),
        values=ours.size,
        steps=None if is_float else int(off.max()),
        relative=float(off.max() / largest) if is_float else None,
        dynamic=is_float and made.integer_weights,
    )
