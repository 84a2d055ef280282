"""Images in an HDF5 file are those in files of their own, and nothing else in there is read."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from skinlite.data.dataset import read_dataset
from skinlite.data.decoding import check_decoding
from skinlite.data.layouts.tables import images_of
from skinlite.data.packed import names_in, open_image, sha256_of_image
from skinlite.data.preprocessing import load_image
from skinlite.data.splits.known_pairs import identical_files
from skinlite.errors import InputError
from skinlite.files.read_write import sha256_of

METADATA = "isic_id,target,patient_id,age_approx,sex,anatom_site_general,tbp_lv_A\n"


@pytest.fixture
def files(tiny_data: Path) -> list[Path]:
    return sorted(tiny_data.rglob("*.jpg"))[:6]


@pytest.fixture
def isic_2024(files: list[Path], tmp_path: Path) -> Path:
    """Six images, two of each of three patients, the second of each malignant."""
    rows = [
        f"{path.stem},{place % 2},IP_{place // 2},50,male,head/neck,1.5\n"
        for place, path in enumerate(files)
    ]
    (tmp_path / "train-metadata.csv").write_text(METADATA + "".join(rows))
    with h5py.File(tmp_path / "train-image.hdf5", "w") as packed:
        for path in files:
            packed[path.stem] = np.void(path.read_bytes())
    return tmp_path


def test_isic_2024_is_read_as_kaggle_has_it(isic_2024: Path, files: list[Path]) -> None:
    dataset = read_dataset(isic_2024)
    frame = dataset.frame
    assert dataset.classes.codes == ("benign", "malignant")
    assert frame["dx"].tolist() == ["benign", "malignant"] * 3
    assert frame["localization"].tolist() == ["face"] * 6
    assert frame["lesion_id"].nunique() == 3  # by patient
    assert "tbp_lv_A" not in frame
    for path, own in zip(frame["path"], files, strict=True):
        np.testing.assert_array_equal(load_image(path), load_image(own))
        assert sha256_of_image(path) == sha256_of(own)


def test_files_of_their_own_beside_it_are_the_same_images(
    isic_2024: Path, files: list[Path]
) -> None:
    """Kaggle has both."""
    (isic_2024 / "train-image" / "image").mkdir(parents=True)
    copies = [shutil.copy(path, isic_2024 / "train-image" / "image") for path in files]
    assert len(read_dataset(isic_2024).frame) == 6
    Path(copies[2]).write_bytes(files[3].read_bytes())
    with pytest.raises(InputError, match="different files of one image_id: 1 x"):
        read_dataset(isic_2024)


@pytest.mark.parametrize("kind", ["bytes", "string of any length", "numbers"])
def test_an_entry_is_the_bytes_of_a_file_however_they_are_kept(
    tmp_path: Path, files: list[Path], kind: str
) -> None:
    content = files[0].read_bytes()
    with h5py.File(tmp_path / "x.hdf5", "w") as packed:
        if kind == "bytes":
            packed["a"] = np.bytes_(content)
        elif kind == "numbers":
            packed["a"] = np.frombuffer(content, np.uint8)
        else:
            packed.create_dataset("a", data=np.void(content))
    with open_image(tmp_path / "x.hdf5" / "a") as stream:
        assert stream.read() == content


def test_damaged_and_equal_entries_are_told(isic_2024: Path, files: list[Path]) -> None:
    path = isic_2024 / "train-image.hdf5"
    with h5py.File(path, "r+") as packed:
        for place, content in ((0, files[0].read_bytes()[:900]), (1, b"no image")):
            del packed[files[place].stem]
            packed[files[place].stem] = np.void(content)
        del packed[files[5].stem]
        packed[files[5].stem] = np.void(files[4].read_bytes())
    images = {one.stem: path / one.stem for one in files}
    (fault,) = check_decoding(images.values())
    assert [files[place].stem in row for place, row in enumerate(fault.rows)] == [True, True]
    assert identical_files(images) == [[files[4].stem, files[5].stem]]


def test_what_lies_outside_of_the_file_is_not_read(tmp_path: Path, files: list[Path]) -> None:
    content = files[0].read_bytes()
    (tmp_path / "secret").write_bytes(content)
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["image"] = np.void(content)
    path = tmp_path / "x.hdf5"
    with h5py.File(path, "w") as packed:
        packed["inside"] = np.void(content)
        packed["link"] = h5py.ExternalLink("other.h5", "image")
        external = [(str(tmp_path / "secret"), 0, len(content))]
        packed.create_dataset("stored", (len(content),), np.uint8, external=external)
        packed.create_dataset("filtered", data=np.zeros(99, np.uint8), compression="gzip")
        packed.create_group("group")
    assert names_in(path) == ["filtered", "group", "inside", "stored"]
    for name, told in {
        "link": "has no image link",
        "absent": "has no image absent",
        "stored": "isn't stored as the bytes",
        "filtered": "isn't stored as the bytes",
        "group": "can't be read",
    }.items():
        with pytest.raises(InputError, match=told):
            open_image(path / name)


def test_a_file_of_weights_and_a_damaged_one(tmp_path: Path) -> None:
    table = tmp_path / "HAM10000_metadata.csv"
    table.write_text("image_id,dx\n")
    with h5py.File(tmp_path / "weights.hdf5", "w") as weights:
        weights["layer/kernel"] = np.zeros(3)
    assert images_of(table).images == {}
    (tmp_path / "damaged.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))
    with pytest.raises(InputError, match=r"damaged.hdf5 can't be read"):
        images_of(table)
