"""What predictions are worth when probabilities are divided by how frequent the classes were.

    python benchmarks/results/pretrained/prior.py RUN --data HAM10000

p / frequency ** power, before the largest is taken: balanced accuracy, accuracy and the recall of
the critical class, on both splits. The power is chosen on the validation split.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from skinlite.data.dataset import read_dataset
from skinlite.evaluation.metrics import evaluate
from skinlite.training.input.prepare import prepare_again
from skinlite.training.runs.find import open_run
from skinlite.training.trainer import predict

POWERS = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 1)


def main(run: Path, data: Annotated[Path, typer.Option()]) -> None:
    """Print the table."""
    opened = open_run(run)
    prepared, model = prepare_again(opened, read_dataset(data)), opened.load_model()
    classes = prepared.dataset.classes
    frequency = np.bincount(prepared.examples["train"].labels, minlength=len(classes))
    frequency = frequency / frequency.sum()
    seen = {name: prepared.examples[name] for name in ("validation", "test")}
    given = {name: predict(model, images) for name, images in seen.items()}
    print("| power | validation | test |\n| ---: | --- | --- |")
    for power in POWERS:
        cells = []
        for name, images in seen.items():
            weighted = given[name] / frequency**power
            weighted /= weighted.sum(axis=1, keepdims=True)
            told = evaluate(images.labels, weighted.astype(np.float32), classes)
            critical = told.per_class[classes.critical or classes.codes[0]].recall
            cells.append(f"{told.balanced_accuracy:.3f}, {told.accuracy:.3f}, {critical:.3f}")
        print(f"| {power:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
