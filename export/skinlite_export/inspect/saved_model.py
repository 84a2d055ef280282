"""Read a SavedModel's signature without loading it: its graph may read and write files.

What runs is the network of Keras 2 beside the graph (`skinlite_export.inspect.saved_keras`).
"""

import hashlib
import importlib.util
from collections import Counter
from pathlib import Path
from typing import Any

from skinlite.errors import InputError, MissingExtraError
from skinlite.files.read_write import read_regular, sha256_of
from skinlite.process.optional_packages import need
from skinlite.process.quiet import silenced
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
    found = Inspection(
        file=path.name,
        format="saved_model",
        bytes=sum(one.stat().st_size for one in path.rglob("*") if one.is_file()),
        made_by=f"TensorFlow {graph.meta_info_def.tensorflow_version}".strip(),
        signatures=tuple(sorted(named)),
        inputs=_tensors(signature.inputs),
        outputs=_tensors(signature.outputs),
        operators=dict(operators.most_common()),
    )
    if importlib.util.find_spec("tf_keras") is None:
        missing = MissingExtraError("tf_keras", "export")
        return Opened(found.model_copy(update={"runs": str(missing)}))
    from skinlite_export.inspect.saved_keras import open_network

    try:
        with silenced():
            opened = open_network(path, graph)
    except InputError as error:
        return Opened(found.model_copy(update={"runs": str(error)}))
    known = {
        key: getattr(found, key) for key in ("file", "format", "bytes", "made_by", "signatures")
    }
    opened.inspection = opened.inspection.model_copy(update=known)
    return opened


def sha256_of_folder(path: Path) -> str:
    """SHA-256 of a SavedModel: of the lines ``sha256  name`` of its files, by name."""
    names = sorted(one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file())
    lines = "".join(f"{sha256_of(path / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


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
