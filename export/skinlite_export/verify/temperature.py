"""The temperature of an exported file.

Quantization moves confidences before it moves answers, so that a float network's temperature does
not fit its int8 file; this one is fitted on the file's own answers.
"""

from skinlite.evaluation.calibration import (
    Labels,
    Probabilities,
    expected_calibration_error,
    fit_temperature,
    temper,
)
from skinlite_export.manifest.measured import Temperature


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
