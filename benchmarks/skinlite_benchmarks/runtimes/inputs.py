"""Inputs by which runtimes are compared: a bundle's golden images, turned, mixed and brightened."""

import numpy as np
from numpy.typing import NDArray

from skinlite.data.geometry import load_picture
from skinlite_export.bundle import Bundle
from skinlite_export.feed import pixels_for
from skinlite_export.golden import FOLDER, read_vectors

Inputs = dict[str, NDArray[np.float32]]
"""Tensors by name: ``image`` (N, 1, H, W, 3), levels 0-255, and ``patient`` (N, 1, columns)."""


def make_inputs(bundle: Bundle, count: int, seed: int = 0) -> Inputs:
    """So many inputs, the same each time: the golden ones first, then variations of them."""
    runner = bundle.runner()
    vectors = read_vectors(bundle).vectors
    images = [
        pixels_for(runner, load_picture(bundle.path / FOLDER / one.picture)).astype(np.float32)
        for one in vectors
    ]
    patients = [np.array(one.encoded, np.float32) for one in vectors]
    random = np.random.default_rng(seed)
    while len(images) < count:
        one, other = (images[place] for place in random.integers(len(vectors), size=2))
        share, brightness = random.uniform(0.5, 1), random.uniform(0.7, 1.2)
        mixed = np.flip(share * one + (1 - share) * other, random.permutation(2)[:1])
        images.append(np.clip(np.rint(mixed * brightness), 0, 255).astype(np.float32))
        patients.append(patients[random.integers(len(vectors))])
    return {"image": np.stack(images)[:count, None], "patient": np.stack(patients)[:count, None]}
