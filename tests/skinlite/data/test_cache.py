"""Pictures are decoded once, and again exactly when something about them changed."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from skinlite.data.cache import cache_folder, pixels_of
from skinlite.data.dataset import Dataset, read_dataset
from skinlite.data.geometry import fit, load_picture
from skinlite.errors import InputError, SkinliteWarning


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def few(tiny_data: Path, tmp_path: Path) -> Dataset:
    """A copy of eight pictures, to be changed."""
    shutil.copytree(tiny_data, tmp_path / "data")
    whole = read_dataset(tmp_path / "data")
    return whole.select(whole.frame["image_id"][:8])


def decoded(dataset: Dataset, height: int = 24, width: int = 24) -> int:
    """How many pictures were decoded to answer."""
    calls: list[None] = []
    pixels_of(dataset, height, width, lambda: calls.append(None))
    return len(calls)


def test_rows_are_the_fitted_pictures_in_order(few: Dataset, own_cache: Path) -> None:
    pixels = pixels_of(few, 30, 40)
    assert (pixels.shape, pixels.dtype) == ((8, 30, 40, 3), np.uint8)
    for row, path in zip(pixels, few.frame["path"], strict=True):
        np.testing.assert_array_equal(row, fit(load_picture(path), 30, 40))
    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0
    assert isinstance(pixels, np.memmap)
    assert [path.suffix for path in own_cache.rglob("*.*")] == [".npy"]


def test_pictures_smaller_than_the_input_are_told(few: Dataset, own_cache: Path) -> None:
    """They are 225x300."""
    with pytest.warns(SkinliteWarning, match=r"8 of 8 pictures are smaller.*--image-size"):
        pixels_of(few, 256, 256)


def test_an_unchanged_set_is_decoded_once(few: Dataset, own_cache: Path) -> None:
    assert decoded(few) == 8
    assert decoded(few) == 0
    assert decoded(read_dataset(few.root).select(few.frame["image_id"])) == 0


def test_another_size_row_order_or_picture_is_decoded_anew(few: Dataset, own_cache: Path) -> None:
    assert decoded(few) == 8
    assert decoded(few, 24, 32) == 8
    assert decoded(few.select(few.frame["image_id"][::-1])) == 8
    first, second = few.frame["path"][:2]
    shutil.copy(second, first)
    before = pixels_of(few.select(few.frame["image_id"][1:2]), 24, 24)
    assert decoded(few) == 8
    np.testing.assert_array_equal(pixels_of(few, 24, 24)[0], before[0])


def test_undecodable_pictures_are_all_named_and_nothing_is_kept(
    few: Dataset, own_cache: Path
) -> None:
    cut, page = few.frame["path"][2], few.frame["path"][5]
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    page.write_text("<html>404</html>")
    with pytest.raises(InputError, match=r"2 picture\(s\) can't be used") as caught:
        pixels_of(few, 24, 24)
    assert str(cut) in str(caught.value)
    assert str(page) in str(caught.value)
    assert "skinlite data check" in str(caught.value)
    assert list(own_cache.rglob("*.*")) == []


def test_a_picture_that_vanished_is_named(few: Dataset, own_cache: Path) -> None:
    few.frame["path"][3].unlink()
    with pytest.raises(InputError, match=few.frame["image_id"][3]):
        pixels_of(few, 24, 24)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system can't reserve space")
def test_a_full_disk_is_told_before_the_mapping_is_touched(
    few: Dataset, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(InputError, match=r"No space left.*SKINLITE_CACHE"):
        pixels_of(few, 24, 24)
    assert list(own_cache.rglob("*.*")) == []


def test_a_cache_that_cant_be_made_names_the_setting(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="SKINLITE_CACHE"):
        pixels_of(few, 24, 24)


def test_the_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "chosen"))
    assert cache_folder() == tmp_path / "chosen"
    monkeypatch.delenv("SKINLITE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "skinlite"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "skinlite"
