"""No lesion on two sides, every class on every side, and the same split again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinlite.data.dataset import read_dataset
from skinlite.data.splits.split_by_lesion import (
    SPLITS,
    crossing_lesions,
    read_split,
    split_by_lesion,
)
from skinlite.errors import InputError


def rows(**lesions: int) -> pd.DataFrame:
    """``nv=5``: five lesions of nv, two images each."""
    ids = [(dx, f"{dx}_{number}") for dx, count in lesions.items() for number in range(count)]
    return pd.DataFrame(
        [
            {"image_id": f"{lesion}_{image}", "lesion_id": lesion, "dx": dx}
            for dx, lesion in ids
            for image in "ab"
        ]
    )


def test_no_lesion_is_on_two_sides_and_no_picture_is_lost(tiny_data: Path) -> None:
    frame = read_dataset(tiny_data).frame
    split = split_by_lesion(frame, seed=1)
    assert crossing_lesions(split) == []
    assert set(split["image_id"]) == set(frame["image_id"])
    assert list(split["image_id"]) == sorted(frame["image_id"])
    assert list(split.columns) == ["image_id", "lesion_id", "split"]


@pytest.mark.parametrize("seed", range(8))
def test_every_class_is_on_every_side_however_rare(seed: int) -> None:
    frame = rows(nv=300, mel=40, df=3, vasc=4)
    split = split_by_lesion(frame, seed=seed)
    sides = split.merge(frame[["image_id", "dx"]]).groupby("dx")["split"].nunique()
    assert (sides == len(SPLITS)).all()


@pytest.mark.parametrize("shares", [(0.1, 0.85), (0.85, 0.1), (0.45, 0.45)])
def test_every_class_is_on_every_side_however_large_a_share(shares: tuple[float, float]) -> None:
    """Of three lesions, or four, each side has one before any side has its share."""
    frame = rows(nv=40, df=3, vasc=4)
    split = split_by_lesion(frame, seed=0, validation=shares[0], test=shares[1])
    sides = split.merge(frame[["image_id", "dx"]]).groupby("dx")["split"].nunique()
    assert (sides == len(SPLITS)).all()


def test_shares_are_those_of_each_class() -> None:
    frame = rows(nv=600, mel=200)
    split = split_by_lesion(frame, seed=0, validation=0.1, test=0.2)
    counts = split.merge(frame[["image_id", "dx"]]).groupby(["dx", "split"]).size() / 2
    assert counts["nv"].to_dict() == {"train": 420, "validation": 60, "test": 120}
    assert counts["mel"].to_dict() == {"train": 140, "validation": 20, "test": 40}


def test_the_order_of_the_rows_does_not_matter_but_the_seed_does() -> None:
    frame = rows(nv=50, mel=20)
    split = split_by_lesion(frame, seed=3)
    pd.testing.assert_frame_equal(
        split, split_by_lesion(frame.sample(frac=1, random_state=0), seed=3)
    )
    assert not split.equals(split_by_lesion(frame, seed=4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"validation": 0.5, "test": 0.5}, "leave nothing to train"),
        ({"test": -0.1}, "leave nothing to train"),
        ({"seed": -1}, "negative"),
    ],
)
def test_nonsense_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_by_lesion(rows(nv=9), **({"seed": 0} | change))  # type: ignore[arg-type]


def test_a_class_too_rare_is_named() -> None:
    with pytest.raises(InputError, match=r"'df' has 2 lesion\(s\)"):
        split_by_lesion(rows(nv=9, df=2), seed=0)


def test_a_planted_leak_is_found(tmp_path: Path) -> None:
    split = split_by_lesion(rows(nv=20, mel=20), seed=0)
    leaked = split.index[split["split"] == "train"][0]
    lesion = split.loc[leaked, "lesion_id"]
    path = tmp_path / "split.csv"
    split.to_csv(path, index=False)
    pd.testing.assert_frame_equal(read_split(path), split, check_dtype=False)

    split.loc[leaked, "split"] = "test"
    assert crossing_lesions(split) == [lesion]
    split.to_csv(path, index=False)
    with pytest.raises(InputError, match=rf"1 lesions are on two sides, first {lesion}"):
        read_split(path)


def test_a_split_without_a_side_is_refused(tmp_path: Path) -> None:
    """Nothing could be judged on no images, and the export's gates would have none to fail on."""
    split = split_by_lesion(rows(nv=20, mel=20), seed=0)
    path = tmp_path / "split.csv"
    split[split["split"] != "test"].to_csv(path, index=False)
    with pytest.raises(InputError, match=r"split\.csv has no test images"):
        read_split(path)


@pytest.mark.parametrize(
    "text", ["", "image_id,split\na,train\n", "image_id,lesion_id,split\na,b,c\n"]
)
def test_a_damaged_split_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"split\.csv"):
        read_split(path)
    with pytest.raises(InputError, match=r"absent\.csv"):
        read_split(tmp_path / "absent.csv")


def test_the_real_data_splits_without_a_leak_where_the_image_level_leaks(ham10000: Path) -> None:
    frame = read_dataset(ham10000).frame
    assert crossing_lesions(split_by_lesion(frame, seed=0)) == []
    # What the split by image would do, as the paper's: 42 % of the test images, 72 % of mel.
    side = np.where(np.random.default_rng(0).random(len(frame)) < 0.1, "test", "train")
    naive = frame.assign(split=side)
    leaks = set(crossing_lesions(naive))
    test = naive[naive["split"] == "test"]
    leaky = test["lesion_id"].isin(leaks)
    assert leaky.mean() == pytest.approx(0.42, abs=0.05)
    assert leaky[test["dx"] == "mel"].mean() == pytest.approx(0.72, abs=0.1)


def test_a_class_that_comes_with_others_alone_is_on_every_side() -> None:
    """As scc of a patient who has nv too: the alphabet would call all of them nv."""
    rows = [(f"{kind}{n}", f"{kind}{n}", kind) for kind in ("bcc", "nv") for n in range(12)]
    rows += [(f"p{n}-{kind}", f"p{n}", kind) for n in range(6) for kind in ("nv", "scc")]
    frame = pd.DataFrame(rows, columns=["image_id", "lesion_id", "dx"])
    split = split_by_lesion(frame, seed=0).merge(frame)
    assert split.groupby("dx")["split"].nunique().to_dict() == {"bcc": 3, "nv": 3, "scc": 3}
