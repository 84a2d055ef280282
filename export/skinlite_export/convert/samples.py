"""Calibration samples: images and patients as the converter takes them, one at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.vocabulary import IMAGE, PATIENT

Sample = dict[str, NDArray[np.float32]]
"""The inputs by name, batch 1."""


def samples(examples: Examples) -> Iterator[Sample]:
    """Each example as a sample: image (1, H, W, 3), 0 to 255, and patient (1, width)."""
    for image, patient in zip(examples.images, examples.patients, strict=True):
        yield {IMAGE: image[None].astype(np.float32), PATIENT: patient[None]}
