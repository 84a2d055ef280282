"""`Calibrated`: a deploy graph in float32 that knows its ranges, from which int8 files are made."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite_export.convert.to_tflite import quantize
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.quantize.operators import Operation, find_layers, operations_of
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.on_tflite import FINISHED
from skinlite_export.runtime.runner import load_runner, predict_all


@dataclass(frozen=True)
class Calibrated:
    """What all int8 files of one export have in common.

    Attributes:
        content: the float32 .tflite with ranges.
        graph: what it was made of.
        recipe: what is made of it.
    """

    content: bytes
    graph: Graph
    recipe: Recipe

    @cached_property
    def operations(self) -> list[Operation]:
        """Its operators, in the order they run."""
        return operations_of(self.content, self.graph)

    def to_int8(self, keep_float: Collection[str] = ()) -> bytes:
        """The int8 file with some layers in float.

        Raises:
            InputError: there is no such layer.
        """
        return self.quantize(operation.tensor for operation in self.in_float(keep_float))

    def quantize(self, float_tensors: Iterable[str]) -> bytes:
        """The int8 file in which the operators that give some tensors stay in float."""
        content = quantize(
            self.content, float_operators=self.graph.float_operators, float_tensors=float_tensors
        )
        for name, rewrite in FINISHED.items():
            content = rewrite(content) if name in self.recipe.rewrites else content
        return content

    def float_operators(self, keep_float: Collection[str] = ()) -> frozenset[str]:
        """Every operator that such a file may compute in float: it was asked for."""
        kept = {operation.operator for operation in self.in_float(keep_float)}
        return self.graph.float_operators | kept | set(self.recipe.allow_float)

    def in_float(self, keep_float: Collection[str] = ()) -> list[Operation]:
        """The operators that stay in float: of the layers named, and of those the rewrites name."""
        return find_layers(self.operations, self.graph.float_nodes | set(keep_float))


def answers(content: bytes, examples: Examples) -> NDArray[np.float32]:
    """Probabilities (N, classes) of a .tflite in memory."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        return predict_all(load_runner(path), examples.each_image(), examples.patients)
