"""Fill a network from a weights file; Keras itself lets too much pass."""

import warnings
from pathlib import Path
from typing import Any

import h5py
import keras

from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.read_write import check_regular
from skinlite.models.keras_file import load_keras
from skinlite.models.keras_layers import all_layers
from skinlite.models.pytorch.convert import is_pytorch
from skinlite.models.pytorch.read import refuse_pickle


def holds_classifier(path: Path) -> bool:
    """Whether a file is of a whole classifier; else it is taken for one of a bare backbone.

    Raises:
        InputError: no such file, or not a weights file.
    """
    if not path.exists():
        raise InputError(
            f"There is no weights file {path}. Use `weights='imagenet'`, none or FILE."
        )
    check_regular(path)
    refuse_pickle(path)
    if is_pytorch(path):
        return False
    if path.suffix == ".keras":
        return any(layer.name == "soft_attention" for layer in load_keras(path).layers)
    return any("soft_attention" in name for name in _datasets(path))


def fill(model: keras.Model, path: Path) -> None:
    """Give a model the weights of a ``.keras``, ``.weights.h5`` or Keras Applications ``.h5`` file.

    Keras reads a file of a deeper network without a word; here the numbers of weights must match.

    Raises:
        InputError: not a weights file, or one of another network.
    """
    try:
        if path.suffix == ".keras":
            model.set_weights(load_keras(path).get_weights())
            return
        held = [name for name in _datasets(path) if not name.startswith("optimizer")]
        if len(held) != len(model.weights):
            raise ValueError(f"it has {len(held)} weights, the network {len(model.weights)}")
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        first = str(error).splitlines()[0]
        raise InputError(
            f"{path} doesn't fit {model.name}: {first} Give a file with the same backbone, "
            "topology, width and size, or use `weights='none'`."
        ) from error


def fill_backbone(model: keras.Model, path: Path) -> None:
    """Give a backbone the weights of a file of it, or of a classifier that was built on it.

    A file of the backbone alone is read as `fill` reads it. In others, ``.keras`` or the ``.h5`` of
    a whole Keras 2 or 3 model, each layer of the backbone is found by its name; a warning names the
    layers that are left out.

    Raises:
        InputError: not a weights file, or a layer of the backbone is missing or has other shapes.
    """
    try:
        fill(model, path)
        return
    except InputError as error:
        arrays = _by_layer(path)
        if not arrays:
            raise
        fault = _fit(model, arrays)
        if fault:
            raise InputError(f"{error} By the layers' names: {fault}.") from error
    used = {layer.name for layer in _layers(model)}
    others = sorted({layer for layer, _ in arrays} - used)
    warnings.warn(
        f"{path} has more layers than {model.name}. They are left out: {', '.join(others)}.",
        SkinliteWarning,
        stacklevel=2,
    )


Arrays = dict[tuple[str, str], Any]
"""Weights by the names of their layer and of the variable."""


def _by_layer(path: Path) -> Arrays:
    """Empty where a file doesn't name its layers."""
    if path.suffix == ".keras":
        layers = _layers(load_keras(path))
        return {(layer.name, w.name): w.numpy() for layer in layers for w in layer.weights}
    arrays: Arrays = {}
    with h5py.File(path) as file:
        for name in _datasets(path):
            # Keras 2: mobilenetv2/Conv1/kernel:0; Keras 3's .weights.h5 has numbers: .../vars/0.
            layer, _, variable = name.rpartition("/")
            if name.startswith("optimizer") or layer.endswith("vars"):
                continue
            arrays[layer.rpartition("/")[2], variable.partition(":")[0]] = file[name][()]
    return arrays


def _fit(model: keras.Model, arrays: Arrays) -> str | None:
    """Set a model's weights by name, or say which one can't be."""
    values = []
    for layer in _layers(model):
        for weight in layer.weights:
            # Keras 2 called the kernel of a depthwise convolution so.
            names = (weight.name, f"depthwise_{weight.name}")
            value = next((arrays[layer.name, n] for n in names if (layer.name, n) in arrays), None)
            if value is None:
                return f"it has no {weight.name} of {layer.name}"
            if value.shape != tuple(weight.shape):
                return f"{layer.name} has {value.shape}, not {tuple(weight.shape)}"
            values.append((weight, value))
    for weight, value in values:
        weight.assign(value)
    return None


def _layers(model: keras.Model) -> list[Any]:
    """A model's layers, with those of models inside of it."""
    return [layer for layer in all_layers(model) if not isinstance(layer, keras.Model)]


def _datasets(path: Path) -> list[str]:
    names: list[str] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            names.append(name)

    try:
        with h5py.File(path) as file:
            file.visititems(visit)
    except OSError as error:
        raise InputError(f"{path} can't be read as a weights file: {error}") from error
    return names
