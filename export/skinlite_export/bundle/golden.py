"""Golden vectors: images and answers with every number they must become, stage by stage.

``golden/vectors.json`` lists, for one held-out image a class: the raw image (PNG, so that no
JPEG decoder stands in between), the patient's answers, and for each model file the pixels after
crop and resize (PNG), the patient's tensors, and what the file must answer. A phone that gets the
first wrong number knows which of its stages is wrong. The last one is a JPEG that skinlite drew,
for the decoder (`skinlite_export.decoding`); its patient has no age.

Format history of vectors.json: 1 first; 2 what goes into and comes out of each model file by its
tensors, because files differ in them; since the JPEG, ``decoded``, ``levels`` and ``decoders`` may
be there, and where the manifest has one, each file's ``decision``. Its JSON
Schema is ``schemas/vectors.schema.json``.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from PIL import Image
from pydantic import Field

from skinlite.classes import HAM10000, ClassList
from skinlite.data.patient import Patient, PatientEncoder, patients_of
from skinlite.data.preprocessing import Pixels, load_image
from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite.vocabulary import IMAGE
from skinlite_export import decoding
from skinlite_export.bundle.folder import Bundle
from skinlite_export.decision.decide import Decider
from skinlite_export.manifest.decision import Decided
from skinlite_export.runtime.model_inputs import patients_for, pixels_for
from skinlite_export.runtime.runner import Runner
from skinlite_export.runtime.signature import Record

FOLDER, VECTORS = "golden", "vectors.json"
TOLERANCE = 2e-2
"""Largest difference of a probability that another CPU may make: a few steps of an int8 output.

One step of one int8 MEAN can become that much in a network that learned little (docs/arm64.md).
"""

JPEG_LEVELS = 3
"""Largest difference of a level between good decoders: that of libjpeg's float IDCT in the golden
JPEG. The fast integer one makes 8 there, plain upsampling 15 (docs/bundle.md)."""

UNTOLD_AGE = {"sex": "female", "localization": "back"}
"""The JPEG's patient: a missing age is among the golden vectors, whatever the data has."""


class Expected(Record):
    """What one model file is given, and what it must answer.

    Attributes:
        pixels: PNG in ``golden/`` with the levels of the image tensor.
        patient: the other inputs by name, as the file stores them: quantized where they are.
        probabilities: real numbers, one a class, whatever the file stores.
        attention: rows of the map, where the file gives one.
        decoders: of the JPEG, by how much a probability moves where it is decoded otherwise, by the
            name of the decoding (`skinlite_export.decoding.OTHERS`).
        decision: what is decided from the probabilities.
    """

    pixels: str
    patient: dict[str, list[float]]
    probabilities: list[float] = Field(min_length=2)
    attention: list[list[float]] | None = None
    decoders: dict[str, float] | None = None
    decision: Decided | None = None


class Vector(Record):
    """One image and its patient.

    Attributes:
        picture: PNG, or a JPEG, in ``golden/``.
        patient: None where the network takes none.
        dx: of a held-out image; empty for the JPEG, which shows nobody.
        decoded: PNG of what the JPEG's decoder has to give, upright.
        levels: largest difference of a level that a right decoder may make.
        encoded: the patient in the columns of patient_encoding.json.
        models: by file name.
    """

    picture: str
    decoded: str | None = None
    levels: int = 0
    dx: str
    patient: Patient | None
    encoded: list[float]
    models: dict[str, Expected]


class Vectors(Record):
    """All of a bundle's golden vectors.

    Attributes:
        tolerance: largest difference of one probability that another processor may make; a wider
            one than the exporter's would let another network pass.
    """

    schema_version: Literal[2] = 2
    tolerance: float = Field(TOLERANCE, gt=0, le=TOLERANCE)
    vectors: list[Vector] = Field(min_length=1)


def read_vectors(bundle: Bundle) -> Vectors:
    """A bundle's golden vectors.

    Raises:
        InputError: they are missing, damaged, of another version or of other classes.
    """
    path = bundle.path / FOLDER / VECTORS
    known = read_json(Vectors, path)
    classes = len(bundle.manifest.classes)
    for vector in known.vectors:
        for file, expected in vector.models.items():
            if len(expected.probabilities) != classes:
                raise InputError(
                    f"{path}: {vector.picture} has {len(expected.probabilities)} probabilities "
                    f"of {file}, and the manifest {classes} classes."
                )
    return known


