"""The smallest set of layers to keep in float for the gates to hold, most expensive layers first.

Wu et al., "Integer quantization for deep learning inference" (arXiv:2004.09602), section 5.2:
rank the layers by what the answers suffer when one alone is quantized, then leave one more in float
at a time until the quality is there. All of it on the validation split: the test split judges the
outcome once, and a file that was fitted to it could not be judged by it. Since it does, the gates
have to hold by a standard error on validation: the first file that just passes there is picked for
its luck.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite.classes import HAM10000, ClassList
from skinlite.data.examples import Examples
from skinlite.progress import Report, silent
from skinlite_export.manifest.measured import Gate, LayerError, Search, SearchStep
from skinlite_export.quantize.calibrated_model import Calibrated, answers
from skinlite_export.quantize.layer_errors import explain
from skinlite_export.recipe import Gates
from skinlite_export.verify.fidelity import judge

MOST_FLOAT = 0.1
"""Share of the layers; a file with more of them in float is no int8 file any longer."""


def search(
    calibrated: Calibrated,
    gates: Gates,
    validation: Examples,
    keras: NDArray[np.floating[Any]],
    lesions: NDArray[Any],
    report: Report = silent,
    classes: ClassList = HAM10000,
) -> tuple[Search, tuple[LayerError, ...] | None]:
    """Keep ever more layers in float until the gates hold, or too many are.

    Args:
        calibrated: to be made int8; its recipe's ``keep_float`` is in float in every step.
        gates: what has to hold.
        validation: the whole validation split.
        keras: (N, classes), the Keras model's answers there.
        lesions: (N,), which lesion an image shows.
        report: progress.
        classes: of labels and answers.

    Returns:
        The steps, and the errors that led them; none where the first file passed already.
    """
    given = calibrated.recipe.keep_float
    steps = [_step(calibrated, gates, validation, keras, lesions, given, classes)]
    if not steps[0].failed:
        return Search(found=True, steps=tuple(steps)), None
    errors = explain(calibrated, validation, given, report)
    # A layer may be several operators; its place is that of its most expensive.
    ranked = list(dict.fromkeys(error.layer for error in errors))
    most = max(1, round(MOST_FLOAT * len(ranked)))
    for count in range(1, most + 1):
        report("searched for layers to keep in float", count - 1, most)
        kept = (*given, *ranked[:count])
        step = _step(calibrated, gates, validation, keras, lesions, kept, classes)
        steps.append(step)
        if not step.failed:
            break
    report("searched for layers to keep in float", most, most)
    return Search(found=not steps[-1].failed, steps=tuple(steps)), errors


def _step(
    calibrated: Calibrated,
    gates: Gates,
    validation: Examples,
    keras: NDArray[np.floating[Any]],
    lesions: NDArray[Any],
    kept: Sequence[str],
    classes: ClassList,
) -> SearchStep:
    content = calibrated.to_int8(kept)
    given = answers(content, validation)
    measured = judge("model.tflite", validation.labels, keras, given, lesions, gates, classes)
    agreement = next(gate.measured for gate in measured if gate.name == "agreement")
    return SearchStep(
        kept=tuple(kept),
        bytes=len(content),
        agreement=agreement or 0.0,
        failed=tuple(gate.name for gate in measured if gate.applies and not _holds_elsewhere(gate)),
    )


def _holds_elsewhere(gate: Gate) -> bool:
    """Whether a gate holds by one standard error, so that it likely does on other images too."""
    if gate.measured is None or gate.interval is None:
        return False
    low, high = gate.interval
    error = (high - low) / 2 / 1.96  # of a 95 % interval
    if gate.name == "agreement":
        return gate.measured - error >= gate.limit
    return gate.measured + error <= gate.limit
