"""Calibration samples: images and patients as the converter takes them, one at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite.data.examples import Examples

Sample = dict[str, NDArray[np.float32]]
"""The inputs by name, batch 1."""


def samples(examples: Examples) -> Iterator[Sample]:
    """Each example as a sample: image (1, H, W, 3), 0 to 255, and patient (1, width) if any."""
    for row in range(len(examples)):
        yield examples.take(np.array([row])).inputs


def tensors(sample: Sample) -> dict[str, Any]:
    """A sample as TensorFlow's tensors."""
    import tensorflow as tf

    return {name: tf.constant(value) for name, value in sample.items()}
