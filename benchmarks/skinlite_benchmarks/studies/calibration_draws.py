"""Does int8 depend on which images calibrate? The same run, several draws, several recipes.

    python -m skinlite_benchmarks.studies.calibration_draws RUN --data HAM10000 --draws 10

Prints a Markdown table: each recipe's worst and median draw against Keras. Recipes are chosen on
the validation split, so that the test split can still judge the one that was chosen. Divergence is
that of the median image: the mean depends on the one in a hundred that clips (half of the sum).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer

from skinlite.api.data import dataset_of
from skinlite.errors import told
from skinlite.training.input.prepare import Prepared, prepare_again
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_export.pipeline import convert
from skinlite_export.quantize.calibrated_model import answers
from skinlite_export.quantize.layer_errors import divergence
from skinlite_export.recipe import FineTuning, Recipe
from skinlite_export.rewrites.registry import ALL
from skinlite_export.verify.fidelity import Fidelity, fidelity

RECIPES = {
    "stock converter": Recipe(rewrites=(), screening=None, ranges="minmax"),
    "stock, screened": Recipe(rewrites=(), ranges="minmax"),
    "skinlite, min/max": Recipe(rewrites=ALL, screening=None, ranges="minmax"),
    "skinlite, not screened": Recipe(rewrites=ALL, screening=None),
    "skinlite, not equalized": Recipe(
        rewrites=tuple(name for name in ALL if name != "equalize-channels")
    ),
    "skinlite, nearest rounding": Recipe(
        rewrites=tuple(name for name in ALL if name != "adaptive-rounding")
    ),
    "skinlite, all in int8": Recipe(rewrites=tuple(name for name in ALL if name != "float-head")),
    "skinlite, fine-tuned": Recipe(rewrites=ALL, quantize="int8-qat", fine_tuning=FineTuning()),
    "skinlite": Recipe(rewrites=ALL),
}

DRAWN = Recipe().calibration_pictures


class Split(StrEnum):
    """Whose images are compared."""

    VALIDATION = "validation"
    TEST = "test"


def measure(
    run: Run, data: Prepared, recipe: Recipe, splits: Sequence[Split]
) -> Iterator[tuple[Fidelity, float]]:
    """Convert once and compare with the Keras model on whole splits.

    Yields:
        For each split what the gates judge, and the median image's divergence
        (`skinlite_export.quantize.layer_errors`), nats.
    """
    from skinlite.training.trainer import predict

    model = run.load_model()
    content = convert(model, data, recipe).content
    for split in splits:
        images = data.examples[split]
        keras, predicted = predict(model, images), answers(content, images)
        apart = float(np.median(divergence(keras, predicted)))
        yield fidelity(images.labels, keras, predicted, data.dataset.classes), apart


def only_some(data: Prepared, count: int, seed: int) -> Prepared:
    """The same with a training split of ``count`` images at random, whatever their classes.

    Calibration draws class-balanced; of so few as it asks for it has to take all.
    """
    train = data.examples["train"]
    rows = np.sort(np.random.default_rng(seed).permutation(len(train))[:count])
    labels = data.split.index[data.split["split"] == "train"]
    left_out = labels.delete(rows)
    examples = {**data.examples, "train": train.take(rows)}
    return replace(data, split=data.split.drop(left_out), examples=examples)


def main(
    run: Path,
    data: Annotated[Path, typer.Option()],
    draws: Annotated[int, typer.Option(min=1)] = 10,
    first: Annotated[int, typer.Option(min=0, help="Seed of the first draw.")] = 0,
    drawn: Annotated[int, typer.Option(min=1, help="Number of images per draw.")] = DRAWN,
    recipes: Annotated[str, typer.Option(help="Names, separated by ';'.")] = ";".join(RECIPES),
    split: Annotated[
        list[Split] | None,
        typer.Option(help="Split whose predictions are compared; may be repeated."),
    ] = None,
    balanced: Annotated[bool, typer.Option(help="Draw equally many images of each class.")] = True,
) -> None:
    """Print the table."""
    opened = open_run(run)
    prepared = prepare_again(opened, dataset_of(data, opened.info))
    splits = split or [Split.VALIDATION]
    how = "class-balanced" if balanced else "random"
    counts = " and ".join(
        f"{len(prepared.examples[split_name]):,} {split_name}" for split_name in splits
    )
    print(f"{counts} images, {draws} {how} draws of {drawn}\n")
    print(
        "| recipe | images | divergence, worst | median | agreement, worst | median "
        "| balanced accuracy drop, worst | median "
        "| critical recall drop, worst | macro AUC drop, worst |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        flush=True,
    )
    for name in recipes.split(";"):
        measured = [
            measure(
                opened,
                prepared if balanced else only_some(prepared, drawn, seed),
                RECIPES[name].model_copy(update={"seed": seed, "calibration_pictures": drawn}),
                splits,
            )
            for seed in range(first, first + draws)
        ]
        for split_name, of_split in zip(splits, zip(*measured, strict=True), strict=True):
            print(f"| {name} | {split_name} | {_cells(*zip(*of_split, strict=True))} |", flush=True)


def _cells(results: Sequence[Fidelity], apart: Sequence[float]) -> str:
    agreement = [result.agreement for result in results]
    drop = [result.balanced_accuracy_drop for result in results]
    melanoma = max(result.critical_recall_drop for result in results)
    auc = max(result.macro_auc_drop for result in results)
    return (
        f"{max(apart):.5f} | {median(apart):.5f} | {min(agreement):.3f} | {median(agreement):.3f} "
        f"| {max(drop):+.3f} | {median(drop):+.3f} | {melanoma:+.3f} | {auc:+.4f}"
    )


if __name__ == "__main__":
    with told():
        typer.run(main)
