"""Thresholds with a guarantee: an exact bound, lesions that count once, none from too few."""

import numpy as np
import pytest

from skinlite.classes import HAM10000, ClassList
from skinlite.errors import InputError
from skinlite_export.decision.operating_points import (
    asked_of,
    classes_of,
    fewest_lesions,
    most_misses,
    score_of,
    threshold_for,
)


def test_the_bound_is_clopper_and_pearsons() -> None:
    # The table that everybody knows: 59 without a failure prove 95 % with 95 %.
    assert [most_misses(lesions, 0.95) for lesions in (58, 59, 92, 93)] == [None, 0, 0, 1]
    assert (fewest_lesions(0.95), fewest_lesions(0.9)) == (59, 29)
    assert most_misses(0, 0.9) is None


def test_the_guarantee_holds_for_new_lesions() -> None:
    """Over draws of 60 lesions the true sensitivity is below 0.9 in no more than 5 %."""
    random, below = np.random.default_rng(0), 0
    for _ in range(2000):
        scores = random.uniform(size=60)
        threshold = threshold_for(0.9, scores, np.arange(60)).value
        assert threshold is not None
        below += 1 - threshold < 0.9
    assert 0.01 < below / 2000 < 0.06


def test_a_lesion_with_many_images_counts_once_and_by_its_worst() -> None:
    scores = np.linspace(0.1, 0.9, 40)
    once = threshold_for(0.9, scores, np.arange(40))
    # Every lesion photographed twice more, better seen: nothing changes.
    many = threshold_for(
        0.9, np.concatenate([scores, scores + 0.05, scores + 0.1]), np.tile(np.arange(40), 3)
    )
    assert once == many and once.lesions == 40 and once.missed == 0
    assert once.value == scores[0]


def test_equal_scores_miss_none() -> None:
    found = threshold_for(0.5, np.full(30, 0.4), np.arange(30))
    assert (found.value, found.missed) == (0.4, 0)


def test_too_few_lesions_give_no_threshold() -> None:
    assert threshold_for(0.95, np.ones(58), np.arange(58)).value is None
    assert threshold_for(0.95, np.ones(0), np.arange(0)) == (None, 0, 0)


def test_points_of_class_lists() -> None:
    assert asked_of(None, HAM10000) == {"mel": 0.9, "malignant": 0.9}
    assert classes_of("malignant", HAM10000) == HAM10000.malignant
    assert classes_of("mel+bcc+akiec", HAM10000) == ("mel", "bcc", "akiec")
    two = ClassList.of(["benign", "malignant"])
    assert asked_of(None, two) == {"malignant": 0.9}
    assert classes_of("malignant", two) == ("malignant",)
    none = ClassList.of(["cat", "dog", "eel"])
    assert asked_of(None, none) == {} and asked_of({"cat": 0.8}, none) == {"cat": 0.8}
    assert asked_of({}, HAM10000) == {}
    # Where every class is malignant there is nothing to tell them from.
    assert asked_of(None, ClassList.of(["bcc", "mel"])) == {"mel": 0.9}


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ("malignant", "none of cat, dog, eel is known to be malignant"),
        ("mel", "'mel': give one of cat, dog, eel"),
        ("cat+cat", "several joined by"),
        ("", "''"),
        ("cat+dog+eel", "every class"),
    ],
)
def test_a_point_of_no_class_is_refused(point: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        asked_of({point: 0.9}, ClassList.of(["cat", "dog", "eel"]))


def test_scores_are_added_in_double_precision() -> None:
    row = np.array([[0.1, 0.2, 0, 0.3, 0.4, 0, 0]], np.float32)
    codes = HAM10000.codes
    expected = float(row[0, codes.index("bcc")]) + float(row[0, codes.index("mel")])
    assert score_of(row, ("bcc", "mel"), HAM10000)[0] == expected
