"""Read a .keras or .h5 without running anything: its layers are JSON in it.

Keras loads it afterwards where that is safe: no Lambda, no layer that isn't Keras' own or ours.
"""

import builtins
import importlib.util
import json
import re
import shutil
import tempfile
import zipfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from skinlite.errors import InputError, MissingExtraError
from skinlite.files.read_write import check_regular, open_regular
from skinlite.models.keras_2.config import (
    changed_functions,
    copy_with,
    modernized,
    objects_of,
    released_attention,
)
from skinlite.models.keras_file import other_kind
from skinlite.process.quiet import silenced
from skinlite_export.inspect.opened import Arrays, Opened
from skinlite_export.inspect.record import InspectedTensor, Inspection, layout_of

OURS = "skinlite>"
"""Before the names of our own layers."""

KERAS_2 = ("TFOpLambda", "SlicingOpLambda")
"""Operators on tensors as Keras 2 saved them, which Keras 3 doesn't read; see `modernized`."""

HALF = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")
"""Number formats, by Keras' names, that are read in float32."""
COMPUTES_IN = "computes in"
"""Of what `Inspection.metadata` says of them."""

FUNCTION = "__lambda__"
"""The code in a Lambda layer: the layer's name says more."""

MOST_BYTES = 64 << 20


def open_keras(path: Path) -> Opened:
    """See `skinlite_export.inspect.open_model.open_model`."""
    check_regular(path)
    with open_regular(path) as stream:
        is_zip = stream.read(2) == b"PK"
    if is_zip:
        if other := other_kind(path):
            raise InputError(f"{path} is {other}, no .keras.")
        config, notes = _from_zip(path)
    else:
        config, notes = _from_hdf5(path)
    newer = not is_zip and modernized(config)
    if not is_zip and (attention := released_attention(config, path)):
        newer, notes["Soft-Attention"] = True, f"as the paper's authors: {', '.join(attention)}"
    if half := in_float32(config):
        newer, notes[COMPUTES_IN] = True, f"{', '.join(half)}; read in float32"
    objects = list(objects_of(config))
    foreign = foreign_in(config)
    if notes.get("keras_version", "").startswith("2."):
        foreign += changed_functions(config)
    layers = Counter(str(one["class_name"]) for one in objects if _is_layer(one))
    found = Inspection(
        file=path.name,
        format="keras" if is_zip else "h5",
        bytes=path.stat().st_size,
        made_by=f"Keras {notes['keras_version']}" if "keras_version" in notes else "",
        operators=dict(layers.most_common()),
        metadata=notes,
    )
    if foreign:
        reason = (
            f"It isn't run, because {', '.join(foreign)} "
            f"{'is' if len(foreign) == 1 else 'are'} code of somebody's, or unknown to Keras 3."
        )
        return Opened(found.model_copy(update={"runs": reason}))
    suffix = ".keras" if is_zip else ".h5"
    if not newer and path.suffix == suffix:
        return _loaded(path, found)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"model{suffix}"  # by which Keras tells one from the other
        if newer:
            (_copy_with if is_zip else copy_with)(config, path, copy)
        else:
            shutil.copyfile(path, copy)
        return _loaded(copy, found)


def _loaded(path: Path, found: Inspection) -> Opened:
    """The file in Keras, with inputs, outputs and parameters."""
    if importlib.util.find_spec("keras") is None:
        error = MissingExtraError("keras", "train")
        return Opened(found.model_copy(update={"runs": str(error)}))
    with silenced():
        import keras

        import skinlite.models.soft_attention  # noqa: F401  registers the layer
        from skinlite.models.keras_layers import keep_slopes, make_names_plain

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        if not model.built:
            raise ValueError("it was never built, so that its input has no shape")
    except Exception as error:  # whatever a layer makes of a setting that it doesn't know
        reason = str(error).rpartition("Exception encountered: ")[2].strip().partition("\n")[0]
        runs = f"Keras {keras.__version__} can't load it: {reason.rstrip('.')}."
        return Opened(found.model_copy(update={"runs": runs}))
    make_names_plain(model)
    keep_slopes(model)
    found = found.model_copy(
        update={
            "inputs": tuple(_tensor(one) for one in model.inputs),
            "outputs": tuple(_tensor(one) for one in model.outputs),
            "parameters": int(model.count_params()),
        }
    )

    # On JAX Keras hands the state of a network from call to call: two at once take it twice.
    in_turn = Lock() if keras.backend.backend() == "jax" else nullcontext()

    def run(values: Arrays) -> Arrays:
        with in_turn:
            made = model.predict_on_batch(values if len(values) > 1 else values[0])
        every = made if isinstance(made, (list, tuple)) else [made]
        return [np.asarray(one, np.float32) for one in every]

    batches = all(one.shape[0] is None for one in found.inputs)
    return Opened(found, run, batches, model)


