"""Mapping files: from labels of any table to classes."""

from pathlib import Path
from typing import Any

import pytest

from skinlite.classes import ClassList
from skinlite.data.dataset import read_dataset, read_like
from skinlite.errors import InputError, SkinliteWarning

from .test_isic_2020_pad_ufes import write

ARCHIVE = """isic_id,diagnosis_3,age_approx
ISIC_1,"Melanoma, NOS",50
ISIC_2,Nevus,40
ISIC_3,Scar,40
ISIC_4,nevus,
"""
IMAGES = [f"ISIC_{number}.jpg" for number in (1, 2, 3, 4)]
MAP = 'label,class\n"Melanoma, NOS",MEL\nNevus,nv\nScar,\n'
TO = {"melanoma, nos": "mel", "nevus": "nv", "scar": ""}


def read(folder: Path, mapping: Any, table: str = ARCHIVE, **options: Any) -> Any:
    if isinstance(mapping, str):
        path = folder.with_suffix(".csv")
        path.write_text(mapping)
        mapping = path
    data = write(folder, table, "x_metadata.csv", IMAGES)
    return read_dataset(data, label_column="diagnosis_3", label_map=mapping, **options)


@pytest.mark.parametrize("mapping", [MAP, TO])
def test_labels_become_classes(tmp_path: Path, mapping: Any) -> None:
    dataset = read(tmp_path / "data", mapping)
    assert dataset.classes == ClassList.of(["mel", "nv"])
    assert dict(zip(dataset.frame["image_id"], dataset.frame["dx"], strict=True)) == {
        "ISIC_1": "mel",
        "ISIC_2": "nv",
        "ISIC_4": "nv",
    }
    assert dataset.label_map == TO
    # The order that is asked for; a class without images stays.
    ordered = read(tmp_path / "again", mapping, classes=["nv", "bcc", "mel"])
    assert ordered.classes.codes == ("nv", "bcc", "mel")


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        (MAP.replace("Scar,\n", ""), r"lacks 1 label\(s\) of .*: scar \(1\)"),
        ("label,kind\nNevus,nv\n", "first line has to be label,class"),
        (MAP + "Nevus,mel\n", "line 5 maps 'nevus' a second time, to 'mel'"),
        (MAP + ",mel\n", "line 5 has no label"),
        (MAP + "Melanoma, NOS,mel\n", "line 5 has 3 values"),
        ("label,class\n", "lacks 3 label"),
        (MAP.replace("MEL", "nv"), "at least two classes"),
        (MAP.replace("MEL", "").replace(",nv", ","), "leaves out every image"),
        (MAP.replace("MEL", "1"), "1: a number is no name"),
    ],
)
def test_bad_mapping_files(tmp_path: Path, mapping: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read(tmp_path / "data", mapping)


def test_images_without_a_label_are_left_out_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(SkinliteWarning, match="1 images have no label, and are left out"):
        dataset = read(tmp_path / "data", MAP, ARCHIVE.replace(",nevus,", ",,"))
    assert len(dataset.frame) == 2


def test_folders_are_mapped_too(tmp_path: Path) -> None:
    images = ["nevi/a.png", "moles/b.png", "melanomas/c.png", "scars/d.png"]
    data = write_folders(tmp_path / "data", images)
    to = {"nevi": "nv", "moles": "nv", "melanomas": "mel", "scars": ""}
    assert sorted(read_dataset(data, label_map=to).frame["dx"]) == ["mel", "nv", "nv"]


def write_folders(folder: Path, images: list[str]) -> Path:
    data = write(folder, "", "unused.txt", images)
    (data / "unused.txt").unlink()
    return data


def test_another_table_is_read_by_its_own_layout(tmp_path: Path) -> None:
    """What judges a bundle may have its labels elsewhere than what trained it."""
    data = write_folders(tmp_path / "data", ["mel/a.png", "nv/b.png"])
    known = ClassList.of(["nv", "mel"])
    dataset = read_like(data, known, "diagnosis_3", TO)
    assert dataset.classes == known and dataset.label_map is None
    with pytest.raises(InputError, match="nv"):
        read_like(data, ClassList.of(["mel", "bcc"]), "diagnosis_3", TO)


def test_numbers_are_no_classes(tmp_path: Path) -> None:
    table = "image,label\nISIC_1,1\nISIC_2,2\nISIC_3,1\nISIC_4,2\n"
    data = write(tmp_path / "data", table, "table.csv", IMAGES)
    with pytest.raises(InputError, match="1, 2: a number is no name of a class"):
        read_dataset(data / "table.csv", label_column="label")
    dataset = read_dataset(data / "table.csv", label_column="label", label_map={"1": "a", "2": "b"})
    assert dataset.classes.codes == ("a", "b")
