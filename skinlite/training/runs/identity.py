"""Is a network the one that a run's settings describe? What its file and its layers say."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from skinlite.errors import InputError
from skinlite.training.config import TrainConfig
from skinlite.vocabulary import CLASSES, IMAGE, PATIENT


def structure_of(path: Path) -> str | None:
    """SHA-256 of the layers, settings and connections of a ``.keras`` file, whatever its weights.

    Nothing of it is built or run. None where the file is no such archive, or damaged.
    """
    try:
        with ZipFile(path) as archive:
            if archive.testzip():
                return None
            layers = json.loads(archive.read("config.json"), object_hook=_without_addresses)
    # What zipfile raises where lengths and flags in the file are nonsense.
    except (OSError, BadZipFile, KeyError, ValueError, RuntimeError, EOFError, zlib.error):
        return None
    return hashlib.sha256(json.dumps(layers, sort_keys=True).encode()).hexdigest()


def _without_addresses(part: dict[str, Any]) -> dict[str, Any]:
    """Keras writes where an object that several layers share lay in memory."""
    return {name: value for name, value in part.items() if name != "shared_object_id"}


def check_structure(
    model: Any, config: TrainConfig, patient_width: int, path: Path, classes: int = len(CLASSES)
) -> None:
    """Compare a network with what a run's settings describe: all that is left without its hash.

    Args:
        model: Keras model.
        config: the run's settings.
        patient_width: columns of the run's encoded patients.
        path: of the model, for the message.
        classes: how many the run has.

    Raises:
        InputError: inputs, outputs, Soft-Attention, backbone, weights' shapes, or a patient branch
            that the regime closes, differ.
    """
    fault = _fault(model, config, patient_width, classes)
    if fault:
        raise InputError(
            f"{path} is not the model of this run: {fault}. Restore the file that skinlite train "
            "saved, or train again."
        )


def _fault(model: Any, config: TrainConfig, patient_width: int, classes: int) -> str | None:

    from skinlite.models.keras_layers import all_layers
    from skinlite.models.soft_attention import SoftAttention
    from skinlite.models.without_weights import without_weights
    from skinlite.training.network import float32_copy

    size = config.image_size
    takes = {IMAGE: (size, size, 3)} | ({PATIENT: (patient_width,)} if patient_width else {})
    wanted = takes, (None, classes)
    # A Sequential has neither before it is called.
    inputs = {
        tensor.name: tuple(tensor.shape[1:]) for tensor in getattr(model, "inputs", None) or ()
    }
    output = getattr(model, "output_shape", None)
    if (inputs, output) != wanted:
        takes, gives = wanted
        return f"it takes {inputs} and gives {output}, the run's takes {takes} and gives {gives}"
    if not any(isinstance(layer, SoftAttention) for layer in all_layers(model)):
        return "it has no Soft-Attention layer"
    described = without_weights(lambda: float32_copy(config, patient_width, classes))
    if model.name != described.name:
        return f"its name is {model.name}, the run's is {described.name}"
    if difference := _first_difference(model.weights, described.weights):
        return f"its weights don't have the shapes of the run's settings: {difference}"
    if (
        patient_width
        and not config.asks_patient
        and any(weight.any() for weight in model.get_layer("patient_dense").get_weights())
    ):
        return (
            f"its predictions depend on the metadata, those of the regime {config.regime!r} don't"
        )
    return None


def _first_difference(found: Sequence[Any], wanted: Sequence[Any]) -> str | None:
    if len(found) != len(wanted):
        return f"{len(found)} instead of {len(wanted)}"
    return next(
        (
            f"{weight.path} has the shape {tuple(weight.shape)}, not {tuple(other.shape)}"
            for weight, other in zip(found, wanted, strict=True)
            if tuple(weight.shape) != tuple(other.shape)
        ),
        None,
    )