def in_float32(config: Any) -> list[str]:
    """Change a parsed configuration in place to compute in float32 what it does in half precision.

    Such networks have weights in float32, or weights that float32 holds as well. What is exported
    computes in float32 or in int8, and has no half precision to be compared with.

    Returns:
        The number formats that it had.
    """
    found, todo = set[str](), [config]
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo += value
        elif isinstance(value, dict):
            policy = value.get("dtype")
            settings = policy.get("config") if isinstance(policy, dict) else None
            name = settings.get("name") if isinstance(settings, dict) else policy
            if isinstance(name, str) and name in HALF:
                found.add(name)
                value["dtype"] = "float32"
            todo += value.values()
    return sorted(found)


def _copy_with(config: Any, path: Path, target: Path) -> None:
    """Copy a .keras with another configuration in it."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w") as copy:
        copy.writestr("config.json", json.dumps(config))
        for name in set(archive.namelist()) - {"config.json"}:
            with archive.open(name) as old, copy.open(name, "w", force_zip64=True) as new:
                shutil.copyfileobj(old, new)


def _tensor(tensor: Any) -> InspectedTensor:
    shape = tuple(tensor.shape)
    return InspectedTensor(
        name=tensor.name, shape=shape, dtype=str(tensor.dtype), layout=layout_of(shape)
    )


def _from_zip(path: Path) -> tuple[Any, dict[str, str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            config = _json(path, archive.open("config.json").read(MOST_BYTES))
            notes = _json(path, archive.open("metadata.json").read(MOST_BYTES))
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, ValueError, RuntimeError) as error:
        raise InputError(f"{path} is damaged: {error}.") from error
    texts = notes.items() if isinstance(notes, dict) else ()
    return config, {str(key): str(value) for key, value in texts}


def _from_hdf5(path: Path) -> tuple[Any, dict[str, str]]:
    if importlib.util.find_spec("h5py") is None:
        raise MissingExtraError("h5py", "train")
    import h5py

    try:
        with h5py.File(path, "r") as file:
            notes = {key: _attribute(file, key) for key in ("keras_version", "backend")}
            config = _attribute(file, "model_config")
            weights = "layer_names" in file.attrs or "layers" in file
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        reason = f"damaged: {error}" if path.stat().st_size else "it is empty"
        raise InputError(f"{path} is no .keras and no .h5 of Keras, or {reason}.") from error
    if not config:
        what = "weights only, and no network to put them into" if weights else "no Keras model"
        raise InputError(
            f"{path} has {what}. Save the whole model where it was made: model.save('model.keras')."
        )
    return _json(path, config.encode()), {key: value for key, value in notes.items() if value}


def _attribute(file: Any, key: str) -> str:
    value = file.attrs.get(key, "")
    return value.decode() if isinstance(value, bytes) else str(value)


def _json(path: Path, text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is damaged: what should be JSON in it isn't ({error})."
        ) from error


def _is_layer(thing: dict[str, Any]) -> bool:
    """Whether it has a name, as layers and networks have; of a number format that is all."""
    settings = thing.get("config")
    return isinstance(settings, dict) and "name" in settings and len(settings) > 1


def foreign_in(config: Any) -> list[str]:
    """The names of all in a parsed configuration that runs somebody's code, or is unknown."""
    names = {name for one in objects_of(config) if (name := _foreign(one))}
    return sorted(names - {FUNCTION} or names)


def _foreign(thing: dict[str, Any]) -> str:
    """The name of what runs somebody's code, or what Keras 3 doesn't know; else empty."""
    name, module, settings = str(thing["class_name"]), thing.get("module"), thing.get("config")
    registered = str(thing.get("registered_name") or "")
    own = settings.get("name") if isinstance(settings, dict) else settings
    title = f"{name} {own!r}" if isinstance(own, str) else name
    if "ambda" in name or name in KERAS_2:
        return title
    if registered.startswith(OURS) or name.startswith(OURS):
        return ""
    if module == "builtins":  # so Keras notes its own functions, such as relu
        return title if name != "function" or str(own) in dir(builtins) else ""
    theirs = module is not None and not re.match(r"keras(\.|$)|tensorflow\.keras", str(module))
    custom = ">" in name or ">" in registered or (module is None and registered not in ("", name))
    if name == "SoftAttention":  # of the paper's authors, or by its name alone
        return title
    return title if theirs or custom else ""
