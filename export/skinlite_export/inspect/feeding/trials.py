"""Hypotheses tried on labelled images: predictions by hypothesis, of as many images as it lived."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from skinlite.data.patient import PatientEncoder, patients_of
from skinlite.data.preprocessing import Pixels, Shaping, load_image
from skinlite.process.threads import in_threads
from skinlite.vocabulary import AGE, PATIENT, SEX, SITE
from skinlite_export.inspect.feeding.labelled_images import LabelledImages
from skinlite_export.inspect.feeds import Hypothesis, Scaling, batch_of, resize, size_of
from skinlite_export.inspect.opened import THREADS, Opened, concrete
from skinlite_export.inspect.scores import BATCH, USUAL_SIZE, predict_batch, to_probabilities
from skinlite_export.metadata.contract import CONTRACT


class Trials:
    """What a file predicts for labelled images, fed in several ways.

    Attributes:
        size: height and width of its image, pixels.
        scaling: of the hypotheses' pixels.
        unfed: inputs beside the image of which nothing is known; they hold 0.
    """

    def __init__(self, opened: Opened, data: LabelledImages) -> None:
        (self._image,) = opened.images
        self._opened, self._data = opened, data
        self.size = size_of(self._image) or (USUAL_SIZE, USUAL_SIZE)
        self._decoded: list[Pixels] = in_threads(load_image, data.frame["path"])
        self._resized: dict[tuple[Shaping, bool], list[Pixels]] = {}
        self.scaling = Scaling(self.resized("stretch", False))
        self._patients = patients_for(opened, data)
        others = [tensor.name for tensor in opened.inspection.inputs if not tensor.layout]
        self.unfed = [name for name in others if name not in self._patients]
        self._known: dict[tuple[str, str, int], NDArray[np.float64]] = {}

    def predictions(self, hypothesis: Hypothesis, count: int = 0) -> NDArray[np.float64]:
        """Probabilities (N, outputs) of the first ``count`` images, or of all that were tried."""
        key = self._key(hypothesis)
        known = self._known.get(key)
        done = 0 if known is None else len(known)
        if done < count:
            new = self._predict(hypothesis, done, count)
            known = new if known is None else np.concatenate([known, new])
            self._known[key] = known
        assert known is not None
        return known[:count] if count else known

    def tried(self, hypothesis: Hypothesis) -> int:
        """Images that it was tried on."""
        return len(self._known.get(self._key(hypothesis), ()))

    def _key(self, hypothesis: Hypothesis) -> tuple[str, str, int]:
        """What a file is fed so: the same for two ways that make the same images."""
        images = self.resized(hypothesis.geometry, hypothesis.antialias)
        return hypothesis.pixels, hypothesis.channels, id(images)

    def _predict(self, hypothesis: Hypothesis, start: int, stop: int) -> NDArray[np.float64]:
        images = self.resized(hypothesis.geometry, hypothesis.antialias)
        step = BATCH if self._opened.batches else 1
        pixels, channels = hypothesis.pixels, hypothesis.channels

        def predict(first: int) -> NDArray[np.float32]:
            # All batches of a size, for which Keras compiles anew: the last one is filled up.
            places = [*range(first, min(first + step, stop))]
            filled = places + places[:1] * (step - len(places))
            values = [self.scaling.apply(images[place], pixels, channels) for place in filled]
            batch = np.concatenate([batch_of(self._image, one) for one in values])
            others = {name: rows[filled] for name, rows in self._patients.items()}
            return predict_batch(self._opened, batch, others)[: len(places)]

        rows = in_threads(predict, range(start, stop, step), THREADS)
        return to_probabilities(np.concatenate(rows), self._opened.inspection.scores)

    def resized(self, geometry: Shaping, antialias: bool) -> list[Pixels]:
        """All images at the network's size, RGB 0-255; one list for ways that make the same."""
        key = geometry, antialias
        if key not in self._resized:
            made = in_threads(
                lambda image: resize(image, geometry, antialias, *self.size), self._decoded
            )
            # Square images are not cropped, and those of the network's size not resized.
            known = (one for one in self._resized.values() if all(map(np.array_equal, one, made)))
            self._resized[key] = next(known, made)
        return self._resized[key]


def patients_for(opened: Opened, data: LabelledImages) -> dict[str, NDArray[Any]]:
    """What skinlite's own inputs beside the image hold, a row an image; nothing of other files."""
    inputs = {tensor.name: tensor for tensor in opened.inspection.inputs if not tensor.layout}
    if inputs.keys() not in ({PATIENT}, {AGE, SEX, SITE}):
        return {}
    encoder = _encoder(opened, data.everyone)
    patients = patients_of(data.frame, encoder)
    codes = encoder.codes(patients)
    given = {name: codes[:, i : i + 1] for i, name in enumerate((AGE, SEX, SITE))}
    given[PATIENT] = encoder.encode(patients)
    shapes = {name: concrete(tensor.shape)[1:] for name, tensor in inputs.items()}
    if any(math.prod(shape) != given[name].shape[1] for name, shape in shapes.items()):
        return {}  # somebody else's, of another width
    return {
        name: tensor.store(given[name].reshape(len(patients), *shapes[name]))
        for name, tensor in inputs.items()
    }


def _encoder(opened: Opened, everyone: pd.DataFrame) -> PatientEncoder:
    """The file's own where it has one, else one of the table's ages."""
    notes = opened.inspection.metadata
    try:
        text = json.loads(notes[CONTRACT])["patient_encoding"] if CONTRACT in notes else None
        text = json.loads(notes["patient_encoding"]) if "patient_encoding" in notes else text
        if text is not None:
            return PatientEncoder.model_validate(text)
    except (ValueError, KeyError, TypeError, ValidationError):
        pass  # cut short or damaged; mean and deviation hardly differ between data sets
    ages = everyone["age"].dropna()
    if ages.empty:
        return PatientEncoder(age_mean=0.0, age_std=1.0)
    return PatientEncoder(age_mean=float(ages.mean()), age_std=float(ages.std(ddof=0)) or 1.0)
