"""Inputs and outputs of a file that were taken for each other, and inputs that were never set.

Runtimes that read no signatures give tensors by position, and files differ in their order; a copy
of bytes minds neither shape nor name. What was handed in may then be right, and the answer is not.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from skinlite.vocabulary import AGE, SEX, SITE
from skinlite_export.diagnosis.patient_faults import UNSET, exchanged
from skinlite_export.runtime.signature import Signature

Inputs = Sequence[NDArray[np.float32]]
"""One an image: real levels (H, W, 3), or a patient's real numbers (patient_width,)."""


def mixups(
    signature: Signature, images: Inputs, patients: Inputs
) -> Iterator[tuple[str, Inputs, Inputs]]:
    """What the file computes on instead of what it was given: the fault, images, patients."""
    order = f" (the file's order: {signature.input_order})" if signature.input_order else ""
    if signature.takes_answers:
        # Three numbers each: any may be taken for any.
        for places in list(permutations(range(3)))[1:]:
            names = [(AGE, SEX, SITE)[place] for place in places]
            yield (
                f"patient: {exchanged(names)}",
                images,
                [patient[list(places)] for patient in patients],
            )
    elif signature.patient_width and signature.image.dtype == signature.inputs[1].dtype:
        swapped = [_copied(*pair) for pair in zip(images, patients, strict=True)]
        yield (
            f"image and metadata exchanged{order}",
            [image for image, _ in swapped],
            [patient for _, patient in swapped],
        )
    yield (
        "image: never set, all zeros",
        [np.zeros_like(image) for image in images],
        patients,
    )
    if signature.patient_width:
        yield (
            f"patient: {UNSET}",
            images,
            [np.zeros_like(patient) for patient in patients],
        )


def _copied(
    image: NDArray[np.float32], patient: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Each copied to the other's memory, as far as that goes."""
    made = np.zeros_like(image)
    made.ravel()[: len(patient)] = patient
    return made, image.ravel()[: len(patient)].copy()
