"""Which fault the answers of a phone have: of their own, or of the inputs that gave them.

Where inputs are not handed in, the faults that apps have are tried on them here, and the one with
which the file answers what the phone answered is named.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from skinlite_export.decoding import COMBINED
from skinlite_export.diagnosis.findings import UNKNOWN_CAUSE, Finding, Handed
from skinlite_export.diagnosis.image_faults import Candidates, ways
from skinlite_export.diagnosis.patient_faults import patient_faults
from skinlite_export.diagnosis.probability_faults import Rows, orders, undone
from skinlite_export.diagnosis.swapped_tensors import mixups

TIED = 5e-3
"""Probabilities: causes that are no farther apart can't be told from each other."""


def probabilities(handed: Handed) -> Finding:
    """The answers: right, as the inputs make them, or by which fault."""
    rows = handed.rows("probabilities")
    if not rows:
        return Finding(stage="probabilities", checked=0)
    given = np.array([handed.given[row].probabilities for row in rows])
    expected = np.array([handed.expected[row] for row in rows])
    off = np.abs(given - expected).max(axis=1)
    wrong = [
        row for row, difference in zip(rows, off, strict=True) if difference > handed.tolerance
    ]
    if not wrong:
        return Finding(stage="probabilities", checked=len(rows))
    enough = min(handed.tolerance, float(off.max()) / 3)
    near = sorted(
        (distance, cause)
        for cause, distance in _explanations(handed, rows, given)
        if distance <= enough
    )
    statement = f"{UNKNOWN_CAUSE}: by up to {off.max():.2g} (at most {handed.tolerance:g})"
    if near:
        causes = [cause for distance, cause in near if distance <= near[0][0] + TIED]
        statement = " or ".join(dict.fromkeys(causes))
    elif all(handed.given[row].image is handed.given[row].patient is None for row in rows):
        statement += "; give image and patient too"
    return handed.finding("probabilities", rows, wrong, statement)


def _explanations(handed: Handed, rows: Sequence[int], given: Rows) -> Iterator[tuple[str, float]]:
    """Each possible cause, and how far the answers that it gives are from those given."""
    images = [_image(handed, row) for row in rows]
    patients = [
        handed.patient(row) if handed.given[row].patient is not None else handed.encoded[row]
        for row in rows
    ]

    def distance(answers: Rows, shown: Rows = given) -> float:
        off = float(np.abs(shown - answers).max())
        return off if np.isfinite(off) else np.inf

    base = _answer(handed, images, patients)
    yield "not wrong itself: the file gives this for these inputs", distance(base)
    for fault, undo in undone(handed.signature.outputs[0], handed.temperature).items():
        shown = undo(given)
        if np.abs(shown - given).max() > TIED:  # else there was nothing to undo
            yield fault, distance(base, shown)
    for fault, shown in orders(given, base, handed.tolerance, handed.classes):
        yield fault, distance(base, shown)
    attention = _attention(handed, images, patients)
    if attention is not None:
        yield (
            "outputs exchanged: these are the first numbers of the attention"
            f" (the file's order: {handed.signature.output_order})",
            distance(attention),
        )
    for words, other, patients_then in mixups(handed.signature, images, patients):
        yield words, distance(_answer(handed, other, patients_then))
    free = {row: _candidates(handed, row) for row in rows if handed.given[row].image is None}
    for way in ways(1) if free else ():
        if way.faults and way.decoding not in COMBINED:
            made = [
                _real(handed, free[row].made(way).stored) if row in free else image
                for row, image in zip(rows, images, strict=True)
            ]
            yield f"image: {way.faults[0]}", distance(_answer(handed, made, patients))
    for known in patient_faults(handed.encoder, handed.signature):
        made = [
            known.encode(handed.patients[row]) if handed.given[row].patient is None else patient
            for row, patient in zip(rows, patients, strict=True)
        ]
        if any(map(np.any, np.subtract(made, patients))):
            yield f"patient: {known.words}", distance(_answer(handed, images, made))


def _image(handed: Handed, row: int) -> NDArray[np.float32]:
    """Levels as the file is given them: handed in, or else right."""
    stored = handed.given[row].image
    if stored is not None:
        return _real(handed, np.asarray(stored))
    return _real(handed, _candidates(handed, row).made().stored)


def _candidates(handed: Handed, row: int) -> Candidates:
    return Candidates(handed.decodings[row], handed.signature.image, handed.runner.shaping)


def _real(handed: Handed, stored: NDArray[np.float64]) -> NDArray[np.float32]:
    tensor = handed.signature.image
    shaped = stored.reshape(tensor.shape)
    if tensor.dtype != "float32":  # wraps, as bytes do
        shaped = np.rint(shaped).astype(np.int64).astype(tensor.dtype)
    return tensor.unpack(shaped)[0]


def _attention(
    handed: Handed,
    images: Sequence[NDArray[np.float32]],
    patients: Sequence[NDArray[np.float32]],
) -> Rows | None:
    """As many numbers of the attention as there are probabilities; None where there are fewer."""
    maps = []
    for image, patient in zip(images, patients, strict=True):
        (answer,) = _answer(handed, [image], [patient])
        attention = handed.runner.attention()
        if attention is None or attention.size < len(answer):
            return None
        maps.append(attention.ravel()[: len(answer)])
    return np.array(maps, np.float64)


def _answer(
    handed: Handed,
    images: Sequence[NDArray[np.float32]],
    patients: Sequence[NDArray[np.float32]],
) -> Rows:
    """What the file answers; not a number where it refuses the inputs."""
    answers = []
    for image, patient in zip(images, patients, strict=True):
        handed.runner.set_inputs(image, patient)
        try:
            handed.runner.invoke()
        except RuntimeError:  # a code beyond the vocabulary
            answers.append(np.full(handed.signature.outputs[0].shape[1], np.nan))
        else:
            answers.append(handed.runner.probabilities().copy())
    return np.array(answers, np.float64)
