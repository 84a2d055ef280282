"""Activation ranges that lose least, in place of plain minimum and maximum.

An int8 tensor has 255 steps for its whole range. One picture that reaches far out makes every step
coarse for all the others. So each tensor's range is narrowed to the one with the smallest mean
squared error, clipping of the few against rounding of the many (Banner et al., "Post training 4-bit
quantization", NeurIPS 2019, section 3; here on the measured histogram instead of a fitted one).
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema

from skinlite.vocabulary import IMAGE

BINS = 2048
SHARES = np.linspace(1.0, 0.25, 26)
"""Shares of the maximum (and of the minimum) that are tried as ends of the range."""

MOST_SAMPLES = 100
"""A histogram over so many pictures has enough values of every tensor; more is only slower."""

PIXELS = (0.0, 255.0)
"""The picture's range: with a step of 1, every pixel is exact."""

Range = tuple[float, float]


def narrow(calibrated: bytes, samples: Iterable[Mapping[str, NDArray[np.float32]]]) -> bytes:
    """Replace the minimum and maximum that the converter noted by the ranges that lose least.

    Args:
        calibrated: a float .tflite with the range of every activation (the converter's
            calibrate-only output).
        samples: inputs by name, batch 1; what the errors are measured on.

    Returns:
        The same file with other ranges.
    """
    model = schema.ModelT.InitFromPackedBuf(calibrated, 0)
    tensors = model.subgraphs[0].tensors
    ranges = {index: found for index, tensor in enumerate(tensors) if (found := _range(tensor))}
    histograms = _histograms(calibrated, ranges, samples)
    for index, (low, high) in ranges.items():
        tensor = tensors[index]
        if IMAGE in tensor.name.decode() and tuple(tensor.shape[1:])[-1:] == (3,):
            low, high = PIXELS
        elif histograms[index].any():
            low, high = best_range(histograms[index], low, high)
        tensor.quantization.min, tensor.quantization.max = [low], [high]
    builder = flatbuffers.Builder(len(calibrated))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def best_range(histogram: NDArray[np.float64], low: float, high: float) -> Range:
    """The range, within [low, high] and around 0, whose int8 has the smallest squared error.

    Args:
        histogram: counts of values in equal bins from low to high.
        low: smallest value seen.
        high: largest value seen.
    """
    values = low + (np.arange(len(histogram)) + 0.5) * (high - low) / len(histogram)
    best, best_error = (low, high), np.inf
    for bottom in np.unique(np.minimum(low * SHARES, 0.0)).tolist():
        for top in np.unique(np.maximum(high * SHARES, 0.0)).tolist():
            step = (top - bottom) / 255
            outside = values - np.clip(values, bottom, top)
            # A value inside is rounded: on average by step^2 / 12.
            error = float(histogram @ np.where(outside == 0, step * step / 12, outside**2))
            if step > 0 and error < best_error:
                best, best_error = (bottom, top), error
    return best


def _range(tensor: Any) -> Range | None:
    """What the converter noted for an activation; None for weights and constants."""
    noted = tensor.quantization
    if noted is None or noted.min is None or len(noted.min) != 1 or noted.max[0] <= noted.min[0]:
        return None
    return float(noted.min[0]), float(noted.max[0])


def _histograms(
    content: bytes,
    ranges: Mapping[int, Range],
    samples: Iterable[Mapping[str, NDArray[np.float32]]],
) -> dict[int, NDArray[np.float64]]:
    """Counts of every tensor's values over the samples, in `BINS` bins over its range."""
    interpreter = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        # A delegate would keep what lies inside of it to itself.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    inputs = interpreter.get_signature_runner("serving_default").get_input_details()
    counts = {index: np.zeros(BINS) for index in ranges}
    for sample in islice(samples, MOST_SAMPLES):
        for name, value in sample.items():
            interpreter.set_tensor(inputs[name]["index"], value)
        interpreter.invoke()
        for index, (low, high) in ranges.items():
            values = interpreter.get_tensor(index).ravel()
            bins = ((values - low) * (BINS / (high - low))).astype(np.int32)
            counts[index] += np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS)
    return counts
