"""`open_model`: read a model file of any format that people ship classifiers in."""

from collections.abc import Callable
from pathlib import Path

from skinlite.errors import InputError
from skinlite.files.read_write import check_regular, sha256_of
from skinlite_export.inspect.keras_file import open_keras
from skinlite_export.inspect.onnx_file import open_onnx
from skinlite_export.inspect.opened import Opened
from skinlite_export.inspect.saved_model import MARK, open_saved_model, sha256_of_folder
from skinlite_export.inspect.scores import scores_of
from skinlite_export.inspect.suspicions import suspicions_of
from skinlite_export.inspect.tflite_file import open_tflite

FORMATS: dict[str, Callable[[Path], Opened]] = {
    ".tflite": open_tflite,
    ".lite": open_tflite,
    ".onnx": open_onnx,
    ".keras": open_keras,
    ".h5": open_keras,
    ".hdf5": open_keras,
}
"""By suffix."""


def open_model(path: Path) -> Opened:
    """Read a file, or a SavedModel's folder, and run it on a few made images.

    Nothing in it is executed that isn't an operator of its runtime or a layer of Keras.

    Raises:
        InputError: nothing there, no model, damaged, weights without a network, a part missing.
    """
    if path.is_dir():
        if not (path / MARK).is_file():
            raise InputError(f"{path} is a folder without {MARK}, so no SavedModel. Give a file.")
        opened, sha256 = open_saved_model(path), sha256_of_folder(path)
    else:
        check_regular(path)
        reader = FORMATS.get(path.suffix.lower())
        if reader is None:
            raise InputError(
                f"{path}: what is read are {', '.join(FORMATS)} files and SavedModel folders."
            )
        opened, sha256 = reader(path), sha256_of(path)
    opened.inspection = opened.inspection.model_copy(update={"sha256": sha256})
    scores = scores_of(opened)  # which notes why it can't be run
    opened.inspection = opened.inspection.model_copy(update={"scores": scores})
    notes = suspicions_of(opened)
    opened.inspection = opened.inspection.model_copy(update={"suspicions": notes})
    return opened
