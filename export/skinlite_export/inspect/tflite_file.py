"""Read any .tflite: by its flatbuffer, and by LiteRT where that runs it."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from skinlite.errors import InputError
from skinlite.files.read_write import read_regular
from skinlite.process.quiet import silenced
from skinlite_export.inspect.opened import THREADS, Arrays, Opened
from skinlite_export.inspect.record import InspectedTensor, Inspection, layout_of
from skinlite_export.inspect.tflite_metadata import metadata_of
from skinlite_export.runtime.signature import Quantization
from skinlite_export.tflite.execution_plan import executed_operators
from skinlite_export.tflite.flatbuffer import OPERATORS, operator_codes, unpack

MOST_BYTES = 2 << 30
"""A flatbuffer's own limit."""

INTEGERS = ("INT8", "UINT8", "INT16", "INT4")
BORDER = ("QUANTIZE", "DEQUANTIZE")


def open_tflite(path: Path) -> Opened:
    """See `skinlite_export.inspect.open_model.open_model`."""
    content = read_regular(path, MOST_BYTES)
    fault, interpreters = "", []
    try:
        interpreters = [_interpreter(content) for _ in range(THREADS)]
    except (ValueError, RuntimeError) as error:
        fault = str(error).strip()
    try:
        model = unpack(content) if content[4:8] == b"TFL3" else None
        found = _inspection(path, content, model, interpreters) if model else None
    except Exception as error:  # a damaged flatbuffer raises whatever its reader trips over
        raise InputError(f"{path} is damaged: its flatbuffer can't be read ({error}).") from error
    if found is None:
        reason = fault.rstrip(".") if content else "it is empty"
        raise InputError(f"{path} is no .tflite: {reason or 'it does not begin as one does'}.")
    if fault:
        reason = f"LiteRT can't run it: {_told(fault.rstrip('.'), found)}."
        return Opened(found.model_copy(update={"runs": reason}))
    return Opened(found, _runner(interpreters, found))


def _told(fault: str, found: Inspection) -> str:
    """What LiteRT says; before it the reason, where it is one of its own checks of scales."""
    unscaled = [one for one in (*found.inputs, *found.outputs) if one.unscaled]
    if not unscaled or not re.search("quantization|scale", fault):
        return fault
    return (
        f"{unscaled[0].name!r} is {unscaled[0].dtype} without quantization parameters. Convert it "
        "again with a representative dataset, or get the file with its quantization. LiteRT's own "
        f"words: {fault}"
    )


def _interpreter(content: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    with silenced():
        interpreter = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    return interpreter


def _runner(interpreters: list[Any], found: Inspection) -> Callable[[Arrays], Arrays]:
    """Runs on any interpreter that is free."""
    inputs = [one["index"] for one in interpreters[0].get_input_details()]
    outputs = [one["index"] for one in interpreters[0].get_output_details()]
    free: SimpleQueue[Any] = SimpleQueue()
    for one in interpreters:
        free.put(one)

    def run(values: Arrays) -> Arrays:
        interpreter = free.get()
        try:
            for index, value in zip(inputs, values, strict=True):
                interpreter.set_tensor(index, value)
            interpreter.invoke()
            stored = [interpreter.get_tensor(index) for index in outputs]
        finally:
            free.put(interpreter)
        return [tensor.read(one) for tensor, one in zip(found.outputs, stored, strict=True)]

    return run


def _inspection(path: Path, content: bytes, model: Any, interpreters: list[Any]) -> Inspection:
    graph = model.subgraphs[0]
    types = _type_names()
    codes = operator_codes(model)
    operators: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    islands: Counter[str] = Counter()
    for operator in graph.operators:
        name = OPERATORS[codes[operator.opcodeIndex]]
        if name == "CUSTOM":
            name = model.operatorCodes[operator.opcodeIndex].customCode.decode()
        operators[name] += 1
        if name not in BORDER and len(operator.outputs):
            kind = types[graph.tensors[operator.outputs[0]].type]
            formats[kind.lower()] += 1
            islands[name] += kind == "FLOAT32"
    integers = sum(formats[kind.lower()] for kind in INTEGERS)
    partitions = None
    if interpreters:
        ran = executed_operators(interpreters[0])
        partitions = sum(one["op_name"] == "DELEGATE" for one in ran)
    signatures = [one.signatureKey.decode() for one in model.signatureDefs or ()]
    names = _signature_names(model)
    return Inspection(
        file=path.name,
        format="tflite",
        bytes=len(content),
        made_by=(model.description or b"").decode(errors="replace"),
        signatures=tuple(signatures),
        inputs=tuple(_tensor(graph, int(i), names, types) for i in graph.inputs),
        outputs=tuple(_tensor(graph, int(i), names, types) for i in graph.outputs),
        operators=dict(operators.most_common()),
        number_formats=dict(formats.most_common()),
        float_islands={name: n for name, n in islands.most_common() if n and integers * 2 > n},
        partitions=partitions,
        metadata=metadata_of(content, model),
    )


def _tensor(
    graph: Any, index: int, names: dict[int, str], types: dict[int, str]
) -> InspectedTensor:
    tensor = graph.tensors[index]
    fixed = [] if tensor.shape is None else [int(length) for length in tensor.shape]
    signed = tensor.shapeSignature
    lengths = fixed if signed is None or not len(signed) else [int(one) for one in signed]
    shape = tuple(None if length < 0 else length for length in lengths)
    return InspectedTensor(
        name=names.get(index) or tensor.name.decode(errors="replace"),
        shape=shape,
        dtype=types[tensor.type].lower(),
        layout=layout_of(shape),
        quantization=_scale(tensor.quantization),
    )


def _scale(found: Any) -> Quantization | None:
    if found is None or found.scale is None or len(found.scale) != 1 or not found.scale[0]:
        return None
    points = found.zeroPoint
    zero_point = int(points[0]) if points is not None and len(points) else 0
    return Quantization(scale=float(found.scale[0]), zero_point=zero_point)


def _signature_names(model: Any) -> dict[int, str]:
    """Names of tensors in the first signature; none where there is no signature."""
    if not model.signatureDefs:
        return {}
    first = model.signatureDefs[0]
    maps = [*(first.inputs or ()), *(first.outputs or ())]
    return {int(one.tensorIndex): one.name.decode(errors="replace") for one in maps}


def _type_names() -> dict[int, str]:
    from ai_edge_litert.schema_py_generated import TensorType

    return {code: name for name, code in vars(TensorType).items() if isinstance(code, int)}
