"""How sure the answers may sound: expected calibration error, and the temperature that mends it.

Both of Guo et al., "On calibration of modern neural networks" (ICML 2017). Quantization moves
confidences before it moves answers, so that a float network's temperature does not fit its int8
file; this one is fitted on the file's own answers.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from skinlite_export.manifest import Temperature

BINS = 15
"""Of equal width, as in the paper."""

SMALLEST = 1e-6
"""An int8 softmax answers 0, whose logarithm is none."""

BOUNDS = (0.05, 20.0)
"""Of a temperature; a file of a network that learned something is far within."""

Labels = NDArray[np.intp]
Probabilities = NDArray[np.floating[Any]]


def expected_calibration_error(labels: Labels, probabilities: Probabilities) -> float:
    """Mean distance of confidence and accuracy, over bins of confidence (Guo et al., equation 3).

    Args:
        labels: (N,).
        probabilities: (N, classes).

    Returns:
        0 to 1; NaN where a probability is.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.digitize(confidence, np.arange(1, BINS) / BINS)
    gaps = np.bincount(bins, weights=right - confidence.astype(np.float64), minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def temper(probabilities: Probabilities, temperature: float) -> NDArray[np.float64]:
    """softmax(log p / T): (N, classes) to the same; the order of the classes stays."""
    logits = np.log(np.maximum(probabilities, SMALLEST).astype(np.float64)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(labels: Labels, probabilities: Probabilities) -> float:
    """The temperature with the smallest negative log-likelihood of the labels (section 4.2)."""

    def loss(log_temperature: float) -> float:
        tempered = temper(probabilities, float(np.exp(log_temperature)))
        likely = np.maximum(tempered[np.arange(len(labels)), labels], 1e-300)
        return -float(np.log(likely).mean())

    found = minimize_scalar(loss, bounds=np.log(BOUNDS), method="bounded")
    return float(np.exp(found.x))


def temperature_of(
    fit: tuple[Labels, Probabilities], proof: tuple[Labels, Probabilities]
) -> Temperature:
    """Fit on the validation split's answers, and measure on the test split's."""
    value = fit_temperature(*fit)
    labels, probabilities = proof
    return Temperature(
        value=value,
        split="validation",
        ece_before=expected_calibration_error(labels, probabilities),
        ece_after=expected_calibration_error(labels, temper(probabilities, value)),
    )
