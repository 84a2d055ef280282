"""Fill a network from a weights file of exactly that network; Keras itself lets too much pass."""

from pathlib import Path
from typing import Any

import h5py
import keras

from skinlite.errors import InputError
from skinlite.files.read_write import check_regular
from skinlite.models.keras_file import load_keras


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
