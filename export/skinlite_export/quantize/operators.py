"""Which layers of the deploy graph a converted file's operators come from.

The converter names a tensor after all that it fused into it, ``twin/re_lu/Relu;twin/conv_bn/...;
twin/conv/Conv2D1``. People name one layer.
"""

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from skinlite.errors import InputError
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.graph.folding import split_separable
from skinlite_export.tflite.flatbuffer import OPERATORS, operator_codes, unpack


@dataclass(frozen=True)
class Operation:
    """One operator of a file.

    Attributes:
        layer: what it is called: of the layers fused into it, the first one with weights, or the
            first.
        layers: all of them.
        operator: in TFLite's name.
        tensor: its output, in the file's name.
    """

    layer: str
    layers: frozenset[str]
    operator: str
    tensor: str


def operations_of(content: bytes, graph: Graph) -> list[Operation]:
    """The operators of a .tflite that was made from a deploy graph, in the order they run."""
    model = unpack(content)
    codes = operator_codes(model)
    return [
        operation_of(
            model.subgraphs[0].tensors[operator.outputs[0]].name.decode(),
            OPERATORS[codes[operator.opcodeIndex]],
            graph,
        )
        for operator in model.subgraphs[0].operators
    ]


def operation_of(tensor: str, operator: str, graph: Graph) -> Operation:
    """An operator by the name that the converter gave its output."""
    named = set(re.findall(r"twin/([^/;]+)/", tensor))
    fused = [node for node in graph.nodes if node.name in named] or [graph.nodes[-1]]
    first = next((node for node in fused if node.weights), fused[0])
    return Operation(first.name, frozenset(node.name for node in fused), operator, tensor)


def find_layers(operations: Sequence[Operation], names: Collection[str]) -> list[Operation]:
    """The operators of the layers named.

    Raises:
        InputError: no operator is of that layer; the message has the names like it.
    """
    _check(names, {name for operation in operations for name in operation.layers})
    return [operation for operation in operations if not operation.layers.isdisjoint(names)]


def check_layers(graph: Graph, names: Collection[str]) -> None:
    """Refuse, before minutes of work, what no layer is called.

    Raises:
        InputError: as of `find_layers`.
    """
    _check(names, {node.name for node in split_separable(graph).nodes})


def _check(names: Collection[str], layers: set[str]) -> None:
    known = sorted(layers)
    for name in names:
        if name not in layers:
            near = difflib.get_close_matches(name, known, n=3) or known[:3]
            raise InputError(
                f"There is no layer {name!r} in the deploy graph. Similar names: "
                f"{', '.join(near)}. `explain_error=True` lists them."
            )
