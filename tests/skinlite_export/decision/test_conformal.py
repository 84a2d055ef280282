"""Sets of classes: they hold the truth as often as asked, class by class, lesion by lesion."""

import numpy as np

from skinlite.classes import ClassList
from skinlite_export.decision.conformal import COVERAGE, guaranteed, in_sets, set_thresholds

CLASSES = ClassList.of(["cat", "dog", "eel"])


def _draw(random: np.random.Generator, lesions: int) -> tuple[np.ndarray, ...]:
    """Lesions with one to five images alike, a class that is harder than the others."""
    images = random.integers(1, 6, lesions)
    lesion = np.repeat(np.arange(lesions), images)
    labels = random.integers(0, 3, lesions)[lesion]
    logits = random.normal(size=(lesions, 3))[lesion] + random.normal(size=(len(lesion), 3)) / 2
    logits[np.arange(len(lesion)), labels] += np.array([3.0, 1.5, 0.5])[labels]
    powers = np.exp(logits)
    return labels, powers / powers.sum(axis=1, keepdims=True), lesion


def test_every_class_is_covered_as_asked_on_new_lesions() -> None:
    random = np.random.default_rng(0)
    held = []
    for _ in range(150):
        thresholds = set_thresholds(*_draw(random, 120), CLASSES)
        labels, probabilities, lesion = _draw(random, 400)
        inside = in_sets(probabilities, thresholds, CLASSES)
        right = inside[np.arange(len(labels)), labels]
        # One image a lesion, so that each lesion counts once.
        _, first = np.unique(lesion, return_index=True)
        held.append([right[first][labels[first] == index].mean() for index in range(3)])
    coverage = np.mean(held, axis=0)
    # The easy class is covered by its largest probability alone.
    assert (coverage > COVERAGE - 0.01).all() and coverage[2] < COVERAGE + 0.03


def test_from_nine_lesions_on_the_smallest_score_guarantees_what_is_asked() -> None:
    scores = np.linspace(0.2, 0.6, 9)
    probabilities = np.stack([scores, 1 - scores, 0 * scores], axis=1)
    for lesions, coverage in ((9, 0.9), (8, 8 / 9), (1, 0.5)):
        some = probabilities[:lesions]
        thresholds = set_thresholds(np.zeros(lesions, int), some, np.arange(lesions), CLASSES)
        assert thresholds["cat"] == 0.2 and guaranteed(lesions) == coverage
    # Many images of one lesion are one.
    same = set_thresholds(np.zeros(9, int), probabilities, np.zeros(9), CLASSES)
    assert same["cat"] == 0.2


def test_a_class_without_lesions_is_in_every_set() -> None:
    thresholds = set_thresholds(np.zeros(9, int), np.eye(3)[[0] * 9], np.arange(9), CLASSES)
    assert thresholds == {"cat": 1.0, "dog": 0.0, "eel": 0.0} and guaranteed(0) == 0
    inside = in_sets(np.array([[0.9, 0.1, 0.0]]), thresholds, CLASSES)
    assert inside.tolist() == [[True, True, True]]


def test_no_set_is_empty() -> None:
    thresholds = dict.fromkeys(CLASSES.codes, 0.9)
    inside = in_sets(np.array([[0.3, 0.4, 0.3]], np.float32), thresholds, CLASSES)
    assert inside.tolist() == [[False, True, False]]
