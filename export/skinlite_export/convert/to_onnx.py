"""The .onnx: float32, made from the float32 .tflite, with our names and order.

tf2onnx keeps HardSwish and needs a third of the transposes on this way, against its way from Keras.
"""

import math
import tempfile
import warnings
from collections.abc import Iterable, Iterator, MutableSet
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import onnx
from onnx import helper

from skinlite.process.quiet import silenced
from skinlite.vocabulary import IMAGE, PATIENT, PROBABILITIES
from skinlite_export.convert.onnx_edges import attribute
from skinlite_export.convert.onnx_transposes import channels_first

OPSET = 17
"""The newest opset that onnxruntime has run on every platform since 1.14."""

TWIN = "twin/"
"""How the converter's names of tensors begin, of every layer in them."""


def to_onnx(float32_tflite: bytes) -> bytes:
    """Convert a float32 .tflite of ours to .onnx; batch 1, inputs image and patient.

    The same file gives the same bytes.
    """
    return to_onnx_with_origins(float32_tflite)[0]


def to_onnx_with_origins(float32_tflite: bytes) -> tuple[bytes, dict[str, str]]:
    """Convert as `to_onnx` does; and of each tensor, which one of the .tflite it comes from.

    Where tf2onnx splits an operator in two, the second one's tensor has the name of the first's.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), silenced():
        from tf2onnx.convert import from_tflite

        # tf2onnx reads the file with the deprecated tf.lite.Interpreter.
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.tflite"
        path.write_bytes(float32_tflite)
        with _same_steps():
            own: dict[str, Any] = {"TFL_GELU": (_gelu, [])}
            model, _ = from_tflite(str(path), opset=OPSET, custom_op_handlers=own)
    channels_first(model)
    _name_modes(model.graph)
    origins = _canonicalize(model.graph)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True), origins


def _name_modes(graph: onnx.GraphProto) -> None:
    """Write the default mode of each Pad: without it pnnx makes a layer that ncnn hasn't got, and
    ncnn can't load the file (findings/pnnx-pad-without-mode.sh)."""
    for node in graph.node:
        if node.op_type == "Pad" and attribute(node, "mode") is None:
            node.attribute.append(helper.make_attribute("mode", "constant"))


def _gelu(graph: Any, node: Any, name: str, _: Any) -> None:
    """x * (1 + erf(x / sqrt(2))) * 0.5, which tf2onnx lacks, and opset 17 as one operator.

    So PyTorch writes it, and onnxruntime makes one operator of it again.
    """
    (x,), (result,) = node.input, node.output
    shape, dtype = graph.get_shape(result), graph.get_dtype(result)
    graph.remove_node(name)

    def constant(value: float) -> str:
        made = graph.make_const(f"{name}_{value:.2g}", np.array(value, np.float32))
        return str(made.output[0])

    scaled = graph.make_node("Mul", [x, constant(math.sqrt(0.5))]).output[0]
    error = graph.make_node("Erf", [scaled]).output[0]
    share = graph.make_node("Add", [error, constant(1.0)]).output[0]
    product = graph.make_node("Mul", [x, share]).output[0]
    inputs = [product, constant(0.5)]
    graph.make_node("Mul", inputs, name=name, outputs=[result], shapes=[shape], dtypes=[dtype])


class _InOrder(MutableSet[Any]):
    """A set that is walked in the order in which things came, not in that of their hashes."""

    def __init__(self, things: Iterable[Any] = ()) -> None:
        self._things = dict.fromkeys(things)

    def __contains__(self, thing: object) -> bool:
        return thing in self._things

    def __iter__(self) -> Iterator[Any]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def add(self, thing: Any) -> None:
        self._things[thing] = None

    def discard(self, thing: Any) -> None:
        self._things.pop(thing, None)

    union = MutableSet.__or__
    issubset = MutableSet.__le__


@contextmanager
def _same_steps() -> Iterator[None]:
    """Let tf2onnx's optimizer take the same steps in each process and each conversion.

    It follows sets of nodes, hashed by address, and of names, hashed anew in each process and
    numbered on from conversion to conversion; and it stops early: which reshapes are left of two
    that cancel each other depends on that order.

    What is replaced is private to tf2onnx, as 1.17.0 has it. When it goes: without the handler
    HardSwish keeps transposes around it, which answers the same; without the ordered sets the bytes
    differ from run to run, which `test_tf2onnx_takes_the_same_steps_each_time` tells.
    """
    from tf2onnx import graph, utils
    from tf2onnx.optimizer import back_to_back_optimizer, transpose_optimizer

    with ExitStack() as patches:
        patches.enter_context(patch.object(utils, "INTERNAL_NAME", 0))
        for module in (graph, back_to_back_optimizer, transpose_optimizer):
            patches.enter_context(patch.object(module, "set", _InOrder, create=True))
        optimizer = transpose_optimizer.TransposeOptimizer
        handlers = optimizer._initialize_handlers

        def with_hard_swish(self: Any) -> None:
            handlers(self)
            self._handler_map["HardSwish"] = self._simple_through_handler

        patches.enter_context(patch.object(optimizer, "_initialize_handlers", with_hard_swish))
        yield


def _canonicalize(graph: onnx.GraphProto) -> dict[str, str]:
    """Give order and names that follow from the network's structure alone.

    Returns:
        By the new name of each operator's output, the name in the .tflite.
    """
    names = {value.name: IMAGE for value in graph.input if IMAGE in value.name}
    names |= {value.name: PATIENT for value in graph.input if PATIENT in value.name}
    names[graph.output[0].name] = PROBABILITIES
    constants = {constant.name: constant for constant in graph.initializer}
    nodes, used = _in_order(graph), []
    origins: dict[str, str] = {}
    for index, node in enumerate(nodes):
        node.name = f"{node.op_type}_{index}"
        before = next(
            (origins[names[name]] for name in node.input if names.get(name) in origins), ""
        )
        own = node.output[0] if TWIN in node.output[0] else before
        for slot, name in enumerate(node.input):
            if name in constants and name not in names:
                names[name] = f"{node.name}_constant_{slot}"
                used.append(constants[name])
        for slot, name in enumerate(node.output):
            origins[names.setdefault(name, f"{node.name}_output_{slot}")] = own
        node.input[:] = [names[name] if name else "" for name in node.input]
        node.output[:] = [names[name] if name else "" for name in node.output]
    for named in (*graph.input, *graph.output, *used):
        named.name = names[named.name]
    inputs = sorted(graph.input, key=lambda value: (IMAGE, PATIENT).index(value.name))
    # Shapes of the tensors between go: onnx infers them, and they carry the old names.
    del graph.value_info[:]
    for field, values in (("input", inputs), ("node", nodes), ("initializer", used)):
        copies = [type(value).FromString(value.SerializeToString()) for value in values]
        del getattr(graph, field)[:]
        getattr(graph, field).extend(copies)
    return origins


def _in_order(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes in the order of a depth-first walk from the output, inputs before consumers."""
    producers = {name: node for node in graph.node for name in node.output}
    order: list[onnx.NodeProto] = []
    done: set[str] = set()
    stack = [(graph.output[0].name, False)]
    while stack:
        name, inputs_done = stack.pop()
        node = producers.get(name)
        if node is None or node.output[0] in done:
            continue
        if inputs_done:
            order.append(node)
            done.add(node.output[0])
        else:
            stack.append((name, True))
            stack += [(before, False) for before in reversed(node.input)]
    return order
