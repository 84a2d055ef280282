"""Every fault planted is found, at its line, and nothing else is."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skinlite.data import decoding
from skinlite.data.check import check_images, check_table, summarise
from skinlite.data.dataset import read_dataset
from skinlite.data.decoding import check_decoding, look
from skinlite.data.layouts.recognize import read_table
from skinlite.data.layouts.tables import image_paths
from skinlite.data.preprocessing import check_decoding_of, load_image
from skinlite.errors import InputError


def table(**changed: str) -> pd.DataFrame:
    """Three good rows; the changed cells are the second row's."""
    good = {"dx": "nv", "age": "45", "sex": "female", "localization": "back"}
    rows = [
        {"image_id": f"ISIC_{number}", "lesion_id": f"HAM_{number}"} | good for number in (1, 2, 3)
    ]
    rows[1] |= changed
    return pd.DataFrame(rows, dtype=str)


def test_a_good_table_has_no_faults() -> None:
    assert check_table(table()) == []
    assert check_table(table(age="", sex="unknown", localization="unknown")) == []
    assert check_table(table(age="0")) == []


@pytest.mark.parametrize(
    ("changed", "kind", "value"),
    [
        ({"dx": "melanom"}, "unknown class", "'melanom'"),
        ({"dx": ""}, "unknown class", "''"),
        ({"sex": "m"}, "unknown sex", "'m'"),
        ({"localization": "elbow"}, "unknown localization", "'elbow'"),
        ({"age": "430"}, "age out of range", "'430'"),
        ({"age": "-1"}, "age out of range", "'-1'"),
        ({"age": "old"}, "age out of range", "'old'"),
        ({"age": "inf"}, "age out of range", "'inf'"),
    ],
)
def test_a_bad_cell_is_found_at_its_line(changed: dict[str, str], kind: str, value: str) -> None:
    (fault,) = check_table(table(**changed))
    assert (fault.kind, fault.rows) == (kind, (f"line 3 (ISIC_2): {value}",))


def test_a_blank_image_id_is_one_fault_and_no_missing_picture() -> None:
    frame = table(image_id="")
    (fault,) = check_table(frame)
    assert (fault.kind, fault.rows) == ("blank image_id", ("line 3 (no id): ''",))
    assert check_images(frame, {"ISIC_1": Path("a"), "ISIC_3": Path("b")}) == []


def test_duplicates_name_all_their_rows() -> None:
    (fault,) = check_table(table(image_id="ISIC_1"))
    assert fault.kind == "duplicate image_id"
    assert [row.split(" (")[0] for row in fault.rows] == ["line 2", "line 3"]


def test_a_lesion_has_one_class() -> None:
    (fault,) = check_table(table(lesion_id="HAM_1", dx="mel"))
    assert fault.kind == "lesion with several classes"
    assert fault.rows == ("line 2 (ISIC_1): 'nv'", "line 3 (ISIC_2): 'mel'")


def test_missing_columns_are_named() -> None:
    (fault,) = check_table(table().drop(columns=["age", "dx"]))
    assert (fault.kind, fault.rows) == ("missing column", ("dx", "age"))


