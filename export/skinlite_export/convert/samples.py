"""Calibration samples: images and patients as the converter takes them, one at a time."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.vocabulary import IMAGE

T = TypeVar("T")

Sample = dict[str, NDArray[np.float32]]
"""The inputs by name, batch 1."""


def samples(examples: Examples) -> Iterator[Sample]:
    """Each example as a sample: image (1, H, W, 3), 0 to 255, and patient (1, width) if any."""
    for row in range(len(examples)):
        yield examples.take(np.array([row])).inputs


PIXELS_AT_A_TIME = 8 * 128 * 128
"""Of images that TensorFlow computes as one batch, in 0.6 to 0.75 of the time that single ones take
(MobileNetV2, 128 px). More take memory, as every layer's output is kept."""


def batches(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples, several at a time: at least one, at most of so many pixels."""
    left = iter(samples)
    for first in left:
        height, width = first[IMAGE].shape[1:3]
        batch = [first, *islice(left, max(PIXELS_AT_A_TIME // (height * width) - 1, 0))]
        yield {name: np.concatenate([sample[name] for sample in batch]) for name in first}


def halves(samples: Sequence[T]) -> list[Sequence[T]]:
    """Every second sample, from the first on and from the second on, to run at the same time."""
    return [half for half in (samples[0::2], samples[1::2]) if half]


def tensors(sample: Sample) -> dict[str, Any]:
    """A sample as TensorFlow's tensors."""
    import tensorflow as tf

    return {name: tf.constant(value) for name, value in sample.items()}


def any_batch(model: Any) -> list[dict[str, Any]]:
    """A tf.function's signature of samples of any batch, in place of a trace for each."""
    import tensorflow as tf

    return [{name: tf.TensorSpec(tensor.shape, tf.float32) for name, tensor in model.input.items()}]
