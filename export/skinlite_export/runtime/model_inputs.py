"""Give a model file what it takes: images of its size, patients encoded or as answered."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.data.layouts.metadata_columns import check_told
from skinlite.data.patient import Patient, PatientEncoder, patients_of
from skinlite.data.preprocessing import Pixels, load_image, shape
from skinlite.errors import InputError
from skinlite_export.runtime.runner import Runner, predict_each


def pixels_for(runner: Runner, image: Pixels) -> Pixels:
    """Bring an image to the size of the image tensor; where the file resizes, of its frame."""
    return shape(image, *runner.signature.height_width, runner.shaping)


def images_for(runner: Runner, examples: Examples, frame: pd.DataFrame) -> Iterable[Pixels]:
    """The images as a file takes them; see `answer`."""
    if examples.pixels.shape[1:3] == runner.signature.height_width:
        return examples.each_image()
    return (pixels_for(runner, load_image(path)) for path in frame["path"])


def patients_for(
    runner: Runner, patients: Sequence[Patient], encoder: PatientEncoder
) -> NDArray[np.float32]:
    """Patients (N, patient_width) as the file takes them."""
    takes_answers = runner.signature.takes_answers
    return encoder.codes(patients) if takes_answers else encoder.encode(patients)


def run_one(runner: Runner, path: Path | str, patient: Patient, encoder: PatientEncoder) -> Pixels:
    """Run a file on one image and its patient; the runner then has the outputs.

    Returns:
        The image as it was read, (H, W, 3).

    Raises:
        InputError: the image can't be read, there is no such age, sex, localization or column, or
            the file predicts NaN.
    """
    if not encoder.asks and patient != Patient():
        raise InputError(
            "This network takes the image alone: leave out `age`, `sex`, `localization` and "
            "`metadata`."
        )
    known = {"sex": encoder.sexes, "localization": encoder.localizations}
    for field, values in known.items():
        value = getattr(patient, field)
        if encoder.asks and value not in values:
            raise InputError(f"`{field}` {value!r}: give one of {', '.join(values)}.")
    check_told(patient.metadata, encoder.metadata)
    (vector,) = patients_for(runner, [patient], encoder)
    image = load_image(Path(path))
    runner.set_inputs(pixels_for(runner, image), vector)
    runner.invoke()
    if not np.isfinite(runner.probabilities()).all():
        raise InputError(
            f"The network's probabilities aren't all numbers: {runner.probabilities().tolist()}. "
            "Run another file of the bundle, or export it again."
        )
    return image


def answer(
    runner: Runner, examples: Examples, frame: pd.DataFrame, encoder: PatientEncoder
) -> NDArray[np.float32]:
    """Probabilities (N, classes) of a file on a data set's images.

    Args:
        runner: of the file.
        examples: the images at the network's size.
        frame: their rows of the data set; what a file that resizes takes is decoded from there.
        encoder: of the patients.
    """
    return np.stack(list(answer_each(runner, examples, frame, encoder)))


def answer_each(
    runner: Runner, examples: Examples, frame: pd.DataFrame, encoder: PatientEncoder
) -> Iterator[NDArray[np.float32]]:
    """The (classes,) probabilities of each image, when asked for; see `answer`."""
    patients = patients_for(runner, patients_of(frame, encoder), encoder)
    return predict_each(runner, images_for(runner, examples, frame), patients)
