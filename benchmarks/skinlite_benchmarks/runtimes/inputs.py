"""Inputs by which runtimes are compared: a bundle's golden images, turned, mixed and brightened."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import load_image
from skinlite.errors import InputError
from skinlite_export.bundle.folder import Bundle
from skinlite_export.bundle.golden import FOLDER, read_vectors
from skinlite_export.runtime.model_inputs import pixels_for
from skinlite_export.runtime.runner import Runner

Inputs = dict[str, NDArray[Any]]
"""Tensors by name as a file stores them: ``image`` (N, 1, H, W, 3), ``patient`` (N, 1, columns)."""


def make_inputs(bundle: Bundle, count: int, seed: int = 0) -> tuple[Any, Any]:
    """Images (N, H, W, 3), levels, and encoded patients: the golden ones, then variations.

    Raises:
        InputError: the bundle's files take the patient's answers, which the drivers don't give.
    """
    runner = bundle.runner()
    if runner.signature.takes_answers:
        raise InputError(
            f"{bundle.path} takes age, sex and site as inputs. Export without --patient-input raw."
        )
    vectors = read_vectors(bundle).vectors
    images = [
        pixels_for(runner, load_image(bundle.path / FOLDER / vector.picture)) for vector in vectors
    ]
    patients = [np.array(vector.encoded, np.float32) for vector in vectors]
    random = np.random.default_rng(seed)
    while len(images) < count:
        image, other = (images[place] for place in random.integers(len(vectors), size=2))
        share, brightness = random.uniform(0.5, 1), random.uniform(0.7, 1.2)
        mixed = np.flip(share * image + (1 - share) * other, int(random.integers(2)))
        images.append(np.clip(np.rint(mixed * brightness), 0, 255).astype(np.uint8))
        patients.append(patients[random.integers(len(vectors))])
    return np.stack(images)[:count], np.stack(patients)[:count]


def stored(runner: Runner, images: Any, patients: Any) -> Inputs:
    """The same as a file stores them."""
    rows = [runner.signature.pack(*pair) for pair in zip(images, patients, strict=True)]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
