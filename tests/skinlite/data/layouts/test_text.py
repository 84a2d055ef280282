"""Tables as Excel and others write them, and the lines of damaged ones."""

from pathlib import Path

import pytest

from skinlite.data.check import check_text
from skinlite.data.layouts.recognize import read_table
from skinlite.data.layouts.text import read_text
from skinlite.errors import InputError

PLAIN = """\
lesion_id,image_id,dx,age,sex,localization
HAM_1,ISIC_1,bkl,54.0,male,scalp
HAM_2,ISIC_2,nv,85,female,back
"""
EXCEL = PLAIN.replace(",", ";").replace("54.0", "54,0").replace("\n", "\r\n")
SPELLINGS = {
    "utf-16 little": PLAIN.replace(",", "\t").encode("utf-16-le").join([b"\xff\xfe", b""]),
    "utf-16 big": PLAIN.encode("utf-16-be").join([b"\xfe\xff", b""]),
    "sep": f"sep=;\r\n{EXCEL}".encode(),
    "sep and bom": f'\ufeff\n"sep=;"\r\n{EXCEL}'.encode(),
    "decimal comma": EXCEL.encode(),
    "quoted decimal comma": PLAIN.replace("54.0", '"54,0"').encode(),
    "blank last column": PLAIN.replace("localization\n", "localization,\n").encode(),
    "an index without a name": PLAIN.replace("lesion_id,", ",lesion_id,")
    .replace("HAM", "0,HAM")
    .encode(),
    "capitals": PLAIN.replace("lesion_id,image_id,dx", "Lesion_ID,IMAGE_ID,Dx")
    .replace("scalp", "Scalp")
    .encode(),
    "letters": PLAIN.replace(",male", ",M").replace(",female", ",f").encode(),
    "ids with suffixes": PLAIN.replace("ISIC_1", "ISIC_1.jpg")
    .replace("ISIC_2", "x/ISIC_2.PNG")
    .encode(),
    "other names": PLAIN.replace("image_id", "isic_id").replace("age", "age_approx").encode(),
    "both names": PLAIN.replace("dx", "isic_id,dx")
    .replace("_1,b", "_1,7,b")
    .replace("_2,n", "_2,8,n")
    .encode(),
    "more than 85": PLAIN.replace("85", "85+").encode(),
}


@pytest.mark.parametrize("content", SPELLINGS.values(), ids=SPELLINGS)
def test_however_it_is_written_it_says_the_same(tmp_path: Path, content: bytes) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(content)
    frame = read_table(table)
    assert check_text(table) == []
    assert frame["image_id"].tolist() == ["ISIC_1", "ISIC_2"]
    assert frame["lesion_id"].tolist() == ["HAM_1", "HAM_2"]
    assert frame["dx"].tolist() == ["bkl", "nv"]
    assert frame["age"].astype(float).tolist() == [54, 85]
    assert frame["sex"].tolist() == ["male", "female"]
    assert frame["localization"].tolist() == ["scalp", "back"]


def test_lines_are_the_files_below_a_line_for_excel(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(f"sep=;\n\n{EXCEL}")
    assert [line for line, _ in read_text(table).rows] == [4, 5]


def test_a_line_that_is_cut_short_is_a_fault_of_its_line(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(PLAIN[: PLAIN.index("female") + 3])
    (fault,) = check_text(table)
    assert (fault.kind, fault.rows) == (
        "truncated line",
        ("line 3: 5 of 6 cells, the last one is 'fem'",),
    )
    table.write_text(PLAIN.replace("HAM_1,ISIC_1", "\n\n"))
    assert check_text(table)[0].rows == ("line 4: 5 of 6 cells, the last one is 'scalp'",)


def test_a_byte_of_0_is_a_fault_of_its_line(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(PLAIN.replace("bkl", "b\0l"))
    (fault,) = check_text(table)
    assert (fault.kind, fault.rows) == ("NUL byte", ("line 2: 'b\\x00l'",))


def test_a_table_joined_to_it_is_checked_too(tmp_path: Path) -> None:
    table = tmp_path / "X_GroundTruth.csv"
    table.write_text("image,MEL,NV\nISIC_1,1,0\n")
    (tmp_path / "X_Metadata.csv").write_text("image,age_approx,sex\nISIC_1,40\n")
    (fault,) = check_text(table)
    assert fault.rows == ("X_Metadata.csv line 2: 2 of 3 cells, the last one is '40'",)


def test_another_encoding_is_told(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(PLAIN.replace("male", "männlich").encode("latin-1"))
    with pytest.raises(InputError, match="Save it as UTF-8"):
        read_table(table)
