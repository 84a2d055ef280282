"""Subgroups: counts, borders of age bands, and too few."""

import numpy as np
import pandas as pd

from skinlite.evaluation.metrics import evaluate
from skinlite.evaluation.subgroups import FEWEST, by_subgroup
from skinlite.vocabulary import CLASSES

MEL, NV = CLASSES.index("mel"), CLASSES.index("nv")


def test_groups_borders_and_too_few() -> None:
    ages = [29.0] * 25 + [30.0] * 19 + [75.0] * 40 + [np.nan] * 3
    count = len(ages)
    rows = pd.DataFrame({"age": ages, "sex": "male", "localization": "back"})
    rows.loc[:24, "sex"] = "female"
    labels = np.full(count, NV, np.intp)
    labels[44:64] = MEL  # twenty of the oldest
    probabilities = np.eye(7)[labels]
    probabilities[:5] = np.eye(7)[MEL]  # five of the youngest are false alarms
    probabilities[44:59] = np.eye(7)[NV]  # and fifteen melanomas are missed
    found = {(one.field, one.group): one for one in by_subgroup(labels, probabilities, rows)}
    assert list(found) == [
        ("age", "0-29"),
        ("age", "30-44"),
        ("age", "75 and more"),
        ("age", "unknown"),
        ("sex", "female"),
        ("sex", "male"),
        ("site", "back"),
    ]
    young, few, old = (found["age", group] for group in ("0-29", "30-44", "75 and more"))
    assert (young.images, young.accuracy, young.melanomas) == (25, 0.8, 0)
    assert young.melanoma_recall is None
    assert few.images == FEWEST - 1
    assert (few.accuracy, few.balanced_accuracy) == (None, None)
    assert (old.melanomas, old.melanoma_recall) == (20, 0.25)
    assert old.balanced_accuracy == (0.25 + 1) / 2
    assert found["age", "unknown"].images == 3
    assert found["sex", "female"].accuracy == 0.8
    assert found["site", "back"].accuracy == evaluate(labels, probabilities).accuracy


def test_sources_are_groups_where_the_table_has_them() -> None:
    rows = pd.DataFrame({"age": [50.0] * 3, "sex": "male", "localization": "back"})
    labels = np.full(3, NV, np.intp)
    fields = [one.field for one in by_subgroup(labels, np.eye(7)[labels], rows.assign(dataset=""))]
    assert fields == ["age", "sex", "site"]
    told = rows.assign(dataset=["molemax", "", "dias"])
    found = by_subgroup(labels, np.eye(7)[labels], told)
    assert [(one.group, one.images) for one in found if one.field == "dataset"] == [
        ("dias", 1),
        ("molemax", 1),
        ("unknown", 1),
    ]
