"""Data sets with other classes than HAM10000's: what is read, and what is kept together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skinlite.data.dataset import read_dataset
from skinlite.data.splits.split_protocols import divide
from skinlite.errors import InputError

PAD_UFES = """patient_id,lesion_id,age,gender,region,diagnostic,img_id
PAT_1,11,55,FEMALE,FOREARM,BCC,PAT_1_11_1.png
PAT_1,12,55,FEMALE,NOSE,ACK,PAT_1_12_1.png
PAT_2,21,,MALE,BACK,NEV,PAT_2_21_1.png
"""

ISIC_2020 = (
    "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,"
    "benign_malignant,target\n"
    "ISIC_1,IP_1,male,45.0,head/neck,unknown,benign,0\n"
    "ISIC_2,IP_1,male,45.0,torso,melanoma,malignant,1\n"
    "ISIC_3,IP_2,female,50.0,,nevus,benign,0\n"
)


def write(folder: Path, table: str, name: str, images: list[str]) -> Path:
    """A data set's folder; its images are grey, each another level."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(table)
    for level, image in enumerate(images):
        path = folder / image
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (level % 256,) * 3).save(path)
    return folder


def test_pad_ufes_20(tmp_path: Path) -> None:
    images = ["PAT_1_11_1.png", "PAT_1_12_1.png", "PAT_2_21_1.png"]
    dataset = read_dataset(write(tmp_path, PAD_UFES, "metadata.csv", images))
    assert dataset.classes.codes == ("ack", "bcc", "nev")
    assert dataset.classes.names["nev"] == "Nevus"
    assert dataset.classes.malignant == ("bcc",) and dataset.classes.critical is None
    rows = dataset.frame
    assert list(rows["sex"]) == ["female", "female", "male"]
    assert list(rows["localization"]) == ["upper extremity", "face", "back"]
    assert list(rows["patient_id"]) == ["PAT_1", "PAT_1", "PAT_2"]
    # Two lesions of one patient stay together; the third patient is another group.
    assert list(rows["lesion_id"]) == ["11", "11", "21"]
    assert list(rows["table_lesion_id"]) == ["11", "12", "21"]


def test_isic_2020(tmp_path: Path) -> None:
    images = ["ISIC_1.jpg", "ISIC_2.jpg", "ISIC_3.jpg"]
    dataset = read_dataset(write(tmp_path, ISIC_2020, "train_metadata.csv", images))
    assert dataset.classes.codes == ("benign", "malignant")
    assert dataset.classes.critical == "malignant"
    rows = dataset.frame
    assert list(rows["dx"]) == ["benign", "malignant", "benign"]
    assert rows["lesion_id"][0] == rows["lesion_id"][1] != rows["lesion_id"][2]
    assert list(rows["table_lesion_id"]) == ["IP_1", "IP_1", "IP_2"]


def test_check_knows_that_a_split_goes_by_patient(
    tmp_path: Path, skinlite: Callable[..., Any]
) -> None:
    """ISIC 2020 names no lesions; what is of one patient is never on two sides all the same."""
    data = write(tmp_path, ISIC_2020, "train_metadata.csv", [f"ISIC_{n}.jpg" for n in (1, 2, 3)])
    found = skinlite("data", "check", data)
    assert "unknown, and every figure" not in found.out
    assert (
        "lesions    unknown: the table has no lesion ids\npatients   2, each kept on" in found.out
    )


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", "", "read.me", ["Benign/1.png", "Benign/2.png", "sick/1.png"])
    dataset = read_dataset(folder)
    # The same file name in two folders is usual.
    assert dict(zip(dataset.frame["image_id"], dataset.frame["dx"], strict=True)) == {
        "Benign/1": "benign",
        "Benign/2": "benign",
        "sick/1": "sick",
    }
    assert dataset.frame["path"].iloc[0] == folder / "Benign" / "1.png"
    assert dataset.classes.codes == ("benign", "sick")
    assert list(dataset.frame["table_lesion_id"]) == ["", "", ""]


