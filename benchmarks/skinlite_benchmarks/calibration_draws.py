"""Does int8 hang on which pictures calibrate? The same run, several draws, several recipes.

    python -m skinlite_benchmarks.calibration_draws RUN --data HAM10000 --draws 10

Prints a Markdown table: each recipe's worst and median draw on the test split against Keras.
"""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from skinlite.data.dataset import read_dataset
from skinlite.training.prepare import Prepared, prepare_again
from skinlite.training.run import Run, open_run
from skinlite_export.export import convert
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites import ALL
from skinlite_export.runtime import load_runner, predict_all
from skinlite_export.verification import Fidelity, fidelity

RECIPES = {
    "stock converter": Recipe(rewrites=(), screening=None, ranges="minmax"),
    "stock, screened": Recipe(rewrites=(), ranges="minmax"),
    "skinlite, min/max": Recipe(rewrites=ALL, screening=None, ranges="minmax"),
    "skinlite, min/max, screened": Recipe(rewrites=ALL, ranges="minmax"),
    "skinlite, least squares": Recipe(rewrites=ALL, screening=None),
    "skinlite, least squares, screened": Recipe(rewrites=ALL),
}


def measure(run: Run, data: Prepared, recipe: Recipe) -> Fidelity:
    """Convert once and compare with the Keras model on the whole test split."""
    from skinlite.training.trainer import predict

    test = data.examples["test"]
    model = run.load_model()
    content = convert(model, data, recipe).content
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        answers = predict_all(load_runner(path), test.images, test.patients)
    return fidelity(test.labels, predict(model, test), answers)


def main(
    run: Path,
    data: Annotated[Path, typer.Option()],
    draws: Annotated[int, typer.Option(min=1)] = 10,
    recipes: Annotated[str, typer.Option(help="Names, separated by ';'.")] = ";".join(RECIPES),
) -> None:
    """Print the table."""
    opened = open_run(run)
    prepared = prepare_again(opened, read_dataset(data))
    print(f"{len(prepared.examples['test']):,} held-out pictures, {draws} draws of 300\n")
    print(
        "| recipe | agreement, worst | median | balanced accuracy drop, worst | median "
        "| melanoma recall drop, worst |\n| --- | --- | --- | --- | --- | --- |",
        flush=True,
    )
    for name in recipes.split(";"):
        found = [
            measure(opened, prepared, RECIPES[name].model_copy(update={"seed": seed}))
            for seed in range(draws)
        ]
        agreement = [one.agreement for one in found]
        drop = [one.balanced_accuracy_drop for one in found]
        melanoma = max(one.melanoma_recall_drop for one in found)
        print(
            f"| {name} | {min(agreement):.3f} | {median(agreement):.3f} | {max(drop):+.3f} "
            f"| {median(drop):+.3f} | {melanoma:+.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(main)
