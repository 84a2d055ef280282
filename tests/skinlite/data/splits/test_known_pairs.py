"""Lesions that are one: known pairs, identical files, pairs that are handed in."""

import os
from pathlib import Path

import pandas as pd
import pytest

from skinlite.data.splits.known_pairs import (
    identical_files,
    join_known,
    join_lesions,
    known_pairs,
    read_pairs,
)
from skinlite.errors import InputError


def test_linked_lesions_get_the_smallest_id_of_all() -> None:
    lesions = pd.Series(["b", "c", "d", "e", "c"], index=[3, 1, 4, 5, 9])
    joined = join_lesions(lesions, [("d", "c"), ("c", "b"), ("b", "d"), ("e", "e")])
    assert list(joined) == ["b", "b", "b", "e", "b"] and list(joined.index) == [3, 1, 4, 5, 9]
    assert list(join_lesions(lesions, [("b", "a"), ("x", "y")])) == ["a", "c", "d", "e", "c"]
    assert list(join_lesions(lesions, [])) == list(lesions)


def test_a_long_chain_in_any_order_is_one_lesion() -> None:
    names = [f"{number:04}" for number in range(3000)]
    links = list(zip(names[1:], names[:-1], strict=True))
    for order in (links, links[::-1], links[::2] + links[1::2]):
        assert set(join_lesions(pd.Series(names), order)) == {"0000"}


def test_the_table_of_known_pairs() -> None:
    known = known_pairs()
    assert (len(known.images), len(known.lesions), known.ignored) == (102, 102, 14)
    assert ("ISIC_0032881", "ISIC_0033607") in known.images
    # Probable pairs don't join.
    assert ("ISIC_0024821", "ISIC_0027867") not in known.images


def test_known_lesions_are_joined_by_their_ids_and_by_their_images() -> None:
    """Also where other images of the two lesions are there, or no lesion id is."""
    frame = pd.DataFrame(
        {
            "image_id": ["a", "b", "ISIC_0024408", "ISIC_0024774", "c"],
            "lesion_id": ["HAM_0004768", "HAM_0002903", "mine", "ISIC_0024774", "HAM_1"],
        }
    )
    first, second, mine, unnamed, other = join_known(frame)
    assert first == second == "HAM_0002903"
    assert mine == unnamed == "ISIC_0024774" and other == "HAM_1"


def test_pairs_are_read(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(
        "\ufeffrelation,image_a,image_b,score\nsame lesion, a ,b,1\nprobably same lesion,c,d,1\n"
        "same file,e,f,1\nre-encoded copy,g,h,1\n",
        encoding="utf-8",
    )
    pairs = read_pairs(path)
    assert pairs.images == (("a", "b"), ("e", "f"), ("g", "h"))
    assert (pairs.name, pairs.lesions, pairs.ignored) == ("pairs.csv", (), 1)
    path.write_text("image_a,image_b\nc,d\n")
    assert (read_pairs(path).images, read_pairs(path).ignored) == ((("c", "d"),), 0)
    path.write_text("image_a,image_b,relation\n")
    assert read_pairs(path).images == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "can't be read as pairs"),
        (b"\xff\xd8\xff\xe0\x00", "can't be read as pairs"),
        (b"image_a,other\na,b\n", "lacks the columns image_b.*skinlite data duplicates"),
        (b"image_a,image_b\na,b\n\nc,d\n", "line 3: '' and ''"),
        (b"image_a,image_b\na,b\nc,\n", "line 3: 'c' and '' are not a pair"),
        (b"image_a,image_b\na,b,c\n", "more values than the first"),
        (b"image_a,image_b\na,b,\n", "more values than the first"),
        (b"image_a,image_b,relation\na,a,same file\n", "line 2: 'a' and 'a' are not a pair"),
    ],
)
def test_pairs_that_are_none(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "pairs.csv"
    with pytest.raises(InputError, match=r"There is no .*pairs\.csv"):
        read_pairs(path)
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"pairs.csv.*{told}"):
        read_pairs(path)


@pytest.mark.parametrize("suffix", ["zip", "gz", "xz", "zst"])
def test_pairs_are_no_archive(tmp_path: Path, suffix: str) -> None:
    """By its name pandas would unpack it, and fail in as many ways as there are formats."""
    path = tmp_path / f"pairs.csv.{suffix}"
    path.write_bytes(b"\x9e\x81 no archive either")
    with pytest.raises(InputError, match=r"can't be read as pairs.*Save it as CSV in UTF-8"):
        read_pairs(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_pairs_from_a_pipe_or_a_device(tmp_path: Path) -> None:
    """A pipe that nobody writes to made train wait without a word; /dev/zero took all memory."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, told in ((pipe, "is a pipe"), (Path("/dev/zero"), "is a device")):
        with pytest.raises(InputError, match=told):
            read_pairs(path)


def test_identical_files(tmp_path: Path) -> None:
    """Equal size alone is not enough."""
    contents = {"a": b"one", "b": b"two", "c": b"one", "d": b"three", "e": b"one", "f": b"three"}
    paths = {name: tmp_path / f"{name}.jpg" for name in contents}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    assert identical_files(paths) == [["a", "c", "e"], ["d", "f"]]
    assert identical_files({}) == []
    paths["b"].unlink()
    paths["a"].unlink()
    paths["a"].mkdir()
    assert identical_files(paths) == [["c", "e"], ["d", "f"]]


def test_what_is_no_regular_file_is_refused_or_like_no_other(tmp_path: Path) -> None:
    """A pipe would be waited for."""
    for name in ("a.jpg", "b.jpg"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match=r"a\.jpg is a pipe"):
        read_pairs(tmp_path / "a.jpg")
    assert identical_files({name: tmp_path / name for name in ("a.jpg", "b.jpg")}) == []