@pytest.mark.parametrize("names", [("images_part_1", "images_part_2"), ("train", "test")])
def test_folders_of_any_image_are_no_classes(tmp_path: Path, names: tuple[str, str]) -> None:
    write(tmp_path / "set", "", "read.me", [f"{name}/1.png" for name in names])
    with pytest.raises(InputError, match="is not a data set"):
        read_dataset(tmp_path / "set")


def test_what_else_could_be_meant_is_named(tmp_path: Path) -> None:
    """Class folders on two sides, as of a public set of benign and malignant ones; any table."""
    images = [f"{name}/1.png" for name in ("benign", "sick")]
    for side in ("train", "test"):
        folder = write(tmp_path / "sides" / side, "", "read.me", images).parent
    with pytest.raises(InputError, match=f"has a folder for each class: give {folder / 'test'}"):
        read_dataset(folder)
    folder = write(tmp_path / "any", "image_id,kind\n1,Wart\n", "labels.csv", ["1.png"])
    with pytest.raises(InputError, match=r"labels.csv may be its table: .* \(`label_column`\)"):
        read_dataset(folder)


def test_any_table_with_a_column_of_labels(tmp_path: Path) -> None:
    table = "filename,kind\nx/1.png,Wart\nx/2.png,Mole\n"
    folder = write(tmp_path, table, "metadata.csv", ["1.png", "2.png"])
    dataset = read_dataset(folder / "metadata.csv", label_column="kind")
    assert dataset.classes.codes == ("mole", "wart") and dataset.label_column == "kind"
    ordered = read_dataset(
        folder / "metadata.csv", label_column="kind", classes=["wart", "mole", "other"]
    )
    assert ordered.classes.codes == ("wart", "mole", "other")
    spelled = read_dataset(folder / "metadata.csv", label_column="KIND")
    assert list(spelled.frame["dx"]) == list(ordered.frame["dx"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"label_column": "sort"}, "no column 'sort' .* It has image_id, kind"),
        ({"label_column": "kind", "classes": ["wart"]}, r"classes=\('wart',\).*at least two"),
        ({"label_column": "kind", "classes": ["wart", "Wart "]}, "wart comes twice"),
        ({"label_column": "kind", "classes": ["wart", ""]}, "has no name"),
        ({"label_column": "kind", "classes": ["wart", "x"]}, "unknown class: 1 x.*'mole'"),
    ],
)
def test_bad_classes_are_told(tmp_path: Path, options: dict[str, object], told: str) -> None:
    table = "image,kind\n1,Wart\n2,Mole\n"
    folder = write(tmp_path, table, "metadata.csv", ["1.png", "2.png"])
    with pytest.raises(InputError, match=told):
        read_dataset(folder / "metadata.csv", **options)  # type: ignore[arg-type]


def test_nothing_of_a_patient_is_on_two_sides(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows, images = ["patient_id,lesion_id,age,gender,region,diagnostic,img_id"], []
    for patient in range(40):
        for lesion in range(2):
            dx = ("BCC", "NEV", "ACK")[random.integers(3)]
            images.append(f"P{patient}_{lesion}.png")
            rows.append(f"P{patient},{patient * 10 + lesion},50,MALE,BACK,{dx},{images[-1]}")
    folder = tmp_path / "set"
    folder.mkdir()
    for level, image in enumerate(images):
        Image.new("RGB", (8, 8), (level, 0, 0)).save(folder / image)
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")
    dataset = read_dataset(folder)
    division = divide(dataset, "lesion", seed=0)
    patients = dataset.frame.set_index("image_id")["patient_id"]
    sides = division.split.groupby(division.split["image_id"].map(patients))["split"].nunique()
    assert sides.max() == 1
    assert set(division.split["split"]) == {"train", "validation", "test"}
    assert division.info.leaks.state == "none found"
    assert "by patient and lesion ids" in division.info.leaks.reason
    assert "joined" not in division.info.leaks.reason  # one patient's lesions are not one lesion
