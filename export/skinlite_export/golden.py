"""Golden vectors: pictures and answers with every number they must become, stage by stage.

``golden/vectors.json`` lists, for one held-out picture a class: the raw picture (PNG, so that no
JPEG decoder stands in between), the patient's answers, the pixels after crop and resize (PNG), the
encoded patient, and the probabilities of each file. A phone that gets the first wrong number knows
which of its stages is wrong.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from PIL import Image
from pydantic import BaseModel, ConfigDict

from skinlite.data.examples import Examples
from skinlite.data.geometry import fit, load_picture
from skinlite.data.patient import Patient
from skinlite.errors import InputError
from skinlite.files import read_json
from skinlite.vocabulary import CLASSES
from skinlite_export.bundle import Bundle

FOLDER = "golden"
TOLERANCE = 2e-2
"""Largest difference of a probability that another CPU may make: a few steps of an int8 output."""


class Vector(BaseModel):
    """One picture; file names are relative to ``golden/``."""

    model_config = ConfigDict(frozen=True)

    picture: str
    pixels: str
    dx: str
    patient: Patient
    encoded: list[float]
    probabilities: dict[str, list[float]]


class Vectors(BaseModel):
    """All of a bundle's golden vectors."""

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    vectors: list[Vector]


def write_golden(
    folder: Path,
    frame: pd.DataFrame,
    examples: Examples,
    probabilities: dict[str, np.ndarray],
) -> None:
    """Write one vector a class into ``folder``.

    Args:
        folder: the bundle's.
        frame: rows of the held-out pictures.
        examples: the same rows, as the network takes them.
        probabilities: (N, 7) by file name.
    """
    golden = folder / FOLDER
    golden.mkdir()
    vectors = []
    for index, name in enumerate(CLASSES):
        rows = np.flatnonzero(examples.labels == index)
        if not len(rows):
            continue
        row = int(rows[0])
        answers = frame.iloc[row]
        Image.fromarray(load_picture(answers["path"])).save(golden / f"{name}.png")
        Image.fromarray(examples.take(rows[:1]).images[0]).save(golden / f"{name}.pixels.png")
        vectors.append(
            Vector(
                picture=f"{name}.png",
                pixels=f"{name}.pixels.png",
                dx=name,
                patient=Patient(
                    age=None if np.isnan(answers["age"]) else float(answers["age"]),
                    sex=answers["sex"],
                    localization=answers["localization"],
                ),
                encoded=examples.patients[row].tolist(),
                probabilities={file: all_[row].tolist() for file, all_ in probabilities.items()},
            )
        )
    (golden / "vectors.json").write_text(Vectors(vectors=vectors).model_dump_json(indent=2))


def check_golden(bundle: Bundle) -> list[str]:
    """Run every golden vector through every stage here.

    Returns:
        A line for each check that passed.

    Raises:
        InputError: the first stage that gives another number, and where.
    """
    golden = bundle.path / FOLDER
    vectors = read_json(Vectors, golden / "vectors.json").vectors
    encoder, size = bundle.encoder(), bundle.manifest.source.image_size
    runners = {file: bundle.runner(file) for file in bundle.models}
    worst = dict.fromkeys(runners, 0.0)
    for vector in vectors:
        pixels = fit(load_picture(golden / vector.picture), size, size)
        if not np.array_equal(pixels, load_picture(golden / vector.pixels)):
            raise InputError(f"{vector.picture}: crop and resize give other pixels than the bundle")
        encoded = encoder.encode([vector.patient])[0]
        if not np.allclose(encoded, vector.encoded, atol=1e-6):
            raise InputError(f"{vector.picture}: the patient is encoded otherwise than the bundle")
        for file, runner in runners.items():
            runner.set_inputs(pixels, encoded)
            runner.invoke()
            difference = np.abs(runner.probabilities() - vector.probabilities[file]).max()
            worst[file] = max(worst[file], float(difference))
            if difference > TOLERANCE:
                raise InputError(
                    f"{vector.picture}: {file} gives probabilities that are off by "
                    f"{difference:.2g} (at most {TOLERANCE:g})"
                )
    return [
        f"{len(vectors)} golden pictures: pixels and encoded patients equal",
        *(f"{file}: probabilities within {value:.1e}" for file, value in worst.items()),
    ]