def names_of(classes: Iterable[str]) -> dict[str, str]:
    """By class, what its golden images are called: the code, as far as a file can be so called."""
    names: dict[str, str] = {}
    for code in classes:
        name = plain = re.sub(r"[^a-z0-9_-]+", "_", code)[:60]
        number = 2
        while name in (*names.values(), decoding.JPEG.stem):
            name, number = f"{plain}_{number}", number + 1
        names[code] = name
    return names


def write_golden(
    folder: Path,
    frame: pd.DataFrame,
    encoder: PatientEncoder,
    runners: dict[str, Runner],
    classes: ClassList = HAM10000,
    decide: Decider | None = None,
) -> None:
    """Write one vector a class into ``folder``, and that of the JPEG.

    Args:
        folder: the bundle's.
        frame: rows of the held-out images.
        encoder: of the patients.
        runners: of the model files, by name.
        classes: the frame's diagnoses.
        decide: as the bundle decides, where it does.
    """
    golden = folder / FOLDER
    golden.mkdir()
    vectors = []
    for code, name in names_of(classes.codes).items():
        rows = frame[frame["dx"] == code].head(1)
        if rows.empty:
            continue
        image = load_image(rows["path"].iloc[0])
        (patient,) = patients_of(rows, encoder)
        Image.fromarray(image).save(golden / f"{name}.png")
        vectors.append(
            Vector(
                picture=f"{name}.png",
                dx=code,
                patient=patient if encoder.asks else None,
                encoded=encoder.encode([patient])[0].tolist(),
                models=_models(golden, name, image, patient, encoder, runners, decide),
            )
        )
    vectors.append(_jpeg(golden, encoder, runners, decide))
    (golden / VECTORS).write_text(Vectors(vectors=vectors).model_dump_json(indent=2) + "\n")


def _models(
    golden: Path,
    name: str,
    image: Pixels,
    patient: Patient,
    encoder: PatientEncoder,
    runners: dict[str, Runner],
    decide: Decider | None,
) -> dict[str, Expected]:
    models = {}
    for file, runner in runners.items():
        pixels = pixels_for(runner, image)
        stored = f"{name}.{pixels.shape[0]}x{pixels.shape[1]}.png"
        Image.fromarray(pixels).save(golden / stored)
        expected = expect(runner, pixels, stored, patient, encoder)
        decided = decide(expected.probabilities, pixels) if decide else None
        models[file] = expected.model_copy(update={"decision": decided})
    return models


def _jpeg(
    golden: Path, encoder: PatientEncoder, runners: dict[str, Runner], decide: Decider | None
) -> Vector:
    """The JPEG: what it must become, and what other decoders would change."""
    shutil.copyfile(decoding.JPEG, golden / decoding.JPEG.name)
    name, image = decoding.JPEG.stem, decoding.decoded("accurate")
    Image.fromarray(image).save(golden / f"{name}.png")
    told = {field: value for field, value in UNTOLD_AGE.items() if field not in encoder.untold}
    patient = Patient(**told)
    models = _models(golden, name, image, patient, encoder, runners, decide)
    for file, runner in runners.items():
        moved = {}
        for other in decoding.OTHERS:
            pixels = pixels_for(runner, decoding.decoded(other))
            probabilities = expect(runner, pixels, "", patient, encoder).probabilities
            moved[other] = float(
                np.abs(np.subtract(probabilities, models[file].probabilities)).max()
            )
        models[file] = models[file].model_copy(update={"decoders": moved})
    return Vector(
        picture=decoding.JPEG.name,
        decoded=f"{name}.png",
        levels=JPEG_LEVELS,
        dx="",
        patient=patient if encoder.asks else None,
        encoded=encoder.encode([patient])[0].tolist(),
        models=models,
    )


def expect(
    runner: Runner, pixels: Pixels, name: str, patient: Patient, encoder: PatientEncoder
) -> Expected:
    """What a file stores and answers for pixels of its size, kept as ``name``, and a patient."""
    (vector,) = patients_for(runner, [patient], encoder)
    runner.set_inputs(pixels, vector)
    runner.invoke()
    attention = runner.attention()
    tensors = runner.signature.pack(pixels, vector)
    return Expected(
        pixels=name,
        patient={key: value.ravel().tolist() for key, value in tensors.items() if key != IMAGE},
        probabilities=runner.probabilities().tolist(),
        attention=None if attention is None else attention.tolist(),
    )
