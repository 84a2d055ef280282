"""Tell what a phone got wrong: what it hands in against the golden vectors, stage by stage.

Where inputs are not handed in, the faults that apps have are tried on them here, and the one with
which the file answers what the phone answered is named.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skinlite.data.geometry import load_picture
from skinlite.vocabulary import PATIENT
from skinlite_export.answer_faults import Rows, orders, undone
from skinlite_export.bundle import Bundle
from skinlite_export.feed import patients_for
from skinlite_export.golden import FOLDER, read_vectors
from skinlite_export.image_faults import candidates
from skinlite_export.outputs import Computed, read_outputs
from skinlite_export.patient_faults import PatientFault, fields_of, patient_faults, real_numbers
from skinlite_export.signature import Record

UNKNOWN_CAUSE = "differs, cause not recognised"
ROUNDED = 0.6
"""Levels: a mean distance below is no more than another rounding."""
RIGHT = 0.1
"""Levels: the mean distance of a right tensor, of which no number is off by more than 1."""
NEAR = 1e-3
"""Largest difference of a patient's number that is only another rounding."""
TIED = 5e-3
"""Probabilities: causes that are no farther apart can't be told from each other."""


class Finding(Record):
    """One stage.

    Attributes:
        stage: image, patient or probabilities.
        checked: pictures that have it.
        pictures: those for which it is wrong.
        fault: in words; None where it is right.
    """

    stage: str
    checked: int
    pictures: tuple[str, ...] = ()
    fault: str | None = None


