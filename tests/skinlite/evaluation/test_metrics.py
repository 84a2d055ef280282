"""The metrics against scikit-learn's, and against sums done by hand."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from skinlite.errors import InputError
from skinlite.evaluation.metrics import evaluate
from skinlite.vocabulary import CLASSES


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equals_scikit_learn_on_random_answers(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(7), 30))
    probabilities = random.dirichlet(np.full(7, 0.5), len(labels))
    predicted = probabilities.argmax(axis=1)
    found = evaluate(labels, probabilities)
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, zero_division=0
    )
    assert found.images == 210
    assert found.accuracy == pytest.approx(sklearn_metrics.accuracy_score(labels, predicted))
    assert found.balanced_accuracy == pytest.approx(
        sklearn_metrics.balanced_accuracy_score(labels, predicted)
    )
    assert found.macro_precision == pytest.approx(precision.mean())
    assert found.macro_f1 == pytest.approx(f1.mean())
    assert found.macro_auc == pytest.approx(
        sklearn_metrics.roc_auc_score(labels, probabilities, multi_class="ovr")
    )
    assert found.confusion == sklearn_metrics.confusion_matrix(labels, predicted).tolist()
    specificities = []
    for index, name in enumerate(CLASSES):
        one = found.per_class[name]
        assert (one.precision, one.recall, one.f1, one.support) == pytest.approx(
            (precision[index], recall[index], f1[index], support[index])
        )
        assert one.auc == pytest.approx(
            sklearn_metrics.roc_auc_score(labels == index, probabilities[:, index])
        )
        specificity = sklearn_metrics.recall_score(labels != index, predicted != index)
        assert one.specificity == pytest.approx(specificity)
        specificities.append(specificity)
    assert found.paper_balanced_accuracy == pytest.approx(
        (recall.mean() + np.mean(specificities)) / 2
    )
    assert found.melanoma_recall == pytest.approx(recall[CLASSES.index("mel")])


def test_three_pictures_by_hand() -> None:
    """Two melanomas, of which one is taken for a nevus, and a nevus."""
    mel, nv = CLASSES.index("mel"), CLASSES.index("nv")
    probabilities = np.full((3, 7), 0.02)
    probabilities[0, mel] = 0.9
    probabilities[1, nv], probabilities[1, mel] = 0.6, 0.3
    probabilities[2, nv] = 0.9
    found = evaluate(np.array([mel, mel, nv]), probabilities)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.balanced_accuracy == pytest.approx((1 / 2 + 1) / 2)
    melanoma, nevus = found.per_class["mel"], found.per_class["nv"]
    assert (melanoma.support, melanoma.precision, melanoma.recall) == (2, 1, 0.5)
    assert melanoma.f1 == pytest.approx(2 / 3)
    assert (melanoma.specificity, melanoma.auc) == (1, 1)
    assert (nevus.support, nevus.precision, nevus.recall, nevus.specificity) == (1, 0.5, 1, 0.5)
    assert found.paper_balanced_accuracy == pytest.approx((0.75 + 0.75) / 2)
    assert found.confusion[mel][nv] == 1
    assert found.confusion[nv][mel] == 0


def test_an_absent_class_is_undefined_and_left_out_of_the_means() -> None:
    labels = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5])  # no vasc
    probabilities = np.eye(7)[labels]
    probabilities[0] = np.eye(7)[6]  # an akiec taken for the absent class
    found = evaluate(labels, probabilities)
    absent = found.per_class["vasc"]
    assert absent.support == 0
    assert (absent.recall, absent.auc) == (None, None)
    assert absent.specificity == pytest.approx(11 / 12)
    assert found.balanced_accuracy == pytest.approx((0.5 + 5) / 6)
    assert absent.precision == 0  # answered once, and wrongly; a mean over what was shown
    assert found.macro_precision == 1
    assert found.macro_f1 == pytest.approx((2 / 3 + 5) / 6)


def test_a_class_that_is_never_answered_has_a_precision_of_0() -> None:
    """As scikit-learn has it; left out, who never answers melanoma would look better."""
    mel, nv = CLASSES.index("mel"), CLASSES.index("nv")
    found = evaluate(np.array([mel, nv]), np.eye(7)[[nv, nv]])
    assert found.per_class["mel"].precision == 0
    assert found.macro_precision == pytest.approx((0 + 1 / 2) / 2)


def test_no_picture_and_no_alarm_of_a_class() -> None:
    found = evaluate(np.arange(6), np.eye(7)[:6])
    absent = found.per_class["vasc"]
    assert (absent.precision, absent.recall, absent.f1, absent.auc) == (None, None, None, None)
    assert found.balanced_accuracy == found.macro_auc == found.macro_precision == 1


def test_one_class_alone_has_no_auc() -> None:
    found = evaluate(np.full(3, 5), np.eye(7)[[5, 5, 4]])
    assert found.macro_auc is None
    assert found.melanoma_recall is None
    assert found.accuracy == pytest.approx(2 / 3)


def test_perfect_answers() -> None:
    labels = np.repeat(np.arange(7), 2)
    found = evaluate(labels, np.eye(7)[labels])
    assert found.accuracy == found.balanced_accuracy == found.paper_balanced_accuracy == 1
    assert found.macro_f1 == found.macro_precision == found.macro_auc == 1
    assert found.confusion == (2 * np.eye(7, dtype=int)).tolist()
    assert {one.specificity for one in found.per_class.values()} == {1}


def test_an_empty_split_is_told() -> None:
    with pytest.raises(InputError, match="split is empty"):
        evaluate(np.zeros(0, np.intp), np.zeros((0, 7)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_answers_that_are_no_numbers_are_told(value: float) -> None:
    probabilities = np.eye(7)
    probabilities[2, 3] = value
    with pytest.raises(InputError, match="1 of 7 images with NaN"):
        evaluate(np.arange(7), probabilities)
