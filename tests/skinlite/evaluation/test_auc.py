"""The AUC of resamples is that of scikit-learn, whatever the weights and the ties."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from skinlite.evaluation.auc import weighted_auc


@pytest.mark.parametrize("levels", [5, 1000])
def test_is_that_of_scikit_learn(levels: int) -> None:
    random = np.random.default_rng(0)
    truth = random.random(200) < 0.3
    score = (random.integers(levels, size=200) / levels).astype(np.float32)
    weights = random.integers(0, 4, (6, 200)).astype(float)
    expected = [roc_auc_score(truth, score, sample_weight=counts) for counts in weights]
    assert weighted_auc(truth, score, weights) == pytest.approx(expected, abs=1e-12)


def test_without_a_case_or_a_control_nothing_is_known() -> None:
    truth, score = np.array([True, False, False]), np.array([0.2, 0.1, 0.3])
    weights = np.array([[1.0, 1, 1], [0, 1, 1], [1, 0, 0], [2, 1, 0]])
    found = weighted_auc(truth, score, weights)
    np.testing.assert_array_equal(found, [0.5, np.nan, np.nan, 1])
    assert np.isnan(weighted_auc(np.zeros(3, bool), score, weights)).all()
