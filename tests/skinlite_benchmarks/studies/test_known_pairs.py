"""What ``python -m skinlite_benchmarks.studies.duplicates`` counts recall by."""

import pandas as pd

from skinlite_benchmarks.studies.duplicates import known_pairs, pairs_of


def test_blank_lesion_ids_are_no_pairs() -> None:
    table = pd.DataFrame({"image_id": list("abcde"), "lesion_id": ["", "", "L1", "L1", "L2"]})
    assert known_pairs(table) == {frozenset("cd")}


def test_pairs_of_some_relations_only() -> None:
    rows = [("a", "b", "same lesion"), ("c", "d", "probably same lesion")]
    table = pd.DataFrame(rows, columns=["image_a", "image_b", "relation"])
    assert pairs_of(table, ["same lesion"]) == {frozenset("ab")}
    assert pairs_of(table) == {frozenset("ab"), frozenset("cd")}
