"""A run's int8 file against Keras, a line for each draw of calibration images.

    python benchmarks/results/pretrained/draws.py RUN --data HAM10000 --first 0 --draws 10

As `skinlite_benchmarks.studies.calibration_draws`, which tells the worst and the median draw; here
the Keras model predicts once, and every draw is a line as soon as it is done. `--without NAME`
leaves out a rewrite. Divergence is the mean image's Kullback-Leibler divergence, in 1e-4 nats.
"""

from pathlib import Path
from typing import Annotated

import typer

from skinlite.data.dataset import read_dataset
from skinlite.training.input.prepare import prepare_again
from skinlite.training.runs.find import open_run
from skinlite.training.trainer import predict
from skinlite_benchmarks.studies.calibration_draws import RECIPES
from skinlite_export.pipeline import convert
from skinlite_export.quantize.calibrated_model import answers
from skinlite_export.quantize.layer_errors import divergence
from skinlite_export.verify.fidelity import fidelity


def main(
    run: Path,
    data: Annotated[Path, typer.Option()],
    first: int = 0,
    draws: int = 10,
    recipe: str = "skinlite",
    split: str = "test",
    without: str = "",
) -> None:
    """Print the table."""
    if recipe not in RECIPES:
        raise typer.BadParameter(f"no recipe {recipe!r}; there are {', '.join(RECIPES)}")
    chosen = RECIPES[recipe]
    if without and without not in chosen.rewrites:
        raise typer.BadParameter(f"no rewrite {without!r} in this recipe: {chosen.rewrites}")
    rewrites = tuple(name for name in chosen.rewrites if name != without)
    opened = open_run(run)
    prepared, model = prepare_again(opened, read_dataset(data)), opened.load_model()
    images = prepared.examples[split]
    keras = predict(model, images)
    what = f"{run.name}, {recipe}{f' without {without}' if without else ''}"
    print(f"{what}, {len(images):,} {split} images: Keras minus file\n")
    print("| draw | agreement | balanced accuracy | melanoma recall | macro AUC | divergence |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for seed in range(first, first + draws):
        settings = chosen.model_copy(update={"seed": seed, "rewrites": rewrites})
        found = answers(convert(model, prepared, settings).content, images)
        told = fidelity(images.labels, keras, found)
        print(
            f"| {seed} | {told.agreement:.4f} | {told.balanced_accuracy_drop:+.4f} "
            f"| {told.critical_recall_drop:+.4f} | {told.macro_auc_drop:+.4f} "
            f"| {divergence(keras, found).mean() * 1e4:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(main)
