"""Which files are a table's images: at any depth, without masks and without what systems add."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from skinlite.data.check import check_images
from skinlite.data.dataset import read_dataset
from skinlite.data.layouts.images import find_images
from skinlite.data.layouts.recognize import read_table
from skinlite.errors import InputError

TABLE = "lesion_id,image_id,dx,age,sex,localization\nHAM_1,X,nv,50,male,back\n"


def draw(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6), colour).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set of one image, which isn't there yet."""
    (tmp_path / "HAM10000_metadata.csv").write_text(TABLE)
    return tmp_path


def faults(folder: Path) -> dict[str, str]:
    """Kind and remedy of what `data check` finds of the images."""
    frame, found = read_table(folder / "HAM10000_metadata.csv"), find_images(folder)
    return {one.kind: one.remedy for one in check_images(frame, found.pictures, found)}


@pytest.mark.parametrize(
    "place", ["a/b/c/d/e/X.jpg", "images/train/nv/X.JPG", "X.bmp", "a/X.tif", "X.webp"]
)
def test_an_image_is_found_at_any_depth(folder: Path, place: str) -> None:
    path = draw(folder / place)
    assert read_dataset(folder).frame["path"].tolist() == [path]


@pytest.mark.parametrize(
    "other",
    [
        *("Ground truth masks/X.png", "a/HAM10000_segmentations/X.png", "SuperPixels/b/X.png"),
        *("._X.jpg", "__MACOSX/a/X.png", ".thumbnails/X.png", "X_segmentation.png"),
    ],
)
def test_what_is_no_image_is_not_taken_for_one(folder: Path, other: str) -> None:
    path = draw(folder / "images" / "X.jpg")
    draw(folder / other, "white")
    for name in ("X.json", "X.txt", "X.xml", "images_part_1.zip"):
        (folder / name).write_text("{}")
    assert read_dataset(folder).frame["path"].tolist() == [path]
    path.unlink()
    assert "image missing" in faults(folder)


def test_different_files_of_one_name_are_a_fault_and_copies_are_none(folder: Path) -> None:
    path = draw(folder / "part_1" / "X.jpg")
    (folder / "part_2").mkdir()
    copy = Path(shutil.copy(path, folder / "part_2"))
    (folder / "linked").symlink_to(folder / "part_1", target_is_directory=True)
    assert faults(folder) == {}
    draw(copy, "white")
    assert list(faults(folder)) == ["different files of one image_id"]
    with pytest.raises(InputError, match=r"different files .* X: .*part_1/X.jpg, .*part_2/X.jpg"):
        read_dataset(folder)


def test_links_in_a_circle_end(folder: Path) -> None:
    draw(folder / "a" / "X.jpg")
    (folder / "a" / "up").symlink_to(folder, target_is_directory=True)
    assert len(find_images(folder).images["X"]) == 1


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("masks/X.png", r"1 are in .*masks, which is treated as a folder of masks: rename it"),
        ("X.dcm", "convert X.dcm and similar files to PNG"),
        ("HAM10000_images_part_1.zip", "unpack HAM10000_images_part_1.zip"),
    ],
)
def test_where_a_missing_image_may_be_is_told(folder: Path, place: str, told: str) -> None:
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).touch()
    with pytest.raises(InputError, match=told):
        read_dataset(folder)
