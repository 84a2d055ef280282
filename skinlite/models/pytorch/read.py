"""Tensors of a .safetensors file, and what its config.json says of the network.

Nothing in such a file is code: a header in JSON and numbers. What PyTorch itself saves is a pickle,
which runs code when it is loaded, and is refused.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.files.read_write import read_regular
from skinlite.models.keras_file import other_kind
from skinlite.process.optional_packages import need

SUFFIX = ".safetensors"

PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
"""What PyTorch's own files are called."""

MOST_BYTES = 4 << 30

Floats = NDArray[np.float32]

_TYPES = {"F16": np.float16, "F32": np.float32, "F64": np.float64}


def refuse_pickle(path: Path) -> None:
    """Refuse what PyTorch saves by itself.

    Raises:
        InputError: it is named like such a file.
    """
    if path.suffix.lower() in PICKLED:
        raise InputError(
            f"{path} is named as what PyTorch saves: a Python pickle, which runs code when it is "
            "loaded. Give the same weights as .safetensors: the model's page mostly has them, or "
            "write them where you trust the file, with safetensors.torch.save_file(torch.load("
            f"{path.name!r}, weights_only=True), {path.with_suffix(SUFFIX).name!r})."
        )


def read_tensors(path: Path) -> dict[str, Floats]:
    """The floating-point tensors of a file, by their names; float16 and bfloat16 are converted.

    Counters, which PyTorch keeps as integers, are left out.

    Raises:
        InputError: another kind of file, a damaged one, or numbers in fewer than 16 bits.
    """
    need("safetensors", "train")
    from safetensors import SafetensorError, deserialize

    try:
        found = deserialize(read_regular(path, MOST_BYTES))
    except SafetensorError as error:
        reason = str(error).removeprefix("Error while deserializing: ").partition(": ")[0]
        kind = other_kind(path) or "a .keras file with another name"
        fault = f"damaged or truncated ({reason})" if kind.startswith("not a Keras") else kind
        raise InputError(
            f"{path} can't be read as .safetensors: it is {fault}. Download or save it again."
        ) from error
    return {
        name: _as_float32(path, name, tensor)
        for name, tensor in sorted(found, key=lambda one: one[0])  # in no order otherwise
        if not tensor["dtype"].startswith(("I", "U", "BOOL"))
    }


def _as_float32(path: Path, name: str, tensor: dict[str, Any]) -> Floats:
    kind, data = tensor["dtype"], tensor["data"]
    if kind == "BF16":  # the upper half of a float32
        values = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    elif kind in _TYPES:
        values = np.frombuffer(data, np.dtype(_TYPES[kind]).newbyteorder("<")).astype(np.float32)
    else:
        raise InputError(
            f"{path} has {name} in {kind}. Save it in float32, float16 or bfloat16: numbers of "
            "fewer bits need scales that aren't in the file."
        )
    return values.reshape(tensor["shape"])


@dataclass(frozen=True)
class Described:
    """What is known of a file besides its tensors.

    Attributes:
        architecture: timm's name of the network, or None.
        by: where that is from: ``config.json`` or ``name``.
        pixels: mean and deviation of pixels in [0, 1], or None.
    """

    architecture: str | None = None
    by: str = "name"
    pixels: tuple[tuple[float, ...], tuple[float, ...]] | None = None


def described(path: Path) -> Described:
    """Read the config.json beside a file, as timm writes it; without one go by the file's name.

    Raises:
        InputError: a config.json that can't be read, or with pixels that make no sense.
    """
    beside = path.with_name("config.json")
    if not beside.is_file():
        return Described(path.name.partition(".")[0])
    try:
        config = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{beside}, which should describe {path.name}, can't be read: {error}. Restore it, or "
            "move the weights to a folder without it."
        ) from error
    if not isinstance(config, dict) or not isinstance(config.get("architecture"), str):
        return Described(path.name.partition(".")[0])
    inner = config.get("pretrained_cfg")
    stated = config | (inner if isinstance(inner, dict) else {})
    pixels = None
    if "mean" in stated or "std" in stated:
        pixels = _three(stated.get("mean")), _three(stated.get("std"))
        if not all(pixels) or not all(value > 0 for value in pixels[1]):
            raise InputError(
                f"{beside} has no usable mean and std: each is three finite numbers, std above 0. "
                "Restore the file that belongs to the weights."
            )
    return Described(config["architecture"], "config.json", pixels)


def _three(values: Any) -> tuple[float, ...]:
    """Empty where they are something else."""
    numbers = isinstance(values, list) and all(
        isinstance(value, int | float) and np.isfinite(value) for value in values
    )
    return tuple(float(value) for value in values) if numbers and len(values) == 3 else ()
