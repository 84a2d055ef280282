"""Bootstrap intervals: they hold the value, and lesions make them wide."""

import itertools

import numpy as np
import pytest

from skinlite.evaluation import resampling
from skinlite.evaluation.intervals import Intervals, bootstrap, scores
from skinlite.evaluation.metrics import evaluate
from skinlite.evaluation.resampling import intervals_of


def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.permutation(np.resize(np.arange(7), count)).astype(np.intp)
    wrong = random.uniform(size=(count, 7))
    wrong[np.arange(count), labels] += random.uniform(size=count)
    return labels, (wrong / wrong.sum(axis=1, keepdims=True)).round(2)  # with ties


def test_every_picture_once_gives_the_metrics() -> None:
    labels, probabilities = drawn(140)
    found = scores(labels, probabilities, np.ones((1, 140)))
    metrics = evaluate(labels, probabilities)
    for name, (value,) in found._asdict().items():
        assert value == pytest.approx(getattr(metrics, name))


def test_a_weight_of_two_is_the_picture_twice() -> None:
    labels, probabilities = drawn(60)
    weights = np.random.default_rng(1).integers(0, 3, 60)
    found = scores(labels, probabilities, weights[None].astype(float))
    repeated = evaluate(labels.repeat(weights), probabilities.repeat(weights, axis=0))
    assert found.balanced_accuracy[0] == pytest.approx(repeated.balanced_accuracy)
    assert found.macro_f1[0] == pytest.approx(repeated.macro_f1)
    assert found.macro_auc[0] == pytest.approx(repeated.macro_auc)


def test_many_images_are_resampled_in_smaller_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    lesions = np.arange(90) // 2
    whole = np.concatenate([*resampling.lesion_draws(lesions)])
    monkeypatch.setattr(resampling, "MOST", 7 * len(lesions))
    tables = [*resampling.lesion_draws(lesions)]
    assert max(map(len, tables)) == 7
    np.testing.assert_array_equal(np.concatenate(tables), whole)


def test_intervals_hold_the_value_and_are_as_wide_as_binomial_ones() -> None:
    labels, probabilities = drawn(700)
    found = bootstrap(labels, probabilities, np.arange(700).astype(object))
    metrics = evaluate(labels, probabilities)
    for name in Intervals.model_fields:
        low, high = getattr(found, name)
        assert low < getattr(metrics, name) < high
    low, high = found.accuracy
    deviation = np.sqrt(metrics.accuracy * (1 - metrics.accuracy) / 700)
    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.15)


def test_pictures_of_one_lesion_go_together() -> None:
    """Each image four times: the interval stays that of the quarter of them."""
    labels, probabilities = drawn(210)
    alone = bootstrap(labels, probabilities, np.arange(210).astype(object)).accuracy
    lesions = np.arange(210).repeat(4).astype(object)
    four = bootstrap(labels.repeat(4), probabilities.repeat(4, axis=0), lesions).accuracy
    assert four == pytest.approx(alone)


def test_a_fortieth_of_a_thousand_resamples_lies_beyond_either_end() -> None:
    """A figure that is 0, 1, ... 999 in the order of the resamples, and one that none can tell."""
    counter = itertools.count()

    def statistics(weights: np.ndarray) -> np.ndarray:
        figures = np.array([[next(counter)] for _ in weights], float).T
        return np.stack([figures[0], np.full(len(weights), np.nan)])

    assert intervals_of(statistics, np.arange(3)) == [pytest.approx((24.975, 974.025)), None]


def test_a_resample_without_a_class_leaves_it_out_of_the_means() -> None:
    """Not a recall of 0, which nobody measured."""
    labels, probabilities = np.array([0, 1, 4], np.intp), np.eye(7)[[0, 0, 4]]
    found = scores(labels, probabilities, np.array([[1.0, 1, 0]]))
    assert found.balanced_accuracy[0] == pytest.approx((1 + 0) / 2)
    assert found.macro_f1[0] == pytest.approx((2 / 3 + 0) / 2)
    assert np.isnan(found.melanoma_recall[0])


def test_no_melanoma_no_interval() -> None:
    labels, probabilities = np.zeros(30, np.intp), np.eye(7)[np.zeros(30, int)]
    found = bootstrap(labels, probabilities, np.arange(30).astype(object))
    assert found.melanoma_recall is None and found.macro_auc is None
    assert found.accuracy == (1, 1)
