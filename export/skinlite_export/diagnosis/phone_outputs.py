"""`Outputs`: what a phone computed for a bundle's golden vectors, as it hands it in (phone.json).

Everything but the images' names may be left out; what is there is checked. The JSON Schema is
``schemas/outputs.schema.json``. Format history: 1 first.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.bundle.golden import Vectors
from skinlite_export.runtime.signature import Signature


class Given(BaseModel):
    """Base: immutable, and a misspelt field is no field."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ComputedDecision(Given):
    """What was decided for one golden image; see `skinlite_export.manifest.decision.Decided`."""

    distance: float | None = None
    familiar: bool | None = None
    classes: list[str] | None = None
    points: dict[str, bool] | None = None


class Computed(Given):
    """What was computed for one golden image.

    Attributes:
        picture: as in vectors.json.
        image: the whole image tensor as it is stored, flat, in the order of the memory.
        patient: the other input tensors as they are stored, by name.
        probabilities: real numbers: dequantized where the file stores integers.
        decision: what was decided from them and from the image.
    """

    picture: str
    image: list[float] | None = None
    patient: dict[str, list[float]] | None = None
    probabilities: list[float] | None = None
    decision: ComputedDecision | None = None


class Outputs(Given):
    """What a phone computed.

    Attributes:
        device: what it was computed on, in the phone's own words.
        model: which of the bundle's files.
    """

    schema_version: Literal[1]
    device: str = ""
    model: str = TFLITE
    vectors: list[Computed] = Field(min_length=1)


def read_outputs(path: Path, bundle: Bundle, known: Vectors) -> Outputs:
    """Read phone.json.

    Raises:
        InputError: it is missing, damaged or huge, or is about other vectors, tensors or another
            model.
    """
    outputs = read_json(Outputs, path)
    if outputs.model not in bundle.models:
        raise InputError(
            f"{path}: the bundle has no {outputs.model}, only {', '.join(bundle.models)}."
        )
    faults = list(_faults(outputs, bundle.manifest.signatures[outputs.model], known))
    if faults:
        raise InputError(f"{path}: {'; '.join(faults)}.")
    return outputs


def _faults(outputs: Outputs, signature: Signature, known: Vectors) -> Iterator[str]:
    golden, seen = [vector.picture for vector in known.vectors], set()
    every = {
        tensor.name: int(np.prod(tensor.shape))
        for tensor in (*signature.inputs, *signature.outputs)
    }
    needed = {
        tensor.name: every[tensor.name] for tensor in (*signature.inputs, signature.outputs[0])
    }
    image, answer = signature.image.name, signature.outputs[0].name
    patient = sorted(needed.keys() - {image, answer})
    for one in outputs.vectors:
        if one.picture not in golden:
            yield f"there is no golden image {one.picture!r}, only {', '.join(golden)}"
        if one.picture in seen:
            yield f"{one.picture} is in it twice"
        seen.add(one.picture)
        if one.image is one.patient is one.probabilities is one.decision is None:
            yield f"{one.picture} has neither image nor patient nor probabilities nor decision"
        if one.patient is not None and sorted(one.patient) != patient:
            names = ", ".join(sorted(one.patient)) or "nothing"
            yield f"{one.picture}: the metadata tensors are {', '.join(patient)}, not {names}"
            continue
        given = {image: one.image, answer: one.probabilities, **(one.patient or {})}
        for name, values in given.items():
            if values is not None and len(values) != needed[name]:
                others = [key for key, size in every.items() if size == len(values)]
                taken = (
                    f"; {' and '.join(others)} has as many: exchanged with it?" if others else ""
                )
                yield (
                    f"{one.picture}: {name} has {len(values)} numbers instead of {needed[name]}"
                    f"{taken}"
                )
