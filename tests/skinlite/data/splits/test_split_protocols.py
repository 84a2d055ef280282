"""The kinds of split, and what leaks in them."""

from pathlib import Path

import pandas as pd
import pytest

from skinlite.data.dataset import Dataset, read_dataset
from skinlite.data.splits.count_leaks import measure_leakage
from skinlite.data.splits.split_by_lesion import split_by_image
from skinlite.data.splits.split_protocols import divide
from skinlite.data.synthetic.synthesize import write_synthetic
from skinlite.errors import InputError, SkinliteWarning


@pytest.fixture
def dataset(tiny_data: Path) -> Dataset:
    return read_dataset(tiny_data)


def test_by_lesion_nothing_leaks(dataset: Dataset) -> None:
    info = divide(dataset, "lesion", seed=0).info
    assert info.leakage and info.leakage.leaking_pictures == info.leakage.crossing_lesions == 0
    assert (info.kind, info.leaky, info.test_data) == ("lesion", False, None)
    assert str(info.leakage).startswith(f"0 of {info.leakage.test_pictures} (0%) test images")


def test_leaks_are_counted() -> None:
    frame = pd.DataFrame(
        {
            "image_id": list("abcdefg"),
            "lesion_id": list("1122345"),
            "dx": ["mel", "mel", "nv", "nv", "mel", "nv", "nv"],
        }
    )
    sides = ["train", "test", "test", "test", "test", "validation", "test"]
    leakage = measure_leakage(frame[["image_id", "lesion_id"]].assign(split=sides), frame)
    assert (leakage.test_pictures, leakage.leaking_pictures) == (5, 1)
    assert (leakage.test_melanomas, leakage.leaking_melanomas) == (2, 1)
    assert leakage.crossing_lesions == 1
    assert str(leakage) == "1 of 5 (20%) test images, 1 of 2 (50%) melanomas"


def test_a_lesion_of_the_validation_leaks_too() -> None:
    """The best epoch was chosen on it."""
    frame = pd.DataFrame({"image_id": list("abc"), "lesion_id": list("112"), "dx": "mel"})
    sides = ["validation", "test", "train"]
    leakage = measure_leakage(frame[["image_id", "lesion_id"]].assign(split=sides), frame)
    assert (leakage.leaking_pictures, leakage.leaking_melanomas) == (1, 1)


@pytest.mark.filterwarnings("ignore:The split's .* lack")
def test_lesions_on_two_sides_are_leaky_though_the_test_has_none(
    dataset: Dataset, tmp_path: Path
) -> None:
    """Between training and validation: the epoch was chosen on what it was trained on."""
    split = divide(dataset, "lesion", seed=0).split
    twice = split["lesion_id"][split["split"] == "train"].value_counts().idxmax()
    (first, *_) = split.index[split["lesion_id"] == twice]
    split.loc[first, "split"] = "validation"
    split.to_csv(tmp_path / "split.csv", index=False)
    info = divide(dataset, str(tmp_path / "split.csv"), seed=0).info
    assert info.leakage is not None
    assert (info.leakage.leaking_pictures, info.leakage.crossing_lesions) == (0, 1)
    assert info.leaky


@pytest.mark.filterwarnings("ignore:The split's .* lack")
def test_the_papers_split_drops_rows_without_age_and_is_labelled(dataset: Dataset) -> None:
    frame = dataset.frame.copy()
    frame.loc[frame.index[:3], "age"] = float("nan")
    known = frame["age"].notna()
    division = divide(Dataset(frame, dataset.root), "paper", seed=0)
    assert set(division.split["image_id"]) == set(frame.loc[known, "image_id"])
    tenth = round(known.sum() / 10)
    counts = division.split["split"].value_counts()
    assert counts["test"] == counts["validation"] == tenth
    assert division.info.leaky and division.info.kind == "paper"
    again = divide(Dataset(frame.sample(frac=1, random_state=1), dataset.root), "paper", seed=0)
    pd.testing.assert_frame_equal(again.split, division.split)
    frame["age"] = float("nan")
    with pytest.raises(InputError, match="No row has an age"):
        split_by_image(frame, seed=0)


