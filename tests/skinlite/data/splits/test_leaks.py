"""Found, none found, unknown: what files of every age say, and what is concluded from a count."""

import pandas as pd
import pytest
from pydantic import ValidationError

from skinlite.data.splits.count_leaks import known_today, leaks_between
from skinlite.data.splits.leaks import OLDER, Leaks, MayLeak
from skinlite.data.splits.split_protocols import SplitInfo
from skinlite.vocabulary import LEAKS_UNKNOWN, LEAKY

FOUND = Leaks(state="found", reason="3 of 9")
NONE = Leaks(state="none found", reason="looked")
COUNT = {"test_pictures": 9, "leaking_pictures": 3, "test_melanomas": 2, "leaking_melanomas": 0}


def test_what_is_said_beside_a_figure() -> None:
    unknown = Leaks(state="unknown", reason="nobody looked")
    assert (FOUND.warning, FOUND.mark) == (f"{LEAKY}: 3 of 9", " (leaky)")
    assert unknown.warning == f"{LEAKS_UNKNOWN}: nobody looked"
    assert (unknown.mark, str(unknown)) == (" (leaks unknown)", "unknown (nobody looked)")
    assert (NONE.warning, NONE.statement, NONE.mark) == ("", "", "")


def test_older_files_are_read() -> None:
    """``leaky: false`` was said where nobody could know, too."""
    for given in ({}, {"leaky": False}, {"leaky": False, "leaks": None}):
        assert MayLeak.model_validate(given).leaks == OLDER and OLDER.state == "unknown"
    old = SplitInfo.model_validate(
        {"kind": "paper", "leaky": True, "leakage": COUNT | {"crossing_lesions": 1}}
    )
    assert old.leaky and old.leaks.state == "found"
    assert old.leaks.reason == "3 of 9 (33%) test images, 0 of 2 (0%) melanomas"
    assert MayLeak(leaky=True).leaks.state == "found"


def test_both_fields_agree_and_the_worse_is_believed() -> None:
    for leaks in (FOUND, NONE):
        info = SplitInfo(leaks=leaks)
        assert info.leaky == (leaks is FOUND)
        assert SplitInfo.model_validate_json(info.model_dump_json()) == info
    assert SplitInfo(leaky=False, leaks=FOUND).leaky
    assert SplitInfo(leaky=True, leaks=NONE).leaks.state == "found"
    with pytest.raises(ValidationError, match="none found"):
        MayLeak.model_validate({"leaks": {"state": "none", "reason": ""}})


def split_of(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["image_id", "lesion_id", "split"])


def test_what_an_older_split_is_known_to_leak_today() -> None:
    """HAM_0002903 and HAM_0004768 are one lesion."""
    split = split_of(
        ("a", "HAM_0002903", "train"), ("b", "HAM_0004768", "test"), ("c", "HAM_1", "test")
    )
    now = known_today(NONE, split)
    assert now.state == "found" and "1 of 2 (50%) test images" in now.reason
    assert known_today(FOUND, split) == FOUND
    assert known_today(NONE, split.assign(split=["train", "train", "test"])) == NONE
    # The same two by their images, whatever their lesions are called.
    renamed = split.assign(image_id=["ISIC_0024774", "ISIC_0024408", "c"], lesion_id=list("xyz"))
    assert known_today(OLDER, renamed).state == "found"


def test_an_older_run_without_leaks_is_judged_by_the_ids_of_its_split() -> None:
    split = split_of(("a", "HAM_1", "train"), ("b", "HAM_2", "test"))
    assert known_today(OLDER, split).state == "none found"
    assert known_today(OLDER, split, two_sets=True).state == "none found"
    assert known_today(NONE, split.assign(lesion_id=split["image_id"])) == NONE
    nobody = known_today(OLDER, split.assign(lesion_id=split["image_id"]))
    assert nobody.state == "unknown" and "no lesion id for 2 of 2 images" in nobody.reason
    two = split.assign(lesion_id=["HAM_1", "IL_2"])
    assert known_today(OLDER, two).state == "none found"
    assert known_today(OLDER, two, two_sets=True).state == "unknown"


@pytest.mark.parametrize(
    ("image", "lesion", "state", "told"),
    [
        ("z", "HAM_9", "none found", "as far as known"),
        ("z", "HAM_1", "found", "1 of 2"),
        ("a", "HAM_9", "found", "1 of 2"),  # the image itself
        ("t", "HAM_9", "none found", ""),  # an image of the run's test
        ("z", "HAM_0004768", "found", "1 of 2"),  # known to be HAM_0002903
        ("z", "IL_1936015", "unknown", "begin with HAM_, IL_, can't be compared"),
        ("z", "", "unknown", "has no lesion id for 1 of 2 images"),
    ],
)
def test_another_data_set_that_judges(image: str, lesion: str, state: str, told: str) -> None:
    run = split_of(
        ("a", "HAM_1", "train"), ("v", "HAM_0002903", "validation"), ("t", "HAM_3", "test")
    )
    other = pd.DataFrame(
        {
            "image_id": [image, "y"],
            "lesion_id": [lesion or image, "HAM_8"],
            "table_lesion_id": [lesion, "HAM_8"],
        }
    )
    found = leaks_between(run, other)
    assert (found.state, told in found.reason) == (state, True), found


def test_ids_that_are_numbers_or_were_never_given_do_not_compare() -> None:
    other = pd.DataFrame({"image_id": ["y"], "lesion_id": ["7"], "table_lesion_id": ["7"]})
    assert "a digit" in leaks_between(split_of(("a", "1", "train")), other).reason
    nobody = leaks_between(split_of(("a", "a", "train")), other)
    assert (nobody.state, "no lesion id for 1 of 1 images" in nobody.reason) == ("unknown", True)
