"""Read any .onnx: by onnxruntime where that runs it, its operators by the ``onnx`` package."""

import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from skinlite.errors import InputError
from skinlite.files.read_write import check_regular
from skinlite_export.inspect.opened import Arrays, Opened
from skinlite_export.inspect.record import InspectedTensor, Inspection, layout_of

BORDER = ("QuantizeLinear", "DequantizeLinear")
NAMES = {"float": "float32", "double": "float64"}
"""onnxruntime's names of number formats where they aren't NumPy's."""


def open_onnx(path: Path) -> Opened:
    """See `skinlite_export.inspect.open_model.open_model`."""
    check_regular(path)
    model = _read(path)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own classes derive from Exception directly
        reason = str(error).strip().rstrip(".")
        if model is None or not model.graph.node:
            raise InputError(f"{path} can't be read as .onnx: {reason}.") from error
        found = _inspection(path, model, (), (), {})
        return Opened(found.model_copy(update={"runs": f"onnxruntime can't run it: {reason}."}))
    notes = session.get_modelmeta()
    inputs = [_tensor(one) for one in session.get_inputs()]
    outputs = [_tensor(one) for one in session.get_outputs()]
    found = _inspection(path, model, inputs, outputs, notes.custom_metadata_map)
    if not found.made_by:
        found = found.model_copy(update={"made_by": notes.producer_name})
    batches = all(tensor.shape[:1] == (None,) for tensor in inputs)
    return Opened(found, _runner(session, found), batches)


def _runner(session: Any, found: Inspection) -> Callable[[Arrays], Arrays]:
    def run(values: Arrays) -> Arrays:
        given = {one.name: value for one, value in zip(found.inputs, values, strict=True)}
        return [np.asarray(one, np.float32) for one in session.run(None, given)]

    return run


def _read(path: Path) -> Any:
    """The graph without weights that lie elsewhere; None where ``onnx`` isn't installed."""
    if importlib.util.find_spec("onnx") is None:
        return None
    import onnx

    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's DecodeError, of whichever implementation there is
        raise InputError(f"{path} is no .onnx, or damaged: {error}.") from error
    for name in sorted(set(_external(model))):
        if not (path.parent / name).is_file():
            raise InputError(
                f"{path} has weights in another file, {name!r}, which isn't beside it. Copy that "
                "too, or save the model in one file."
            )
    return model


def _external(model: Any) -> Iterator[str]:
    for tensor in model.graph.initializer:
        if tensor.data_location == 1:  # TensorProto.EXTERNAL
            yield next((one.value for one in tensor.external_data if one.key == "location"), "")


def _inspection(
    path: Path,
    model: Any,
    inputs: Iterable[InspectedTensor],
    outputs: Iterable[InspectedTensor],
    notes: dict[str, str],
) -> Inspection:
    operators: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    islands: Counter[str] = Counter()
    made_by, size = "", path.stat().st_size
    if model is not None:
        made_by = f"{model.producer_name} {model.producer_version}".strip()
        size += sum((path.parent / name).stat().st_size for name in set(_external(model)))
        rounded = {one.output[0] for one in model.graph.node if one.op_type == BORDER[1]}
        followed = {one.input[0] for one in model.graph.node if one.op_type == BORDER[0]}
        for node in model.graph.node:
            standard = node.domain in ("", "ai.onnx")
            name = node.op_type if standard else f"{node.domain}.{node.op_type}"
            operators[name] += 1
            if node.op_type not in (*BORDER, "Constant"):
                integer = node.output[0] in followed or any(one in rounded for one in node.input)
                formats["int8 (QDQ)" if integer else "float32 or other"] += 1
                islands[name] += not integer
    integers = formats["int8 (QDQ)"]
    return Inspection(
        file=path.name,
        format="onnx",
        bytes=size,
        made_by=made_by,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        operators=dict(operators.most_common()),
        number_formats=dict(formats.most_common()),
        float_islands={name: n for name, n in islands.most_common() if n and integers * 2 > n},
        metadata=dict(notes),
    )


def _tensor(value: Any) -> InspectedTensor:
    """onnxruntime's types are such as ``tensor(float)``; a length that isn't fixed has a name."""
    kind = value.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(one if isinstance(one, int) and one > 0 else None for one in value.shape or ())
    return InspectedTensor(
        name=value.name, shape=shape, dtype=NAMES.get(kind, kind), layout=layout_of(shape)
    )