def test_lines_are_the_files_even_after_blank_ones(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    lines = table(dx="melanom").to_csv(index=False).splitlines()
    path.write_text("\n".join([lines[0], "", lines[1], "", *lines[2:]]))
    (fault,) = check_table(read_table(path))
    assert fault.rows == ("line 5 (ISIC_2): 'melanom'",)
    assert path.read_text().splitlines()[5 - 1] == lines[2]


def test_a_truncated_and_a_missing_picture_are_named(tiny_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(tiny_data, data)
    first, second, third, *_ = sorted(data.glob("*/*.jpg"))
    first.write_bytes(first.read_bytes()[: first.stat().st_size // 2])
    second.unlink()
    third.write_text("<html>404</html>")
    metadata = data / "HAM10000_metadata.csv"
    frame, images = read_table(metadata), image_paths(metadata)
    (absent,) = check_images(frame, images)
    assert len(absent.rows) == 1
    assert second.stem in absent.rows[0]
    calls: list[None] = []
    (broken,) = check_decoding(images.values(), lambda: calls.append(None))
    assert len(calls) == len(images) == len(frame) - 1
    assert sorted(broken.rows)[0].startswith(str(first))
    assert "truncated" in sorted(broken.rows)[0]
    assert str(third) in sorted(broken.rows)[1]
    assert len(broken.rows) == 2
    with pytest.raises(InputError, match=rf"image missing: 1 x.*{second.stem}") as caught:
        read_dataset(data)
    assert f"skinlite data check {metadata}" in str(caught.value)


def kinds_of_files(folder: Path) -> dict[str, Path]:
    """An image in the formats that are read, whole."""
    levels = np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8)
    image = Image.fromarray(levels).resize((200, 150), Image.Resampling.BICUBIC)
    turned = Image.Exif()
    turned[274] = 6
    saved = {
        "plain.jpg": {},
        "progressive.jpg": {"progressive": True},
        "turned.jpg": {"exif": turned},
        "plain.png": {},
        "plain.bmp": {},
        "plain.tif": {},
        "plain.webp": {},
    }
    for name, options in saved.items():
        image.save(folder / name, **options)
    image.convert("CMYK").save(folder / "cmyk.jpg")
    image.convert("L").save(folder / "grey.jpg")
    return {path.name: path for path in folder.iterdir()}


def refused(task: Callable[[Path], object], path: Path) -> bool:
    try:
        task(path)
    except InputError:
        return True
    return False


def test_the_quick_decoding_refuses_what_the_whole_one_does(tmp_path: Path) -> None:
    """Cut anywhere, or with bytes changed anywhere, as a bad download or disk does."""
    random = np.random.default_rng(0)
    (tmp_path / "whole").mkdir()
    damaged, wrong = tmp_path / "damaged", Counter[str]()
    for name, path in kinds_of_files(tmp_path / "whole").items():
        content = path.read_bytes()
        cut = [content[: int(share * len(content))] for share in np.linspace(0, 1, 25)]
        changed = []
        for place in random.integers(0, len(content), 60):
            other = bytearray(content)
            other[place : place + 4] = random.bytes(4)
            changed.append(bytes(other))
        for version in [*cut, *changed]:
            damaged.write_bytes(version)
            expected = refused(load_image, damaged)
            assert refused(check_decoding_of, damaged) == expected, (name, len(version))
            wrong[name] += expected
    assert min(wrong.values()) > 20 and len(wrong) == 9


def test_headers_and_ends_find_what_is_cut_foreign_or_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "SAMPLE", 1)
    whole = list(kinds_of_files(tmp_path).values())
    paths = [path for path in whole for _ in range(3)]
    found = look(paths, quick=True)
    # The first is the sample; other formats have no end that tells that they are whole.
    assert (found.decoded, found.headers_only, found.faults) == (1 + 9, 3 * 9 - 10, [])
    assert "of 17 only header and end, so that damage inside of them is unknown" in str(found)
    for path in whole:
        path.write_bytes(path.read_bytes()[:-20])
    assert len(look(whole, quick=True).faults[0].rows) >= 6
    for content in (b"", b"<html>404</html>"):
        whole[5].write_bytes(content)
        assert str(whole[5]) in str(look([whole[0], whole[5]], quick=True).faults[-1].rows)
    whole[5].unlink()
    assert str(whole[5]) in str(look([whole[0], whole[5]], quick=True).faults[-1].rows)


def test_summary_counts() -> None:
    frame = table(age="", sex="unknown", lesion_id="HAM_1")
    summary = summarise(frame)
    assert (summary.pictures, summary.lesions, summary.lesions_with_several_pictures) == (3, 2, 1)
    assert (summary.missing_age, summary.unknown_sex, summary.unknown_localization) == (1, 1, 0)
    assert summary.classes["nv"] == 3
    assert summary.classes["mel"] == 0
    assert summarise(frame.drop(columns=["age", "dx"])).missing_age == 0


def test_the_real_tables_are_clean(ham10000: Path) -> None:
    for name in ("HAM10000_metadata.csv", "ISIC2018_Task3_Validation_GroundTruth.csv"):
        frame = read_table(ham10000 / name)
        assert check_table(frame) == []
        assert check_images(frame, image_paths(ham10000 / name)) == []