def test_the_official_test_is_another_folder(dataset: Dataset, tmp_path: Path) -> None:
    write_synthetic(tmp_path / "test", lesions=30, seed=7)
    frame = pd.read_csv(tmp_path / "test" / "HAM10000_metadata.csv", dtype=str)
    for image in (tmp_path / "test").glob("*/*.jpg"):
        image.rename(image.with_stem(f"other_{image.stem}"))
    for column in ("image_id", "lesion_id"):
        frame[column] = "other_" + frame[column]
    frame.to_csv(tmp_path / "test" / "HAM10000_metadata.csv", index=False)
    division = divide(dataset, "official", seed=0, test_data=tmp_path / "test")
    sides = division.split.set_index("image_id")["split"]
    assert set(sides[sides == "test"].index) == set(frame["image_id"])
    assert set(sides[sides != "test"].index) == set(dataset.frame["image_id"])
    assert (sides == "validation").any()
    assert set(division.dataset.frame["image_id"]) == set(sides.index)
    info = division.info
    assert (info.kind, info.leaky, info.test_data) == ("official", False, str(tmp_path / "test"))
    with pytest.raises(InputError, match=r"images of .* are in .* too"):
        divide(dataset, "official", seed=0, test_data=dataset.root)
    with pytest.raises(InputError, match=r"^`test_data`: There is no folder .*absent"):
        divide(dataset, "official", seed=0, test_data=tmp_path / "absent")
    for how, folder in (("official", None), ("lesion", tmp_path)):
        with pytest.raises(InputError, match="`test_data`"):
            divide(dataset, how, seed=0, test_data=folder)


@pytest.mark.filterwarnings("ignore:The split's .* lack")
def test_a_split_that_is_handed_in(dataset: Dataset, tmp_path: Path) -> None:
    """Its own word on lesions isn't taken: the data set knows."""
    path = tmp_path / "mine.csv"
    honest = divide(dataset, "lesion", seed=3).split
    honest.drop(columns="lesion_id").sample(frac=1, random_state=0).to_csv(path, index=False)
    division = divide(dataset, str(path), seed=0)
    pd.testing.assert_frame_equal(division.split, honest, check_dtype=False)
    assert (division.info.kind, division.info.leaky) == ("file", False)

    leaking = split_by_image(dataset.frame, seed=0).assign(lesion_id="unique")
    leaking["lesion_id"] += leaking["image_id"]
    leaking.to_csv(path, index=False)
    assert divide(dataset, str(path), seed=0).info.leaky


def test_a_class_that_is_not_judged_is_told(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    split = divide(dataset, "lesion", seed=0).split
    dx = split["image_id"].map(dataset.frame.set_index("image_id")["dx"])
    split[(dx != "df") | (split["split"] != "test")].to_csv(path, index=False)
    with pytest.warns(SkinliteWarning, match="test images lack df"):
        divide(dataset, str(path), seed=0)
    split[(dx != "df") | (split["split"] != "train")].to_csv(path, index=False)
    with pytest.raises(InputError, match="train images lack df"):
        divide(dataset, str(path), seed=0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "neither lesion, paper or official, nor a CSV file"),
        ("image_id,side\na,train\n", "columns image_id and split"),
        ("image_id,split\na,training\n", "train, validation, test"),
        ("image_id,split\na,train\na,test\n", "has 1 images twice, first a"),
        ("image_id,split\nnowhere,train\n", r"lacks 1 of the split's images \(nowhere"),
    ],
)
def test_a_split_that_is_none(dataset: Dataset, tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        divide(dataset, str(path), seed=0)


def test_fewer_than_seven_classes(dataset: Dataset) -> None:
    few = Dataset(dataset.frame[~dataset.frame["dx"].isin(["df", "mel"])], dataset.root)
    with pytest.raises(InputError, match="no image of df, mel"):
        divide(few, "lesion", seed=0)


def test_a_class_with_one_lesion(dataset: Dataset) -> None:
    frame = dataset.frame
    first = frame.loc[frame["dx"] == "df", "lesion_id"].iloc[0]
    lone = Dataset(frame[(frame["dx"] != "df") | (frame["lesion_id"] == first)], dataset.root)
    with pytest.raises(InputError, match=r"'df' has 1 lesion\(s\).*`split=FILE\.csv`"):
        divide(lone, "lesion", seed=0)


def test_the_papers_split_of_the_real_data_leaks_as_is_known(ham10000: Path) -> None:
    """42 % of the test images, 72 % of the melanomas."""
    dataset = read_dataset(ham10000)
    leakage = divide(dataset, "paper", seed=0).info.leakage
    assert leakage and leakage.test_pictures == 996
    assert leakage.leaking_pictures / 996 == pytest.approx(0.42, abs=0.05)
    assert leakage.leaking_melanomas / leakage.test_melanomas == pytest.approx(0.72, abs=0.1)
    official = divide(
        dataset,
        "official",
        seed=0,
        test_data=ham10000 / "ISIC2018_Task3_Validation_GroundTruth.csv",
    ).info
    assert official.leakage and official.leakage.test_pictures == 193
