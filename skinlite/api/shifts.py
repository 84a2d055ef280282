"""`under_shifts`: an evaluation's images once more, as other cameras would make them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.api.evaluate import Judged
from skinlite.data.examples import Examples
from skinlite.data.patient import patients_of
from skinlite.data.preprocessing import Pixels
from skinlite.evaluation.calibration import Probabilities
from skinlite.process.optional_packages import need
from skinlite.progress import Report, silent
from skinlite.training.runs.run import Run

if TYPE_CHECKING:
    from skinlite_export.decision.shifts import Measure, Predict, Shifted


def under_shifts(judged: Judged, count: int, report: Report = silent) -> "list[Shifted]":
    """What was judged, under every shift of `skinlite.evaluation.shifts` and at every strength.

    A bundle is compared with its run's Keras model where the run is known and takes images of the
    same size.

    Args:
        judged: what `skinlite.api.evaluate.judge` gave.
        count: images that are looked at, at most; each of them 61 times.
        report: progress.

    Raises:
        MissingExtraError: Keras isn't installed.
    """
    from skinlite_export.bundle.folder import TFLITE
    from skinlite_export.decision import shifts
    from skinlite_export.runtime.model_inputs import images_for, patients_for
    from skinlite_export.runtime.runner import predict_all

    predictions, bundle, run = judged.predictions, judged.bundle, judged.run
    picked = shifts.some_of(predictions.examples.labels, count)
    examples, rows = predictions.examples.take(picked), predictions.rows.iloc[picked]
    classes = judged.dataset.classes
    if bundle is None:
        assert run is not None
        keras = _keras(run, examples)
        return shifts.under_shifts(
            list(examples.images), examples.labels, keras, classes, report=report
        )
    runner = bundle.runner()
    patients = patients_for(runner, patients_of(rows, bundle.encoder()), bundle.encoder())
    images = list(images_for(runner, examples, rows))
    same = images[0].shape == examples.pixels.shape[1:]
    return shifts.under_shifts(
        images,
        examples.labels,
        lambda shown: predict_all(runner, shown, patients),
        classes,
        reference=_keras(run, examples) if run and same else None,
        decision=bundle.manifest.decision,
        saturated=_saturated(bundle.path / TFLITE, patients),
        report=report,
    )


def _saturated(file: Path, patients: NDArray[np.float32]) -> "Measure | None":
    from skinlite_export.decision.saturation import Saturation

    saturation = Saturation(file)
    if not saturation.watched:
        return None

    return lambda at, image: saturation(image, patients[at])


def as_table(found: "Sequence[Shifted]") -> pd.DataFrame:
    """A row for each shift and strength."""
    return pd.DataFrame([one.model_dump() for one in found])


def _keras(run: Run, examples: Examples) -> "Predict":
    """The run's Keras model as a function of images alone."""
    need("keras", "train")
    from skinlite.training.trainer import predict

    model, places = run.load_model(), np.arange(len(examples))

    def answer(shown: Sequence[Pixels]) -> Probabilities:
        given = Examples(np.stack(shown), places, examples.patients, examples.labels)
        return predict(model, given)

    return answer
