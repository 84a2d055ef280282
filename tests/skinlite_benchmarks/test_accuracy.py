"""Intervals from the confusion matrix, and the paper's figures."""

import numpy as np
import pytest

from skinlite.evaluation.metrics import evaluate
from skinlite.models.backbones import BACKBONES
from skinlite_benchmarks.accuracy import accuracy_of
from skinlite_benchmarks.paper import paper_figures


def test_intervals_are_those_of_a_bootstrap_over_the_pictures() -> None:
    random = np.random.default_rng(3)
    labels = random.choice(7, 500, p=[0.05, 0.1, 0.1, 0.05, 0.2, 0.4, 0.1])
    probabilities = random.dirichlet(np.ones(7), 500)
    probabilities[np.arange(500), labels] += 0.3
    found = accuracy_of(evaluate(labels, probabilities), source="data", pictures="all")
    right = probabilities.argmax(1) == labels
    drawn = right[random.integers(0, 500, (2000, 500))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert found.accuracy.value == pytest.approx(right.mean())
    assert (found.accuracy.low, found.accuracy.high) == pytest.approx((low, high), abs=0.008)
    assert found.melanoma_recall is not None and found.melanoma_recall.n == (labels == 4).sum()
    melanoma, balanced = found.melanoma_recall, found.balanced_accuracy
    assert melanoma.high - melanoma.low > found.accuracy.high - found.accuracy.low
    assert balanced.low < balanced.value < balanced.high
    assert found.agreement is None and found.keras is None


def test_without_melanomas_their_recall_is_not_told() -> None:
    found = accuracy_of(
        evaluate(np.array([0, 1, 5]), np.eye(7)[[0, 1, 4]]),
        source="data",
        pictures="all",
        agreement=1.0,
    )
    assert found.melanoma_recall is None
    assert found.agreement is not None and found.agreement.low == 1
    assert found.balanced_accuracy.value == pytest.approx(2 / 3)


def test_paper_rows_are_backbones_of_ours_and_come_once() -> None:
    assert len(paper_figures(BACKBONES)) == 9
    found = paper_figures(["mobilenet_v3_large", None, "vgg16", "mobilenet_v3_large"])
    assert [row.backbone for row in found] == ["mobilenet_v3_large"]
    recalls = (0.72, 0.76, 0.75, 0.92, 0.58, 0.92, 0.92)  # table A4
    assert found[0].mean_recall == pytest.approx(np.mean(recalls), abs=0.005)
