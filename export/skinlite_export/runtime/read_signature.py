"""A runtime's own description of a file's tensors, as a `Signature`; other files are refused."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from skinlite.errors import InputError
from skinlite.vocabulary import AGE, IMAGE, PATIENT, PROBABILITIES, SEX, SITE
from skinlite_export.runtime.signature import (
    INPUTS,
    MEANINGS,
    OUTPUTS,
    Quantization,
    Signature,
    Tensor,
)


def read_tensor(
    path: Path,
    name: str,
    shape: Sequence[Any],
    dtype: str,
    quantization: tuple[float, int] | None = None,
    place: tuple[int, str] | None = None,
) -> Tensor:
    """One tensor.

    Args:
        path: of the file, for the message.
        name: in the signature.
        shape: batch first.
        dtype: as NumPy calls it.
        quantization: scale and zero point; a scale of 0 is none.
        place: position in the file, and the name that it has there.

    Raises:
        InputError: a shape that isn't fixed, or a number format that isn't one of ours.
    """
    scale, zero_point = quantization or (0.0, 0)
    position, raw_name = place or (None, None)
    try:
        return Tensor(
            name=name,
            shape=tuple(shape),
            dtype=dtype,
            quantization=Quantization(scale=scale, zero_point=zero_point) if scale else None,
            meaning=MEANINGS.get(name, ""),
            raw_name=raw_name,
            position=position,
        )
    except ValidationError as error:  # a dynamic axis has a name, or None, for a length
        raise InputError(
            f"{path}: {name!r} is {dtype} of shape {list(shape)}; it needs a fixed shape, and "
            "float32, int32, int8 or uint8. Export it with skinlite export."
        ) from error


def read_signature(
    path: Path, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
) -> Signature:
    """The tensors of a classifier of ours.

    Raises:
        InputError: other inputs or outputs; the message lists both.
    """
    patients = ({IMAGE, PATIENT}, {IMAGE, AGE, SEX, SITE}, {IMAGE})
    if set(inputs) not in patients or PROBABILITIES not in outputs:
        raise InputError(
            f"{path} isn't a skinlite model: it needs the inputs {IMAGE!r} and {PATIENT!r} (or "
            f"{AGE!r}, {SEX!r} and {SITE!r}, or no patient) and the output {PROBABILITIES!r}; it "
            f"has {sorted(inputs)} and {sorted(outputs)}."
        )
    return Signature(
        inputs=tuple(inputs[name] for name in INPUTS if name in inputs),
        outputs=tuple(outputs[name] for name in OUTPUTS if name in outputs),
    )
