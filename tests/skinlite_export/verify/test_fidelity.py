"""Fidelity and gates, by hand."""

import numpy as np
import pytest

from skinlite.evaluation.metrics import evaluate
from skinlite.vocabulary import CLASSES
from skinlite_export.manifest.measured import Gate
from skinlite_export.recipe import Gates
from skinlite_export.verify.fidelity import compare, fidelity, intervals, judge

MEL, NV = CLASSES.index("mel"), CLASSES.index("nv")


def sure(answers: list[int]) -> np.ndarray:
    """Probabilities (N, 7) of someone who is sure."""
    return np.eye(7)[answers] * 0.93 + 0.01


LABELS = np.array([MEL, MEL, MEL, MEL, NV, NV, NV, NV])
KERAS = sure([MEL, MEL, MEL, NV, NV, NV, NV, MEL])
FILE = sure([MEL, MEL, NV, NV, NV, NV, NV, NV])
LESIONS = np.arange(8)


def test_fidelity_by_hand() -> None:
    """Of 8 images two change: a melanoma is lost, a nevus is won."""
    found = fidelity(LABELS, KERAS, FILE)
    assert found.agreement == pytest.approx(6 / 8)
    assert found.critical_recall_drop == pytest.approx(3 / 4 - 2 / 4)
    assert found.balanced_accuracy_drop == pytest.approx((3 / 4 + 3 / 4) / 2 - (2 / 4 + 4 / 4) / 2)


def test_a_file_that_is_too_sure_fails() -> None:
    """The same answers, half of them right: 0.940 sure of them in Keras, 0.994 in the file."""
    labels = np.array([NV, MEL] * 50)
    keras = sure([NV] * 100)
    file = np.eye(7)[[NV] * 100] * 0.993 + 0.001
    gates = Gates(agreement=1, ece_rise=0.05)
    rise = gate(judge("f", labels, keras, file, np.arange(100), gates), "ece_rise")
    assert rise.measured == pytest.approx(0.994 - 0.94)
    assert not rise.passed
    assert rise.sentence().startswith("f: ECE rise 0.0540 [")
    assert gate(judge("f", labels, file, keras, np.arange(100), gates), "ece_rise").passed


def test_fidelity_equals_the_metrics_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(7), 20)
    keras, file = random.dirichlet(np.ones(7), 140), random.dirichlet(np.ones(7), 140)
    file[::3] = np.round(file[::3], 1)  # ties, which an int8 output has
    before, after, found = (
        evaluate(labels, keras),
        evaluate(labels, file),
        fidelity(labels, keras, file),
    )
    assert found.balanced_accuracy_drop == pytest.approx(
        before.balanced_accuracy - after.balanced_accuracy
    )
    assert found.macro_auc_drop == pytest.approx(before.macro_auc - after.macro_auc)
    assert found.critical_recall_drop == pytest.approx(
        before.melanoma_recall - after.melanoma_recall
    )


