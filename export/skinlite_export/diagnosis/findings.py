"""What a phone handed in, beside what it must be, and `Finding`: what is told of one stage."""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skinlite.data.patient import Patient
from skinlite.data.preprocessing import Pixels, load_image
from skinlite_export.bundle.folder import Bundle
from skinlite_export.bundle.golden import FOLDER, read_vectors
from skinlite_export.decoding import decodings
from skinlite_export.diagnosis.patient_faults import real_numbers
from skinlite_export.diagnosis.phone_outputs import Computed
from skinlite_export.runtime.model_inputs import patients_for
from skinlite_export.runtime.signature import Record

Stage = Literal["image", "patient", "probabilities", "decision"]

UNKNOWN_CAUSE = "differs, cause not recognised"


class Finding(Record):
    """One stage.

    Attributes:
        checked: images that have it.
        pictures: those for which it is wrong.
        fault: in words; None where it is right.
    """

    stage: Stage
    checked: int
    pictures: tuple[str, ...] = ()
    fault: str | None = None


class Handed:
    """What was handed in, beside what it must be; lists are in the order of `given`."""

    def __init__(self, bundle: Bundle, model: str, given: Sequence[Computed]) -> None:
        known = read_vectors(bundle)
        vectors = {vector.picture: vector for vector in known.vectors}
        temperature = bundle.manifest.temperature
        self.given, self.tolerance = given, known.tolerance
        self.temperature = temperature.value if temperature else None
        self.classes = list(bundle.manifest.classes)
        self.decide = bundle.decider()
        self.runner, self.encoder = bundle.runner(model), bundle.encoder()
        self.signature = self.runner.signature
        self.decodings = [decodings(bundle.path / FOLDER / vector.picture) for vector in given]
        self.levels = [vectors[vector.picture].levels for vector in given]
        self.patients = [vectors[vector.picture].patient or Patient() for vector in given]
        self.expected = [vectors[vector.picture].models[model].probabilities for vector in given]
        self._shown = [
            bundle.path / FOLDER / vectors[vector.picture].models[model].pixels for vector in given
        ]
        self.encoded = list(patients_for(self.runner, self.patients, self.encoder))

    @cached_property
    def pixels(self) -> list[Pixels]:
        """What the file is given of each image."""
        return [load_image(path) for path in self._shown]

    def rows(self, stage: Stage) -> list[int]:
        """Which of `given` have a stage."""
        return [row for row, vector in enumerate(self.given) if getattr(vector, stage) is not None]

    def patient(self, row: int) -> NDArray[np.float32]:
        """The patient's tensors that were handed in, as real numbers."""
        return real_numbers(self.given[row].patient or {}, self.signature)

    def finding(
        self, stage: Stage, rows: Sequence[int], wrong: Sequence[int], fault: str | None
    ) -> Finding:
        """What is told of a stage that ``rows`` have and that is wrong in some of them."""
        images = tuple(self.given[row].picture for row in wrong)
        return Finding(stage=stage, checked=len(rows), pictures=images, fault=fault)
