"""Load a ``.keras`` file, or say what lies there under its name instead."""

import zipfile
from pathlib import Path
from typing import Any

from skinlite.errors import InputError
from skinlite.files.read_write import check_regular, open_regular

WHOLE = "model.weights.h5"
"""What every .keras has in its zip."""

PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
"""How a pickle begins, from protocol 2 on."""


def load_keras(path: Path, *, compiled: bool = False) -> Any:
    """The Keras model in a file (``safe_mode``: nothing in it is executed).

    Args:
        path: of the file.
        compiled: to be trained on, with its optimizer.

    Raises:
        InputError: the file is missing, damaged, or of another kind; what is told of that is from
            its first bytes, for nothing else is loaded.
    """
    check_regular(path)
    if other := other_kind(path):
        raise InputError(
            f"{path} can't be loaded: it is {other}. Only what Keras 3 saved as .keras is, and no "
            "code in a file is ever run."
        )
    import keras

    import skinlite.models.soft_attention  # noqa: F401  registers the layer
    from skinlite.models.keras_layers import keep_slopes, make_names_plain

    try:
        model = keras.saving.load_model(path, compile=compiled, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).rpartition("Exception encountered: ")[2].partition(". ")[0]
        raise InputError(
            f"{path} can't be loaded: {reason.strip()}. Only what Keras 3 saved as .keras is, and "
            "no code in a file is ever run."
        ) from error
    make_names_plain(model)
    keep_slopes(model)
    return model


def other_kind(path: Path) -> str | None:
    """What a file is that isn't a .keras, in words."""
    with open_regular(path) as stream:
        start = stream.read(8)
        if start.startswith(b"PK"):
            return _other_zip(stream)
    if not start:
        return "empty"
    if start == b"\x89HDF\r\n\x1a\n":
        return (
            "an HDF5 file, Keras's older format, with another name; open it with the Keras "
            "version that saved it and save it as .keras, or name it .h5 to use it for `weights`"
        )
    if start[:2] in PICKLES:
        return "a Python pickle, which runs code when it is loaded"
    if start[4:] == b"TFL3":
        return "a .tflite with another name"
    return f"not a Keras file: it begins with {start!r}"


def _other_zip(stream: Any) -> str | None:
    try:
        names = zipfile.ZipFile(stream).namelist()
    except zipfile.BadZipFile:
        return "a truncated or damaged zip"
    if WHOLE in names and "config.json" in names:
        return None
    if any(name.endswith("data.pkl") for name in names):
        return "a PyTorch file, whose pickle runs code when it is loaded"
    return f"a zip without {WHOLE} or config.json"
