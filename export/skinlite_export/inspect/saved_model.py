"""Read a SavedModel's signature without loading it: its graph may read and write files."""

from collections import Counter
from pathlib import Path
from typing import Any

from skinlite.errors import InputError
from skinlite.files.read_write import read_regular
from skinlite.process.extras import need
from skinlite_export.inspect.opened import Opened
from skinlite_export.inspect.record import InspectedTensor, Inspection, layout_of

MARK = "saved_model.pb"
MOST_BYTES = 2 << 30
HIDDEN = "__saved_model"
"""Before the names of signatures that aren't to be called."""


def open_saved_model(path: Path) -> Opened:
    """See `skinlite_export.inspect.open_model.open_model`."""
    need("tensorflow", "train")
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(read_regular(path / MARK, MOST_BYTES))
        graph = model.meta_graphs[0]
    except Exception as error:  # protobuf's DecodeError, of whichever implementation there is
        raise InputError(f"{path / MARK} is damaged: no graph can be read from it.") from error
    named = {name: one for name, one in graph.signature_def.items() if not name.startswith(HIDDEN)}
    if not named:
        raise InputError(
            f"{path} has no signature: what it takes and gives isn't said. Save it again with "
            "signatures, or as .keras."
        )
    signature = named.get("serving_default") or named[min(named)]
    functions = [node for one in graph.graph_def.library.function for node in one.node_def]
    operators = Counter(node.op for node in (*graph.graph_def.node, *functions))
    reason = (
        "It isn't run: the graph of a SavedModel may read and write files. Save it as .keras, or "
        "convert it to .tflite, and inspect that."
    )
    found = Inspection(
        file=path.name,
        format="saved_model",
        bytes=sum(one.stat().st_size for one in path.rglob("*") if one.is_file()),
        made_by=f"TensorFlow {graph.meta_info_def.tensorflow_version}".strip(),
        signatures=tuple(sorted(named)),
        inputs=_tensors(signature.inputs),
        outputs=_tensors(signature.outputs),
        operators=dict(operators.most_common()),
        runs=reason,
    )
    return Opened(found)


def _tensors(named: Any) -> tuple[InspectedTensor, ...]:
    from tensorflow.dtypes import as_dtype

    found = []
    for name, info in sorted(named.items()):
        lengths = [one.size for one in info.tensor_shape.dim]
        shape = tuple(None if length < 0 else int(length) for length in lengths)
        found.append(
            InspectedTensor(
                name=name, shape=shape, dtype=as_dtype(info.dtype).name, layout=layout_of(shape)
            )
        )
    return tuple(found)
