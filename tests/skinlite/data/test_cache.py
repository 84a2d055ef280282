"""Images are decoded once, and again exactly when something about them changed."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skinlite.data import mapped, parts
from skinlite.data.cache import cache_folder, pixels_of
from skinlite.data.dataset import Dataset, read_dataset
from skinlite.data.examples import Examples
from skinlite.data.preprocessing import fit, load_image
from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.locks import LOCK, NEW, beside


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def few(tiny_data: Path, tmp_path: Path) -> Dataset:
    """A copy of eight images, to be changed."""
    shutil.copytree(tiny_data, tmp_path / "data")
    whole = read_dataset(tmp_path / "data")
    return whole.select(whole.frame["image_id"][:8])


def decoded(dataset: Dataset, height: int = 24, width: int = 24) -> int:
    """How many images were decoded to answer."""
    calls: list[None] = []
    pixels_of(dataset, height, width, lambda: calls.append(None))
    return len(calls)


def test_rows_are_the_fitted_pictures_in_order(few: Dataset, own_cache: Path) -> None:
    pixels = pixels_of(few, 30, 40)
    assert (pixels.shape, pixels.dtype) == ((8, 30, 40, 3), np.uint8)
    for row, path in zip(pixels, few.frame["path"], strict=True):
        np.testing.assert_array_equal(row, fit(load_image(path), 30, 40))
    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0
    assert isinstance(pixels, np.memmap)
    assert sorted(path.suffix for path in own_cache.rglob("*.*")) == [".npy", ".sums"]


def test_pictures_smaller_than_the_input_are_told(few: Dataset, own_cache: Path) -> None:
    """They are 225x300."""
    with pytest.warns(SkinliteWarning, match=r"8 of 8 images are smaller.*`image_size`"):
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


def overwrite(place: float, content: bytes) -> Callable[[Path], object]:
    """Writes over some bytes, that far into the file."""

    def damage(path: Path) -> None:
        with path.open("r+b") as stream:
            stream.seek(int(place * path.stat().st_size))
            stream.write(content)

    return damage


def on_sums(damage: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda path: damage(path.with_suffix(".sums"))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: os.truncate(path, path.stat().st_size // 2), "bytes instead of"),
        (lambda path: os.truncate(path, 0), "0 bytes instead of"),
        (lambda path: path.write_bytes(bytes(path.stat().st_size)), "its beginning was changed"),
        (overwrite(0.5, bytes(2000)), "1 of 1 parts were changed"),
        (overwrite(0.9, b"\0"), "1 of 1 parts were changed"),
        (on_sums(Path.unlink), r"There is no .*\.sums"),
        (on_sums(lambda path: path.write_bytes(b"\xff\0")), "isn't of its rows"),
        (on_sums(lambda path: path.write_text("")), "isn't of its rows"),
        (on_sums(lambda path: path.write_text("skinlite pixels 1\n0 7 0\n")), "isn't of its rows"),
        (on_sums(lambda path: path.write_text("skinlite pixels 1\n0 x 0\n")), "invalid literal"),
        (on_sums(lambda path: path.write_text("skinlite pixels 2\n0 8 0\n")), "isn't of its rows"),
    ],
)
def test_a_damaged_array_is_made_anew_with_a_word(
    few: Dataset, own_cache: Path, damage: Callable[[Path], object], told: str
) -> None:
    right = np.array(pixels_of(few, 24, 24))
    assert right.max() > 0  # a zero is a change
    (path,) = own_cache.rglob("*.npy")
    damage(path)
    with pytest.warns(SkinliteWarning, match=rf"can't be used: .*{told}.*decoded again"):
        assert decoded(few) == 8
    np.testing.assert_array_equal(pixels_of(few, 24, 24), right)
    assert decoded(few) == 0


def test_every_part_has_its_checksum(
    few: Dataset, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MOST_ROWS", 3)
    right = np.array(pixels_of(few, 24, 24))
    (path,), (sums,) = own_cache.rglob("*.npy"), own_cache.rglob("*.sums")
    assert [line.split()[:2] for line in sums.read_text().splitlines()[1:]] == [
        ["0", "3"],
        ["3", "6"],
        ["6", "8"],
    ]
    monkeypatch.undo()
    monkeypatch.setenv("SKINLITE_CACHE", str(own_cache))
    assert decoded(few) == 0  # parts of any length are read
    changed = right.copy()
    changed[7] = 255 - changed[7]
    np.save(path, changed)
    with pytest.warns(SkinliteWarning, match="1 of 3 parts were changed"):
        np.testing.assert_array_equal(pixels_of(few, 24, 24), right)


@pytest.mark.parametrize("moves", [0, 1])
def test_a_kill_between_the_names_leaves_nothing_that_passes(
    few: Dataset, own_cache: Path, moves: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First everything is on the disk, then it has its name."""
    done: list[str] = []
    move, sync = Path.replace, os.fsync

    def replace(path: Path, to: Path) -> Path:
        if done.count("move") == moves:
            raise KeyboardInterrupt
        done.append("move")
        return move(path, to)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(os, "fsync", lambda handle: done.append("sync") or sync(handle))
    with pytest.raises(KeyboardInterrupt):
        pixels_of(few, 24, 24)
    assert done == ["sync", "move", "sync"][: 2 * moves + 1]
    monkeypatch.undo()
    monkeypatch.setenv("SKINLITE_CACHE", str(own_cache))
    assert not list(own_cache.rglob("*.tmp"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert decoded(few) == (8 if moves else 0)
    for row, path in zip(pixels_of(few, 24, 24), few.frame["path"], strict=True):
        np.testing.assert_array_equal(row, fit(load_image(path), 24, 24))
    assert sorted(path.suffix for path in own_cache.rglob("*.*")) == [".npy", ".sums"]


KILLED = """
import os, signal, sys
from skinlite.data import cache, parts
from skinlite.data.dataset import read_dataset

parts.MOST_ROWS, load, calls = 1, cache.load_image, []

def load_image(path):
    calls.append(path)
    if len(calls) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return load(path)

cache.load_image = load_image
whole = read_dataset(sys.argv[1])
cache.pixels_of(whole.select(whole.frame["image_id"][:8]), 256, 256)
"""


@pytest.mark.parametrize("damage", ["none", "a part", "a line that was being written", "the log"])
def test_a_killed_process_is_gone_on_from(
    few: Dataset, own_cache: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MOST_ROWS", 1)
    killed = subprocess.run([sys.executable, "-c", KILLED, few.root], check=False)
    assert killed.returncode == -signal.SIGKILL
    (array,), (log,) = own_cache.rglob("*.npy.partial"), own_cache.rglob("*.parts")
    done = len(log.read_text().splitlines()) - 1
    assert 6 - (os.cpu_count() or 1) <= done < 6
    if damage == "a part":
        content = bytearray(array.read_bytes())
        first = int(log.read_text().splitlines()[1].split()[0])
        content[128 + first * 256 * 256 * 3 + 5000] ^= 255
        array.write_bytes(content)
        done -= 1
    elif damage == "a line that was being written":
        log.write_text(log.read_text()[:-3])
        done -= 1
    elif damage == "the log":
        log.write_bytes(b"\xff\0")
        done = 0
    with pytest.warns(SkinliteWarning, match=r"8 of 8 images are smaller"):
        assert decoded(few, 256, 256) == 8 - done
    for row, path in zip(pixels_of(few, 256, 256), few.frame["path"], strict=True):
        np.testing.assert_array_equal(row, fit(load_image(path), 256, 256))
    assert sorted(path.suffix for path in own_cache.rglob("*.*")) == [".npy", ".sums"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_reading_all_of_a_large_array_keeps_few_of_its_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped, "KEPT", 4 << 20)
    np.save(tmp_path / "x.npy", np.ones((1000, 256, 256), np.uint8))
    pixels = np.load(tmp_path / "x.npy", mmap_mode="r")[..., None]
    examples = Examples(pixels, np.arange(1000), np.zeros((1000, 0)), np.zeros(1000, int))

    def resident() -> int:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("RssFile:")[2].split()[0]) << 10

    before = resident()
    for start in range(0, 1000, 10):
        assert examples.take(np.arange(start, start + 10)).images.all()
    assert resident() - before < 16 << 20  # of 64 MB


def test_undecodable_pictures_are_all_named_and_nothing_is_kept(
    few: Dataset, own_cache: Path
) -> None:
    cut, page = few.frame["path"][2], few.frame["path"][5]
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    page.write_text("<html>404</html>")
    with pytest.raises(InputError, match=r"2 image\(s\) can't be used") as caught:
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


def test_what_a_killed_process_left_goes_with_the_next_array(few: Dataset, own_cache: Path) -> None:
    folder = own_cache / "pixels"
    folder.mkdir(parents=True)
    left = [beside(folder / "dead.npy", kind) for kind in (LOCK, NEW)]
    for path in left:
        path.write_bytes(b"half an array")
    pixels_of(few, 8, 8)
    assert not any(path.exists() for path in left)


@pytest.mark.parametrize("suffix", [".npy", ".sums"])
def test_a_folder_in_the_place_of_an_array_is_told_before_the_work(
    few: Dataset, own_cache: Path, suffix: str
) -> None:
    decoded(few)
    (path,) = own_cache.rglob(f"*{suffix}")
    path.unlink()
    path.mkdir()
    calls: list[None] = []
    with pytest.raises(InputError, match=rf"{suffix} is a folder, but.*Remove it, or set SKIN"):
        pixels_of(few, 24, 24, lambda: calls.append(None))
    assert not calls and path.is_dir()
