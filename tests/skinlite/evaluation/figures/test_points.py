"""Net benefit, and the figure of operating points."""

from pathlib import Path

import numpy as np
import pytest

from skinlite.data.preprocessing import load_image
from skinlite.evaluation.figures.points import draw_points, net_benefit


def test_net_benefit_weighs_false_alarms_by_the_odds() -> None:
    truth = np.array([True, True, False, False, False])
    scores = np.array([0.9, 0.1, 0.6, 0.3, 0.0])
    benefit = net_benefit(truth, scores, np.array([0.2, 0.5, 0.95]))
    # At 0.2: one found, two false alarms, each worth a quarter of one found.
    assert benefit == pytest.approx([1 / 5 - 2 / 5 / 4, 1 / 5 - 1 / 5, 0])


def test_the_figure_is_drawn(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet([1, 1, 1], 60)
    points = {"a": ([0], 0.2), "a or b": ([0, 1], 0.5)}
    path = tmp_path / "points.png"
    draw_points(path, "a bundle", random.integers(0, 3, 60), probabilities, points)
    assert load_image(path).shape[1] == 1200


def test_a_threshold_of_one_has_no_odds_and_leaves_the_curve(tmp_path: Path) -> None:
    """Its net benefit is minus infinity as soon as one other image reaches it."""
    points, labels = {"a": ([0], 1.0)}, np.array([0, 1, 1, 0])
    with np.errstate(all="raise"):
        draw_points(tmp_path / "points.png", "", labels, np.eye(2)[[0, 0, 1, 1]], points)
