"""Agreement of an adopted run's int8 file with Keras, also where Keras is sure, a line a draw.

    python breeds_in_int8.py RUN --data IMAGES --recipe skinlite --draws 3

On the images that calibrate nothing: those of the validation and test splits.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from skinlite.data.dataset import read_dataset
from skinlite.training.input.prepare import prepare_again
from skinlite.training.runs.find import open_run
from skinlite.training.trainer import predict
from skinlite_benchmarks.studies.calibration_draws import RECIPES
from skinlite_export.pipeline import convert
from skinlite_export.quantize.calibrated_model import answers


def main(
    run: Path,
    data: Annotated[Path, typer.Option()],
    first: int = 0,
    draws: int = 1,
    recipe: str = "skinlite",
) -> None:
    """Print the table."""
    opened = open_run(run)
    prepared, model = prepare_again(opened, read_dataset(data)), opened.load_model()
    judges = [prepared.examples[split] for split in ("validation", "test")]
    keras = np.concatenate([predict(model, images) for images in judges])
    sure = keras.max(axis=1) > 0.5
    print(f"{run.name}, {recipe}: {len(keras)} images, float32 above 0.5 in {sure.sum()}\n")
    print("| draw | agreement | above 0.5 | mean difference |\n| --- | ---: | ---: | ---: |")
    for seed in range(first, first + draws):
        content = convert(model, prepared, RECIPES[recipe].model_copy(update={"seed": seed}))
        found = np.concatenate([answers(content.content, images) for images in judges])
        same = found.argmax(axis=1) == keras.argmax(axis=1)
        difference = np.abs(found - keras).mean()
        print(
            f"| {seed} | {same.mean():.4f} | {same[sure].mean():.4f} | {difference:.4f} |",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(main)
