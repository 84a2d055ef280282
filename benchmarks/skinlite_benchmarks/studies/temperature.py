"""Which images a temperature may be fitted on, and whether it helps.

    python -m skinlite_benchmarks.studies.temperature RUN BUNDLE DATA

Fits a temperature on the validation images, on training images, and, as the best that could be
had, on one half of the test lesions for the other half; prints expected calibration error (ECE)
and negative log-likelihood (NLL) of the test images. Training images are answered by Keras, all
others by BUNDLE's model.tflite.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from skinlite.api.data import dataset_of, run_of
from skinlite.errors import told
from skinlite.evaluation.calibration import (
    SMALLEST,
    Labels,
    Probabilities,
    expected_calibration_error,
    fit_temperature,
    temper,
)
from skinlite.training.input.prepare import prepare_again
from skinlite.training.trainer import predict
from skinlite_benchmarks.report.render_markdown import markdown_table
from skinlite_benchmarks.report.tables import Table
from skinlite_export.bundle.folder import open_bundle
from skinlite_export.runtime.runner import predict_all

DRAWS, TRAINING = 20, 2500


def halves(
    labels: Labels, probabilities: Probabilities, lesions: NDArray[np.object_]
) -> tuple[list[float], list[NDArray[np.float64]]]:
    """Temperatures of one half of the lesions each, and what they make of the other half."""
    names, lesion = np.unique(lesions, return_inverse=True)
    random, temperatures, tempered = np.random.default_rng(0), [], []
    for _ in range(DRAWS):
        half = random.integers(0, 2, len(names))[lesion]
        made = np.empty(probabilities.shape)
        for side in (0, 1):
            temperatures.append(fit_temperature(labels[half != side], probabilities[half != side]))
            made[half == side] = temper(probabilities[half == side], temperatures[-1])
        tempered.append(made)
    return temperatures, tempered


def scores(labels: Labels, probabilities: Probabilities) -> tuple[float, float]:
    """ECE and NLL."""
    likely = np.maximum(probabilities[np.arange(len(labels)), labels], SMALLEST)
    return expected_calibration_error(labels, probabilities), float(-np.log(likely).mean())


def main(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    bundle: Annotated[Path, typer.Argument(help="Its bundle.")],
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
) -> None:
    """Print the table."""
    opened = run_of(run)
    prepared = prepare_again(opened, dataset_of(data, opened.info))
    validation, test = (prepared.examples[name] for name in ("validation", "test"))
    training = prepared.examples["train"]
    drawn = training.take(np.random.default_rng(0).permutation(len(training))[:TRAINING])
    runner = open_bundle(bundle).runner()
    answers = predict_all(runner, test.images, test.patients)
    fits = {
        "validation images": fit_temperature(
            validation.labels, predict_all(runner, validation.images, validation.patients)
        ),
        "training images": fit_temperature(drawn.labels, predict(opened.load_model(), drawn)),
    }
    rows = [("nothing", "1", *(f"{one:.4f}" for one in scores(test.labels, answers)))]
    for name, value in fits.items():
        figures = scores(test.labels, temper(answers, value))
        rows.append((name, f"{value:.3f}", *(f"{one:.4f}" for one in figures)))
    lesions = prepared.rows("test")["lesion_id"].to_numpy(object)
    temperatures, tempered = halves(test.labels, answers, lesions)
    known = np.mean([scores(test.labels, made) for made in tempered], axis=0)
    spread = f"{np.mean(temperatures):.3f} ± {np.std(temperatures):.3f}"
    rows.append(("other half of the test lesions", spread, *(f"{one:.4f}" for one in known)))
    print(markdown_table(Table("Temperature", ("Fitted on", "temperature", "ECE", "NLL"), rows)))


if __name__ == "__main__":
    with told():
        typer.run(main)
