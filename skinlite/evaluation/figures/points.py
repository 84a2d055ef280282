"""One figure of operating points: ROC with the points, and decision curves.

A decision curve shows the net benefit over the threshold at which somebody would act. It takes the
sum of probabilities for a risk, which it is only as far as it is calibrated.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from skinlite.evaluation import metrics
from skinlite.evaluation.calibration import Labels, Probabilities
from skinlite.evaluation.figures.plots import COLOURS, GREY, STYLE
from skinlite.files.read_write import write_atomically

Point = tuple[Sequence[int], float]
"""Columns of its classes, and its threshold."""

THRESHOLDS = np.linspace(0.005, 0.5, 100)


def draw_points(
    path: Path,
    title: str,
    labels: Labels,
    probabilities: Probabilities,
    points: Mapping[str, Point],
) -> None:
    """Draw a PNG.

    Args:
        path: to write.
        title: of the figure.
        labels: (N,).
        probabilities: (N, classes).
        points: by name, those that have a threshold.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        roc, curve = figure.subplots(1, 2)
        for place, (name, (columns, threshold)) in enumerate(points.items()):
            colour = COLOURS[place % len(COLOURS)]
            truth = np.isin(labels, columns)
            scores = probabilities[:, list(columns)].astype(np.float64).sum(axis=1)
            false, found, _ = roc_curve(truth, scores)
            roc.plot(false, found, color=colour, label=f"{name}, at {threshold:.3g}")
            reached = scores >= threshold
            roc.plot(reached[~truth].mean(), reached[truth].mean(), "o", color=colour)
            curve.plot(THRESHOLDS, net_benefit(truth, scores), color=colour, label=name)
            everybody = net_benefit(truth, np.ones(len(truth)))
            curve.plot(THRESHOLDS, everybody, ":", color=colour, label=f"{name}: act on all")
            if threshold < 1:  # 1 has no odds: the net benefit would be minus infinity
                benefit = net_benefit(truth, scores, np.array([threshold]))
                curve.plot([threshold], benefit, "o", color=colour)
        curve.axhline(0, color=GREY)
        curve.set_ylim(bottom=-0.02)
        roc.set(title="ROC, with the operating points", xlabel="1 - specificity")
        roc.set(ylabel="sensitivity", xlim=(0, 1), ylim=(0, 1.01))
        curve.set(title="Decision curve", xlabel="threshold", ylabel="net benefit")
        for axes in (roc, curve):
            axes.legend(fontsize=8)
        figure.suptitle(title, x=0.01, ha="left", fontsize=9, color="#555555")
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    write_atomically(path, content.getvalue())


def net_benefit(
    truth: NDArray[np.bool_], scores: NDArray[Any], thresholds: NDArray[Any] = THRESHOLDS
) -> NDArray[np.float64]:
    """Net benefit (T,) of acting from each threshold (T,) on."""
    reached = scores[:, None] >= thresholds
    found = (reached & truth[:, None]).mean(axis=0)
    false = (reached & ~truth[:, None]).mean(axis=0)
    return np.asarray(metrics.net_benefit(found, false, thresholds))