class Diagnosis(Record):
    """What was checked, and what was found."""

    device: str
    golden: int
    missing: list[str]
    findings: list[Finding]

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong, by stage."""
        return {one.stage: one.fault for one in self.findings if one.fault}


def diagnose(bundle: Bundle, path: Path) -> Diagnosis:
    """Check everything that a phone handed in.

    Args:
        bundle: whose golden vectors it ran.
        path: phone.json; see `skinlite_export.outputs`.

    Raises:
        InputError: phone.json can't be read, or is about something else.
    """
    known = read_vectors(bundle)
    outputs = read_outputs(path, bundle, known)
    handed = {one.picture for one in outputs.vectors}
    checked = _Checked(bundle, outputs.model, outputs.vectors)
    stages = (checked.image(), checked.patient(), checked.probabilities())
    return Diagnosis(
        device=outputs.device,
        golden=len(known.vectors),
        missing=[one.picture for one in known.vectors if one.picture not in handed],
        findings=[finding for finding in stages if finding.checked],
    )


class _Checked:
    """What was handed in, beside what it must be; lists are in the order of `given`."""

    def __init__(self, bundle: Bundle, model: str, given: Sequence[Computed]) -> None:
        known = read_vectors(bundle)
        vectors = {one.picture: one for one in known.vectors}
        temperature = bundle.manifest.temperature
        self.given, self.tolerance = given, known.tolerance
        self.temperature = temperature.value if temperature else None
        self.runner, self.encoder = bundle.runner(model), bundle.encoder()
        self.signature = self.runner.signature
        self.pictures = [load_picture(bundle.path / FOLDER / one.picture) for one in given]
        self.patients = [vectors[one.picture].patient for one in given]
        self.expected = [vectors[one.picture].models[model].probabilities for one in given]
        self.encoded = list(patients_for(self.runner, self.patients, self.encoder))

    def image(self) -> Finding:
        """The image tensors; the cause is looked for where they are wrong."""
        tensor, wrong, off = self.signature.image, [], []
        rows = [row for row, one in enumerate(self.given) if one.image is not None]
        for row in rows:
            (right,) = candidates(self.pictures[row], tensor, 0)
            distance = right.distance(np.asarray(self.given[row].image), tensor)
            if distance.max() > 1 or distance.mean() > RIGHT:
                wrong.append(row)
                off.append(float(distance.mean()))
        if not wrong:
            return Finding(stage="image", checked=len(rows))
        first = np.asarray(self.given[wrong[0]].image)
        found = candidates(self.pictures[wrong[0]], tensor, 2)
        # Of equals the first, which has the fewest faults.
        ranked = sorted(
            ((round(float(one.distance(first, tensor).mean()), 6), one.fault) for one in found),
            key=lambda pair: pair[0],
        )
        nearest, cause = ranked[0]
        if nearest < min(ROUNDED, off[0] * 0.9) and self._is_image(cause, wrong):
            told = cause
        else:
            told = f"{UNKNOWN_CAUSE}: off by {max(off):.1f} levels on average"
            if nearest < off[0] / 2:
                told += f"; nearest, but {nearest:.1f} off: {cause}"
        return self._finding("image", rows, wrong, told)

    def _is_image(self, cause: str, rows: Sequence[int]) -> bool:
        tensor = self.signature.image
        return all(
            one.distance(np.asarray(self.given[row].image), tensor).mean() < ROUNDED
            for row in rows
            for one in candidates(self.pictures[row], tensor, 2)
            if one.fault == cause
        )

    def patient(self) -> Finding:
        """The patient's tensors, answer by answer."""
        rows = [row for row, one in enumerate(self.given) if one.patient is not None]
        found = {row: self._handed_patient(row) for row in rows}
        quantization = self.signature.inputs[1].quantization
        near = quantization.scale if quantization else NEAR

        def wrong(part: slice, fault: PatientFault | None = None) -> list[int]:
            return [
                row
                for row in rows
                if np.abs(found[row] - self._encode(row, fault))[part].max() > near
            ]

        known = list(patient_faults(self.encoder, self.signature))
        everything, causes = slice(None), []
        bad = wrong(everything)
        whole = [
            fault.words
            for fault in known
            if fault.field == PATIENT and bad and not wrong(everything, fault)
        ]
        for field, part in fields_of(self.encoder, self.signature).items():
            worst = [] if whole else wrong(part)
            if worst:
                words = [
                    fault.words
                    for fault in known
                    if fault.field == field and not wrong(part, fault)
                ]
                first = worst[0]
                causes.append(" or ".join(words) or self._figures(field, part, first, found[first]))
        told = "; ".join([*whole[:1], *causes])
        return self._finding("patient", rows, bad, told or None)

    def _encode(self, row: int, fault: PatientFault | None) -> NDArray[np.float32]:
        return fault.encode(self.patients[row]) if fault else self.encoded[row]

    def _figures(self, field: str, part: slice, row: int, found: NDArray[np.float32]) -> str:
        given, needed = (
            " ".join(f"{value:.4g}" for value in values[part])
            for values in (found, self.encoded[row])
        )
        return f"{field} {UNKNOWN_CAUSE}: {given} instead of {needed} ({self.given[row].picture})"

    def probabilities(self) -> Finding:
        """The answers: right, as the inputs make them, or by which fault."""
        rows = [row for row, one in enumerate(self.given) if one.probabilities is not None]
        if not rows:
            return Finding(stage="probabilities", checked=0)
        given = np.array([self.given[row].probabilities for row in rows])
        expected = np.array([self.expected[row] for row in rows])
        off = np.abs(given - expected).max(axis=1)
        wrong = [row for row, one in zip(rows, off, strict=True) if one > self.tolerance]
        if not wrong:
            return Finding(stage="probabilities", checked=len(rows))
        enough = min(self.tolerance, float(off.max()) / 3)
        near = sorted(
            (distance, cause)
            for cause, distance in self._explanations(rows, given)
            if distance <= enough
        )
        told = f"{UNKNOWN_CAUSE}: off by up to {off.max():.2g} (at most {self.tolerance:g})"
        if near:
            causes = [cause for distance, cause in near if distance <= near[0][0] + TIED]
            told = " or ".join(dict.fromkeys(causes))
        elif all(self.given[row].image is self.given[row].patient is None for row in rows):
            told += "; hand in image and patient too"
        return self._finding("probabilities", rows, wrong, told)

    def _explanations(self, rows: Sequence[int], given: Rows) -> Iterator[tuple[str, float]]:
        """Each possible cause, and how far the answers that it gives are from those given."""
        tensor = self.signature.image
        images = [self._image(row) for row in rows]
        patients = [
            self._handed_patient(row) if self.given[row].patient is not None else self.encoded[row]
            for row in rows
        ]

        def distance(answers: Rows, shown: Rows = given) -> float:
            off = float(np.abs(shown - answers).max())
            return off if np.isfinite(off) else np.inf

        base = self._answer(images, patients)
        yield "no fault of its own: that is what the file answers to these inputs", distance(base)
        for fault, undo in undone(self.signature.outputs[0], self.temperature).items():
            yield fault, distance(base, undo(given))
        for fault, shown in orders(given, base, self.tolerance):
            yield fault, distance(base, shown)
        free = [row for row in rows if self.given[row].image is None]
        if free:
            several = [candidates(self.pictures[row], tensor, 1) for row in rows]
            for same in zip(*several, strict=True):
                if same[0].fault:
                    made = [
                        self._real(one.stored) if row in free else image
                        for row, one, image in zip(rows, same, images, strict=True)
                    ]
                    yield f"image: {same[0].fault}", distance(self._answer(made, patients))
        for known in patient_faults(self.encoder, self.signature):
            made = [
                known.encode(self.patients[row]) if self.given[row].patient is None else patient
                for row, patient in zip(rows, patients, strict=True)
            ]
            if any(map(np.any, np.subtract(made, patients))):
                yield f"patient: {known.words}", distance(self._answer(images, made))

    def _image(self, row: int) -> NDArray[np.float32]:
        """Levels as the file is given them: handed in, or else right."""
        stored = self.given[row].image
        if stored is not None:
            return self._real(np.asarray(stored))
        (right,) = candidates(self.pictures[row], self.signature.image, 0)
        return self._real(right.stored)

    def _real(self, stored: NDArray[np.float64]) -> NDArray[np.float32]:
        tensor = self.signature.image
        shaped = stored.reshape(tensor.shape)
        if tensor.dtype != "float32":  # wraps, as bytes do
            shaped = np.rint(shaped).astype(np.int64).astype(tensor.dtype)
        return tensor.unpack(shaped)[0]

    def _handed_patient(self, row: int) -> NDArray[np.float32]:
        return real_numbers(self.given[row].patient or {}, self.signature)

    def _answer(
        self, images: Sequence[NDArray[np.float32]], patients: Sequence[NDArray[np.float32]]
    ) -> Rows:
        """What the file answers; not a number where it refuses the inputs."""
        answers = []
        for image, patient in zip(images, patients, strict=True):
            self.runner.set_inputs(image, patient)
            try:
                self.runner.invoke()
            except RuntimeError:  # a code beyond the vocabulary
                answers.append(np.full(self.signature.outputs[0].shape[1], np.nan))
            else:
                answers.append(self.runner.probabilities().copy())
        return np.array(answers, np.float64)

    def _finding(
        self, stage: str, rows: Sequence[int], wrong: Sequence[int], fault: str | None
    ) -> Finding:
        pictures = tuple(self.given[row].picture for row in wrong)
        return Finding(stage=stage, checked=len(rows), pictures=pictures, fault=fault)
