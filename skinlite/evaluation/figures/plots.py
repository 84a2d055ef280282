"""The figures of an evaluation, as PNG files that are the same for the same numbers.

f1_recall.png   confusion.png   roc.png   reliability.png
training.png    where the run's history is known
attention.png   where the network's attention is
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from skinlite.data.preprocessing import Pixels
from skinlite.evaluation.calibration import Labels, Probabilities
from skinlite.evaluation.evaluation import Evaluation
from skinlite.files.read_write import staged_folder
from skinlite.vocabulary import CLASSES

COLOURS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377", "#777777")
"""Of the classes in their order, and again: Paul Tol's bright scheme, which colour-blind readers
can tell apart."""

BLUE, RED, GREY = COLOURS[0], COLOURS[4], "#bbbbbb"

STYLE = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "font.size": 10,
    "grid.color": "#e5e5e5",
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Looks:
    """Some images with what the network looked at: (N, H, W, 3), (N, h, w), labels, answers.

    Attributes:
        images: RGB 0-255.
        maps: of attention.
        labels: positions in ``codes``.
        probabilities: (N, len(codes)).
        codes: of the classes.
    """

    images: Pixels
    maps: NDArray[np.float32]
    labels: Labels
    probabilities: Probabilities
    codes: tuple[str, ...] = CLASSES


def draw_figures(
    folder: Path,
    title: str,
    labels: Labels,
    probabilities: Probabilities,
    evaluation: Evaluation,
    *,
    history: pd.DataFrame | None = None,
    looks: Looks | None = None,
) -> list[str]:
    """Draw all that can be drawn into a new folder.

    Returns:
        Names of the files.

    Raises:
        InputError: the folder is taken or can't be written to.
    """
    with rc_context(STYLE):
        figures = {
            "f1_recall.png": _bars(evaluation),
            "confusion.png": _confusion(evaluation),
            "roc.png": _rocs(labels, probabilities, evaluation),
            "reliability.png": _reliability(evaluation),
        }
        if history is not None and len(history):
            figures["training.png"] = _training(history)
        if looks is not None:
            figures["attention.png"] = _attention(looks)
        with staged_folder(folder) as staging:
            for name, figure in figures.items():
                figure.suptitle(title, x=0.01, ha="left", fontsize=9, color="#555555")
                # Without the library's name and version, the bytes are the figure's alone.
                figure.savefig(staging / name, dpi=120, metadata={"Software": None})
    return list(figures)


def pick_looks(labels: Labels) -> NDArray[np.intp]:
    """The first image of each class: one position a class that has an image."""
    return np.unique(labels, return_index=True)[1].astype(np.intp)


def _axes(width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def _bars(evaluation: Evaluation) -> Figure:
    figure, axes = _axes(8, 4)
    places = np.arange(len(evaluation.per_class))
    for shift, field, colour in ((-0.2, "f1", BLUE), (0.2, "recall", RED)):
        heights = [getattr(metrics, field) or 0.0 for metrics in evaluation.per_class.values()]
        bars = axes.bar(
            places + shift, heights, 0.38, color=colour, label=field.replace("f1", "F1")
        )
        axes.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
    names = [f"{name}\n{metrics.support}" for name, metrics in evaluation.per_class.items()]
    axes.set_xticks(places, names)
    axes.set_xlabel("class, and its images")
    axes.set_ylim(0, 1.08)
    axes.grid(axis="x", visible=False)
    axes.legend(ncols=2, loc="upper right", bbox_to_anchor=(1, 1.14))
    axes.set_title("F1 and recall of each class")
    return figure


def _confusion(evaluation: Evaluation) -> Figure:
    figure, axes = _axes(6, 5.4)
    counts = np.array(evaluation.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=9)
    places, codes = np.arange(len(counts)), tuple(evaluation.per_class)
    axes.set_xticks(places, codes)
    axes.set_yticks(places, codes)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.grid(visible=False)
    axes.set_title("Images; shade: share of the row")
    figure.colorbar(image, shrink=0.8)
    return figure


def _rocs(labels: Labels, probabilities: Probabilities, evaluation: Evaluation) -> Figure:
    figure, axes = _axes(6, 5.4)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    for index, (name, metrics) in enumerate(evaluation.per_class.items()):
        if metrics.auc is not None:
            false, true, _ = roc_curve(labels == index, probabilities[:, index])
            axes.plot(
                false, true, color=COLOURS[index % len(COLOURS)], label=f"{name}  {metrics.auc:.3f}"
            )
    axes.set_xlabel("1 - specificity")
    axes.set_ylabel("sensitivity")
    axes.set_aspect("equal")
    axes.legend(loc="lower right", title="AUC, one against the rest")
    axes.set_title("ROC curves")
    return figure


def _reliability(evaluation: Evaluation) -> Figure:
    calibration = evaluation.calibration
    figure, axes = _axes(6, 5.4)
    axes.plot(
        [0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="share of right predictions"
    )
    axes.plot(
        [bin_.confidence for bin_ in calibration.bins],
        [bin_.accuracy for bin_ in calibration.bins],
        color=BLUE,
        marker="o",
        label=f"without temperature: error {calibration.ece:.3f}",
    )
    for bin_ in calibration.bins:
        place = (bin_.confidence, bin_.accuracy)
        axes.annotate(
            f"{bin_.images}", place, xytext=(5, -11), textcoords="offset points", fontsize=7
        )
    if calibration.ece_with_temperature is not None:
        axes.plot(
            [],
            [],
            " ",
            label=f"with temperature {calibration.temperature:.2f}: "
            f"error {calibration.ece_with_temperature:.3f}",
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_aspect("equal")
    axes.set_xlabel("confidence (numbers: images)")
    axes.set_ylabel("accuracy")
    axes.legend(loc="upper left")
    axes.set_title("Reliability")
    return figure


def _training(history: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = history["epoch"]
    marker = "o" if len(history) < 2 else ""
    left.plot(epochs, history["loss"], color=BLUE, marker=marker)
    left.set_title("Training loss")
    for column, colour in (("accuracy", BLUE), ("balanced_accuracy", RED)):
        scores = history[f"validation_{column}"]
        label = column.replace("_", " ")
        right.plot(epochs, scores, color=colour, label=label, marker=marker)
    right.set_title("Validation")
    right.set_ylim(0, 1)
    right.legend(loc="lower right")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
    return figure


def _attention(looks: Looks) -> Figure:
    count, columns = len(looks.labels), 4
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(2.2 * columns, 4.9 * rows), layout="constrained")
    figure.supxlabel(
        "true class: predicted class and its probability; below: the Soft-Attention map", fontsize=9
    )
    grid = figure.subplots(2 * rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    height, width = looks.images.shape[1:3]
    for number in range(count):
        above = grid[2 * (number // columns), number % columns]
        below = grid[2 * (number // columns) + 1, number % columns]
        answer = int(looks.probabilities[number].argmax())
        sure = float(looks.probabilities[number, answer])
        truth, answered = looks.codes[looks.labels[number]], looks.codes[answer]
        colour = "black" if answered == truth else RED
        above.set_title(f"{truth}: {answered} {sure:.2f}", fontsize=9, color=colour)
        above.imshow(looks.images[number])
        below.imshow(looks.images[number])
        below.imshow(
            looks.maps[number],
            cmap="inferno",
            alpha=0.55,
            interpolation="bilinear",
            extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        )
    return figure
