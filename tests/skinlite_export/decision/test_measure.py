"""What points and sets do on test images."""

import numpy as np
import pandas as pd
import pytest

from skinlite.classes import ClassList
from skinlite_export.decision.curves import along
from skinlite_export.decision.measure import (
    THRESHOLDS,
    point_scores,
    predictive_values,
    set_scores,
)

CLASSES = ClassList.of(["cat", "dog"])


def test_predictive_values_follow_from_bayes() -> None:
    # 1000 patients, 10 ill: 9 found, 1 missed; of 990 well 198 called ill.
    positive, negative = predictive_values(0.9, 0.8, 0.01)
    assert positive == pytest.approx(9 / 207) and negative == pytest.approx(792 / 793)
    assert np.isnan(predictive_values(np.float64(0), np.float64(1), 0.01)[0])


def test_a_point_is_counted_with_intervals_and_a_paired_change() -> None:
    positive = np.arange(100) < 20
    scores, lesions = np.arange(100) % 2 * -0.4 + 0.6, np.arange(100)
    keras = scores > 0.5
    same = point_scores(positive, scores, 0.6, lesions, keras)
    assert (same.positives, same.found, same.negatives, same.cleared) == (20, 10, 80, 40)
    assert same.sensitivity.value == 0.5 and same.specificity.value == 0.5
    low, high = same.sensitivity.interval or (0, 0)
    assert 0.2 < low < 0.4 and 0.6 < high < 0.8
    # The same resampled lesions for both: no change has no width.
    assert same.sensitivity_drop and same.sensitivity_drop.interval == (0, 0)
    none = point_scores(np.zeros(100, bool), scores, 0.6, lesions, keras)
    assert none.sensitivity.value is None and none.sensitivity_drop
    assert none.sensitivity_drop.value is None and none.specificity.value == 0.5
    assert point_scores(positive, scores, 0.6, lesions).sensitivity_drop is None


def test_nothing_missed_is_not_nothing_to_miss() -> None:
    positive, lesions = np.arange(100) < 20, np.arange(100) // 2
    every = point_scores(positive, positive * 0.8 + 0.1, 0.5, lesions)
    low = 0.025 ** (1 / 10)  # Clopper and Pearson, of ten lesions
    assert every.sensitivity.value == 1 and every.sensitivity.interval == pytest.approx((low, 1))
    _, negative = predictive_values(low, 1, 0.2)
    assert every.predictive[2].negative.interval == pytest.approx((negative, 1))
    assert every.predictive[2].positive.value == 1
    bound = every.predictive[2].positive.interval
    assert bound and bound[0] == pytest.approx(predictive_values(1, 0.025 ** (1 / 40), 0.2)[0])
    none = point_scores(positive, 0.6 - positive * 0.5, 0.5, lesions)
    assert none.sensitivity.interval == pytest.approx((0, 1 - low)) and none.specificity.value == 0


def test_a_curve_has_the_point_among_other_thresholds() -> None:
    positive, scores = np.arange(100) < 20, np.linspace(1, 0, 100)
    measured = point_scores(positive, scores, 0.9, np.arange(100))
    found = along(measured, 0.9)
    thresholds = [one.threshold for one in found]
    assert thresholds == sorted({*THRESHOLDS, 0.9})  # one of the curve's own is there once
    (own,) = [one for one in found if one.threshold == 0.9]
    assert own.sensitivity == 10 / 20 and own.specificity == 1
    (half,) = [one for one in found if one.threshold == 0.5]
    # 50 images reach 0.5: all 20 positive ones and 30 others; acting at 0.5 weighs both alike.
    assert (half.sensitivity, half.specificity) == (1, 1 - 30 / 80)
    assert half.benefit == pytest.approx((20 - 30) / 100)
    assert half.benefit_of_all == pytest.approx((20 - 80) / 100)
    assert along(measured.model_copy(update={"curve": None}), 0.9) == []
    assert along(measured, 1.0) == along(measured, 1 + 3e-8) == []
    assert along(point_scores(np.zeros(100, bool), scores, 0.9, np.arange(100)), 0.9) == []


def test_sets_are_counted_by_class_subgroup_and_size() -> None:
    labels = np.repeat([0, 1], [30, 10])
    inside = np.zeros((40, 2), bool)
    inside[:, 0] = True
    inside[30:35, 1] = True
    rows = pd.DataFrame(
        {
            "lesion_id": [f"l{row}" for row in range(40)],
            "age": 50.0,
            "sex": ["female"] * 30 + ["male"] * 10,
            "localization": "back",
        }
    )
    found = set_scores(labels, inside, rows, CLASSES)
    assert found.coverage.value == 35 / 40 and found.sizes == (35, 5)
    assert {code: share.value for code, share in found.by_class.items()} == {"cat": 1, "dog": 0.5}
    groups = {(one.field, one.group): one for one in found.subgroups}
    assert groups["sex", "female"].coverage == 1
    assert groups["sex", "male"].images == 10 and groups["sex", "male"].coverage is None  # too few
