"""How much a shift changes an image, beside MedMNIST-C's of the same kind.

    python -m skinlite_benchmarks.studies.shift_strengths RUN DATA

Prints the mean difference in levels at the strengths 1 to 5. Theirs are those of `medmnistc` 0.1.0
for DermaMNIST whose arithmetic is another than ours; where it is the same, the strengths themselves
can be compared. Needs the extra ``train``.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageEnhance

from skinlite.api.data import dataset_of, run_of
from skinlite.data.preprocessing import Pixels
from skinlite.errors import told
from skinlite.evaluation.shifts import SHIFTS, STRENGTHS, shift
from skinlite.training.input.prepare import prepare_again
from skinlite_benchmarks.report.render_markdown import markdown_table
from skinlite_benchmarks.report.tables import Table

Change = Callable[[Pixels], Pixels]


def _lit(factor: float, image: Pixels) -> Pixels:
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(image)).enhance(factor))


def _flat(factor: float, image: Pixels) -> Pixels:
    return np.asarray(ImageEnhance.Contrast(Image.fromarray(image)).enhance(factor))


def _cornered(radius: float, image: Pixels) -> Pixels:
    """Black outside of a circle; radius 1 touches the sides."""
    middle = [side // 2 for side in image.shape[:2]]
    rows, columns = (np.arange(side) - side // 2 for side in image.shape[:2])
    seen = np.hypot(rows[:, None], columns) <= int(min(middle) * radius)
    return np.asarray(image * seen[:, :, None])


THEIRS: dict[str, list[Change]] = {
    "brightness_up": [partial(_lit, by) for by in (1.1, 1.2, 1.3, 1.4, 1.5)],
    "brightness_down": [partial(_lit, by) for by in (0.9, 0.8, 0.7, 0.6, 0.5)],
    "contrast_down": [partial(_flat, by) for by in (0.8, 0.7, 0.6, 0.5, 0.4)],
    "black_corner": [partial(_cornered, by) for by in (1.1, 1.05, 1.0, 0.9, 0.95)],
}


def main(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    images: Annotated[int, typer.Option(min=1, help="Test images, at most.")] = 200,
) -> None:
    """Print the table."""
    opened = run_of(run)
    test = prepare_again(opened, dataset_of(data, opened.info)).examples["test"]
    shown = list(test.take(np.arange(0, len(test), max(1, len(test) // images))).images)

    def off(change: Change) -> str:
        return f"{np.mean([np.abs(change(one).astype(float) - one).mean() for one in shown]):.1f}"

    changes: dict[str, list[Change]] = {
        name: [partial(shift, name, strength=at) for at in STRENGTHS] for name in SHIFTS
    }
    changes |= {f"{name}, MedMNIST-C": made for name, made in THEIRS.items()}
    rows = [(name, *(off(one) for one in made)) for name, made in changes.items()]
    title = f"Mean difference in levels, {len(shown)} test images"
    print(markdown_table(Table(title, ("", *map(str, STRENGTHS)), rows)))


if __name__ == "__main__":
    with told():
        typer.run(main)
