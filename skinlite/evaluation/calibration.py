"""How sure the answers may sound: expected calibration error, and the temperature that lowers it.

Both of Guo et al., "On calibration of modern neural networks" (ICML 2017).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

BINS = 15
"""Of equal width, as in the paper."""

SMALLEST = 1e-6
"""An int8 softmax answers 0, whose logarithm is none."""

BOUNDS = (0.05, 20.0)
"""Of a temperature; that of a network that learned something is far within."""

Labels = NDArray[np.intp]
Probabilities = NDArray[np.floating[Any]]


class Bin(BaseModel):
    """The answers whose confidence lies in one bin; one bar of a reliability diagram."""

    model_config = ConfigDict(frozen=True)

    images: int
    confidence: float
    accuracy: float


class Calibration(BaseModel):
    """Expected calibration error as answered, and with a temperature where one is known.

    ``temperature_from`` says whose: fitted on the validation split, or the bundle's own.
    """

    model_config = ConfigDict(frozen=True)

    ece: float
    bins: list[Bin]
    temperature: float | None = None
    temperature_from: str | None = None
    ece_with_temperature: float | None = None


def reliability(labels: Labels, probabilities: Probabilities) -> list[Bin]:
    """The bins of confidence that hold an image, the least sure first."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = _bin_of(confidence)
    return [
        Bin(
            images=int((bins == place).sum()),
            confidence=float(confidence[bins == place].mean(dtype=np.float64)),
            accuracy=float(right[bins == place].mean()),
        )
        for place in np.unique(bins)
    ]


def expected_calibration_error(labels: Labels, probabilities: Probabilities) -> float:
    """Mean distance of confidence and accuracy, over bins of confidence (Guo et al., equation 3).

    Args:
        labels: (N,).
        probabilities: (N, classes).

    Returns:
        0 to 1; NaN where a probability is.
    """
    return float(weighted_calibration_error(labels, probabilities, np.ones((1, len(labels))))[0])


def weighted_calibration_error(
    labels: Labels, probabilities: Probabilities, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same (R,), each image counted as often as ``weights`` (R, N) say."""
    confidence = probabilities.max(axis=1)
    gaps = (probabilities.argmax(axis=1) == labels) - confidence.astype(np.float64)
    in_bin = np.eye(BINS)[_bin_of(confidence)]
    totals = np.abs(weights @ (gaps[:, None] * in_bin)).sum(axis=1)
    return np.asarray(totals / weights.sum(axis=1))


def _bin_of(confidence: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    return np.asarray(np.digitize(confidence, np.arange(1, BINS) / BINS))


def temper(probabilities: Probabilities, temperature: float) -> NDArray[np.float64]:
    """softmax(log p / T): (N, classes) to the same; the order of the classes stays."""
    logits = np.log(np.maximum(probabilities, SMALLEST).astype(np.float64)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(labels: Labels, probabilities: Probabilities) -> float:
    """The temperature with the smallest negative log-likelihood of the labels (section 4.2)."""
    from scipy.optimize import minimize_scalar  # takes a second

    def loss(log_temperature: float) -> float:
        tempered = temper(probabilities, float(np.exp(log_temperature)))
        likely = np.maximum(tempered[np.arange(len(labels)), labels], 1e-300)
        return -float(np.log(likely).mean())

    minimum = minimize_scalar(loss, bounds=np.log(BOUNDS), method="bounded")
    return float(np.exp(minimum.x))


def calibrate(
    labels: Labels, probabilities: Probabilities, temperature: float | None, source: str | None
) -> Calibration:
    """Measure answers, and where a temperature is known also what it makes of them."""
    tempered = temper(probabilities, temperature) if temperature else None
    return Calibration(
        ece=expected_calibration_error(labels, probabilities),
        bins=reliability(labels, probabilities),
        temperature=temperature,
        temperature_from=source,
        ece_with_temperature=(
            None if tempered is None else expected_calibration_error(labels, tempered)
        ),
    )