def noisy(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of N images, a model that is often right, and a file that often agrees."""
    random = np.random.default_rng(0)
    labels = np.resize(np.arange(7), count)
    keras = np.eye(7)[labels] + random.uniform(0, 2, (count, 7))
    file = keras + random.uniform(0, 1, (count, 7))
    return labels, *(given / given.sum(axis=1, keepdims=True) for given in (keras, file))


def test_intervals_contain_the_estimate_and_shrink() -> None:
    widths = []
    for count in (70, 280):
        found = intervals(*noisy(count), np.arange(count))
        for one, ends in zip(fidelity(*noisy(count)), found, strict=True):
            assert ends is not None
            assert ends[0] <= one <= ends[1]
            assert ends[0] < ends[1]
        assert found[0] is not None
        widths.append(found[0][1] - found[0][0])
    assert widths[1] < 0.7 * widths[0]


def test_pictures_of_one_lesion_are_drawn_together() -> None:
    """Each image four times: nothing more is known than of the one."""
    alone = intervals(*noisy(140), np.arange(140))
    four = [given.repeat(4, axis=0) for given in noisy(140)]
    for one, other in zip(alone, intervals(*four, np.arange(140).repeat(4)), strict=True):
        assert one == pytest.approx(other)


def test_equal_answers_have_intervals_of_no_width() -> None:
    found = intervals(LABELS, KERAS, KERAS, LESIONS)
    assert found == [(1, 1), (0, 0), (0, 0), (0, 0), (0, 0)]


def gate(gates: list[Gate], name: str) -> Gate:
    return next(one for one in gates if one.name == name)


def test_each_gate_is_judged_by_its_limit() -> None:
    found = judge(
        "f", LABELS, KERAS, FILE, LESIONS, Gates(agreement=0.75, melanoma_recall_drop=0.24)
    )
    assert [one.name for one in found] == list(Gates().limits)
    assert {one.name for one in found if not one.passed} == {"melanoma_recall_drop"}
    melanoma = gate(found, "melanoma_recall_drop")
    assert (melanoma.file, melanoma.limit) == ("f", 0.24)
    assert melanoma.measured == pytest.approx(0.25)
    assert "f: melanoma recall drop 0.2500 [" in melanoma.sentence()
    assert melanoma.sentence().endswith("at most 0.24")
    loose = judge(
        "f", LABELS, KERAS, FILE, LESIONS, Gates(agreement=0.751, melanoma_recall_drop=0.25)
    )
    assert {one.name for one in loose if not one.passed} == {"agreement"}
    assert gate(loose, "agreement").sentence().endswith("at least 0.751")


def test_a_gain_is_no_drop() -> None:
    strict = Gates(
        agreement=0,
        balanced_accuracy_drop=0,
        melanoma_recall_drop=0,
        macro_auc_drop=0,
        ece_rise=0,
    )
    assert all(
        one.passed for one in judge("f", LABELS, FILE, sure(LABELS.tolist()), LESIONS, strict)
    )


def test_what_cannot_be_measured_does_not_hold() -> None:
    """No melanoma among the images: nobody knows whether the file still finds them."""
    labels = np.array([NV, NV, 0, 0])
    answers = sure(labels.tolist())
    found = judge("f", labels, answers, answers, np.arange(4), Gates())
    melanoma = gate(found, "melanoma_recall_drop")
    assert (melanoma.measured, melanoma.interval, melanoma.passed) == (None, None, False)
    assert "can't be measured" in melanoma.sentence()
    assert all(one.passed for one in found if one is not melanoma)


def test_a_file_that_answers_nan_fails() -> None:
    """What an unfrozen variable gives; argmax makes class 0 of it."""
    broken = np.full((8, 7), np.nan)
    found = judge("f", LABELS, KERAS, broken, LESIONS, Gates())
    assert not gate(found, "agreement").passed
    assert not gate(found, "balanced_accuracy_drop").passed
    assert not gate(found, "macro_auc_drop").passed
    assert not gate(found, "ece_rise").passed


def test_what_has_nothing_to_be_compared_with_fails() -> None:
    """The Keras model answers NaN, and argmax would make class 0 of it too."""
    broken = KERAS.copy()
    broken[3] = np.nan
    for keras, file in ((broken, FILE), (KERAS, np.where(FILE > 0.5, np.inf, FILE))):
        found = judge("f", LABELS, keras, file, LESIONS, Gates(agreement=0, melanoma_recall_drop=1))
        assert not any(one.passed or one.holds for one in found)


def test_a_gate_without_an_interval_does_not_hold() -> None:
    whole = gate(judge("f", LABELS, KERAS, KERAS, LESIONS, Gates()), "agreement")
    assert whole.passed and whole.holds
    for lost in ("measured", "interval"):
        assert not whole.model_copy(update={lost: None}).holds
    assert not whole.model_copy(update={"measured": float("nan")}).holds


def test_one_answer_that_is_nan_is_enough_to_fail() -> None:
    """Its argmax is class 0, which might be right by chance; the other seven are."""
    broken = KERAS.copy()
    broken[3] = np.nan
    assert not any(one.passed for one in judge("f", LABELS, KERAS, broken, LESIONS, Gates()))


def test_a_gain_is_told_as_one() -> None:
    """Not as 0: measured below 0, it holds any limit."""
    right = sure(LABELS.tolist())
    found = {one.name: one.measured for one in judge("f", LABELS, FILE, right, LESIONS, Gates())}
    assert found.pop("agreement") == pytest.approx(6 / 8)
    assert all(value is not None and value < -0.02 for value in found.values()), found


def test_compare() -> None:
    found = compare("f", LABELS, KERAS, FILE)
    assert (found.file, found.agreement) == ("f", 0.75)
    assert found.worst_difference == pytest.approx(0.93)
    assert found.metrics == evaluate(LABELS, FILE)
