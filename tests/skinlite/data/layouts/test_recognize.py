"""The layouts that users have, each written to a folder and read back."""

import os
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from skinlite.data.dataset import read_dataset
from skinlite.data.layouts import recognize
from skinlite.data.layouts.places import root_of
from skinlite.data.layouts.recognize import read_table
from skinlite.data.layouts.tables import find_table, image_paths
from skinlite.errors import InputError

HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset"
ROWS = [
    "HAM_1,ISIC_1,bkl,histo,80.0,male,scalp,vidir_modern",
    "HAM_1,ISIC_2,bkl,histo,80,male,scalp,vidir_modern",
    "HAM_2,ISIC_3,nv,follow_up,,female,unknown,rosendahl",
]


def lay_out(folder: Path, files: dict[str, str], images: list[str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    for name in images:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6)).save(folder / name)
    return folder


def quoted_tab() -> str:
    """As the Harvard Dataverse writes it: tabs, quoted strings, bare numbers."""
    lines = [HEADER.replace(",", "\t")]
    for row in ROWS:
        cells = row.split(",")
        quoted = [cell if index == 4 else f'"{cell}"' for index, cell in enumerate(cells)]
        lines.append("\t".join(quoted))
    return "\n".join(lines) + "\n"


PLAIN = "\n".join([HEADER, *ROWS]) + "\n"
SPELLINGS = {
    "HAM10000_metadata.csv": PLAIN,
    "HAM10000_metadata": PLAIN,
    "HAM10000_metadata.tab": quoted_tab(),
}


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize(
    "places",
    [
        ["HAM10000_images_part_1/ISIC_1.jpg", "HAM10000_images_part_2/ISIC_2.jpg"],
        ["HAM10000_images_part_1/ISIC_1.jpg", "HAM10000_images_part_1/ISIC_2.jpg"],
        ["images/ham/ISIC_1.jpg", "images/ham/ISIC_2.JPG"],
        ["ISIC_1.jpg", "ISIC_2.jpg"],
    ],
    ids=["two parts", "one part", "two folders deep", "flat"],
)
def test_every_layout_reads_the_same(tmp_path: Path, name: str, places: list[str]) -> None:
    last = str(Path(places[0]).parent / "ISIC_3.jpeg")
    dataset = read_dataset(lay_out(tmp_path, {name: SPELLINGS[name]}, [*places, last]))
    assert dataset.root == tmp_path
    assert list(dataset.frame["image_id"]) == ["ISIC_1", "ISIC_2", "ISIC_3"]
    assert list(dataset.frame["dx"]) == ["bkl", "bkl", "nv"]
    assert list(dataset.frame["age"][:2]) == [80, 80]
    assert dataset.frame["age"].isna().tolist() == [False, False, True]
    assert list(dataset.frame["sex"]) == ["male", "male", "female"]
    assert [path.stem for path in dataset.frame["path"]] == ["ISIC_1", "ISIC_2", "ISIC_3"]
    assert all(path.is_file() for path in dataset.frame["path"])
    assert not dataset.synthetic


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", " , "),
        "\n" + PLAIN.replace("\n", "\n\n"),
        PLAIN.replace("\n", ",\n"),
        PLAIN.replace("bkl", "BKL").replace("male", "Male"),
        PLAIN.replace("follow_up,,", "follow_up,NaN,"),
    ],
    ids=["bom", "crlf", "semicolons", "spaces", "blank", "trailing", "capitals", "nan"],
)
def test_spelling_of_the_file_does_not_matter(tmp_path: Path, text: str) -> None:
    table = tmp_path / "HAM10000_metadata.csv"
    table.write_text(PLAIN)
    columns = HEADER.split(",")
    expected = read_table(table)[columns].reset_index(drop=True)
    table.write_bytes(text.encode())
    found = read_table(table)[columns].reset_index(drop=True)
    assert found.to_dict("list") == expected.to_dict("list")


def test_quoted_fields_may_hold_the_separator(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(PLAIN.replace("HAM_1", '"HAM, ""one"""'))
    assert read_table(table)["lesion_id"][0] == 'HAM, "one"'


def test_a_column_dataset_is_optional(tmp_path: Path) -> None:
    text = "\n".join(line.rpartition(",")[0] for line in PLAIN.splitlines())
    images = ["ISIC_1.jpg", "ISIC_2.jpg", "ISIC_3.jpg"]
    dataset = read_dataset(lay_out(tmp_path, {"HAM10000_metadata.csv": text}, images))
    assert set(dataset.frame["dataset"]) == {""}


TRUTH = """\
image,MEL,NV,BCC,AKIEC,BKL,DF,VASC
ISIC_1,0.0,0.0,0.0,0.0,1.0,0.0,0.0
ISIC_2,0,0,0,0,1,0,0
ISIC_3,0,1,0,0,0,0,0
"""
NAME = "ISIC2018_Task3_Training"
INPUT = [f"{NAME}_Input/ISIC_{number}.jpg" for number in (1, 2, 3)]
GROUPINGS = """\
image,lesion_id,diagnosis_confirm_type
ISIC_1,HAM_1,histo
ISIC_2,HAM_1,histo
ISIC_3,HAM_2,follow_up
"""


@pytest.mark.parametrize("folder", ["", f"{NAME}_GroundTruth/"], ids=["flat", "official"])
def test_isic_one_hot(tmp_path: Path, folder: str) -> None:
    files = {f"{folder}{NAME}_GroundTruth.csv": TRUTH}
    dataset = read_dataset(lay_out(tmp_path, files, INPUT))
    assert dataset.root == tmp_path
    assert list(dataset.frame["dx"]) == ["bkl", "bkl", "nv"]
    # Nobody told which images share a lesion, nor who the patients are.
    assert dataset.frame["lesion_id"].nunique() == 3
    assert dataset.frame["age"].isna().all()
    assert set(dataset.frame["sex"]) == set(dataset.frame["localization"]) == {"unknown"}


@pytest.mark.parametrize("place", ["", f"{NAME}_GroundTruth/"])
def test_isic_companions_are_joined_from_either_folder(tmp_path: Path, place: str) -> None:
    files = {
        f"{NAME}_GroundTruth/{NAME}_GroundTruth.csv": TRUTH,
        f"{place}{NAME}_LesionGroupings.csv": GROUPINGS,
        f"{place}{NAME}_metadata.csv": "isic_id,age_approx,sex,anatom_site_general\n"
        "ISIC_3,45,,posterior torso\nISIC_1,80,male,head/neck\nISIC_2,80,male,oral/genital\n",
    }
    frame = read_dataset(lay_out(tmp_path, files, INPUT)).frame
    assert list(frame["lesion_id"]) == ["HAM_1", "HAM_1", "HAM_2"]
    assert list(frame["age"]) == [80, 80, 45]
    assert list(frame["localization"]) == ["face", "genital", "back"]
    assert list(frame["sex"]) == ["male", "male", "unknown"]


def test_a_row_that_is_not_one_hot_is_a_fault(tmp_path: Path) -> None:
    truth = TRUTH.replace("ISIC_3,0,1,0", "ISIC_3,0,1,1")
    folder = lay_out(tmp_path, {f"{NAME}_GroundTruth.csv": truth}, INPUT)
    with pytest.raises(InputError, match=r"unknown class: 1 x, first line 4 \(ISIC_3\)"):
        read_dataset(folder)


def test_the_table_may_be_given_itself(tmp_path: Path) -> None:
    folder = lay_out(tmp_path, {"odd.csv": PLAIN}, ["ISIC_1.jpg", "ISIC_2.jpg", "ISIC_3.jpg"])
    assert len(read_dataset(folder / "odd.csv").frame) == 3
    with pytest.raises(InputError, match="not a data set"):
        find_table(folder)


def test_root_of_a_table_named_from_inside_its_official_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = lay_out(tmp_path, {f"{NAME}_GroundTruth/x.csv": TRUTH}, INPUT) / f"{NAME}_GroundTruth"
    monkeypatch.chdir(inside)
    assert root_of(Path("x.csv")) == tmp_path
    assert set(image_paths(Path("x.csv"))) == {"ISIC_1", "ISIC_2", "ISIC_3"}


def test_several_tables_are_a_question_not_a_guess(tmp_path: Path) -> None:
    other = NAME.replace("Training", "Test")
    lay_out(tmp_path, {f"{NAME}_GroundTruth.csv": TRUTH, f"{other}_GroundTruth.csv": TRUTH}, [])
    with pytest.raises(InputError, match=r"several tables: .*Test_Ground.*Training_Ground.*`data`"):
        find_table(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"lesion_id,image_id\nHAM_1,ISIC_1,nv\n", "line 2 has 3 values"),
        (b"image_id,dx,dx\n", "has a column twice"),
        (b'image_id,dx\n"ISIC_1,nv\n', "not a readable table"),
        (b"image_id,dx\n\xff\xfe\xd8", "not a readable table"),
        (b"image,MEL,NV\nISIC_1,0,1\n", "lacks the columns AKIEC"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    table = tmp_path / "HAM10000_metadata.csv"
    table.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_table(table)
    assert str(table) in str(caught.value)


def test_no_folder_and_no_data_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no folder .* Give the folder or the table"):
        find_table(tmp_path / "absent")
    with pytest.raises(InputError, match="skinlite demo"):
        find_table(tmp_path)


NINE = """\
image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK,score_weight
ISIC_1,0.0,0.0,0.0,1.0,0.0,0.0,0.0,0.0,0.0,1.0
ISIC_2,0.0,0.0,0.0,1.0,0.0,0.0,0.0,0.0,0.0,1.0
ISIC_3,0.0,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0
"""
OF_2019 = {
    "ISIC_2019_Training_GroundTruth.csv": NINE,
    "ISIC_2019_Training_Metadata.csv": "image,age_approx,anatom_site_general,lesion_id,sex\n"
    "ISIC_1,55.0,anterior torso,BCN_1,female\nISIC_2,55.0,anterior torso,BCN_1,female\n"
    "ISIC_3,,,BCN_2,\n",
    "ISIC_2019_Test_Metadata.csv": "image,age_approx,anatom_site_general,sex\nISIC_9,45,,male\n",
}


def test_isic_2019(tmp_path: Path) -> None:
    frame = read_dataset(lay_out(tmp_path, OF_2019, INPUT)).frame
    assert list(frame["dx"]) == ["akiec", "akiec", "nv"]
    assert list(frame["lesion_id"]) == ["BCN_1", "BCN_1", "BCN_2"]
    assert list(frame["age"][:2]) == [55, 55]
    assert list(frame["sex"]) == ["female", "female", "unknown"]
    assert list(frame["localization"]) == ["abdomen", "abdomen", "unknown"]


def with_last_row(row: str) -> dict[str, str]:
    truth = NINE[: NINE.index("ISIC_3")] + f"ISIC_3,0.0,0.0,0.0,0.0,0.0,0.0,{row}\n"
    return {**OF_2019, "ISIC_2019_Training_GroundTruth.csv": truth}


def test_scc_of_isic_2019_is_a_class_of_its_own(tmp_path: Path) -> None:
    dataset = read_dataset(lay_out(tmp_path, with_last_row("0.0,1.0,0.0,1.0"), INPUT))
    assert list(dataset.frame["dx"]) == ["akiec", "akiec", "scc"]
    assert dataset.classes.codes == ("akiec", "bcc", "bkl", "df", "mel", "nv", "scc", "vasc")
    assert dataset.classes.malignant == ("bcc", "mel", "scc") and dataset.classes.critical == "mel"


def test_unk_of_isic_2019_is_no_class(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown class: 1 x, .* 1 x 'unk': none of the classes"):
        read_dataset(lay_out(tmp_path, with_last_row("0.0,0.0,1.0,1.0"), INPUT))


@pytest.mark.parametrize(
    "files",
    [
        {"HAM10000_METADATA.CSV": PLAIN, "._HAM10000_metadata.csv": "Mac OS X"},
        {"ham10000_metadata.csv": PLAIN, "hmnist_28_28_RGB.csv": "pixel0000,label\n1,2\n"},
        {"collection_metadata.csv": PLAIN, "other_metadata.csv": "image_id,age\nISIC_1,3\n"},
        {"data/HAM10000_metadata.csv": PLAIN, "__MACOSX/HAM10000_metadata.csv": "x"},
        {"collection_metadata.csv": PLAIN, "._collection_metadata.csv": "Mac OS X"},
    ],
    ids=["capitals", "pixels beside", "more metadata beside", "in a folder", "macOS"],
)
def test_the_table_is_found_among_other_files(tmp_path: Path, files: dict[str, str]) -> None:
    images = [f"data/ISIC_{number}.jpg" for number in (1, 2, 3)]
    assert len(read_dataset(lay_out(tmp_path, files, images)).frame) == 3


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("labels.csv", PLAIN, "labels.csv may be its table: give that file"),
        ("labels.xlsx", "PK", "Save labels.xlsx as CSV and give that"),
    ],
)
def test_what_may_be_meant_is_told(tmp_path: Path, name: str, content: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        find_table(lay_out(tmp_path, {name: content}, []))


def test_a_table_of_pixels_or_of_lesions_is_refused(tmp_path: Path) -> None:
    files = {"hmnist.csv": "pixel0000,label\n1,2\n", "milk.csv": "lesion_id,MEL,NV\nIL_1,0,1\n"}
    folder = lay_out(tmp_path, files, [])
    with pytest.raises(InputError, match="Give the folder of HAM10000_metadata"):
        read_table(folder / "hmnist.csv")
    with pytest.raises(InputError, match="lacks the columns image_id"):
        read_table(folder / "milk.csv")


def test_a_table_that_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="a pipe, not a regular file"):
        find_table(tmp_path / "pipe")
    with pytest.raises(InputError, match="a device, not a regular file"):
        read_table(Path("/dev/zero"))


def test_the_real_data(ham10000: Path) -> None:
    frame = read_dataset(ham10000).frame
    assert (len(frame), frame["table_lesion_id"].nunique()) == (10_015, 7_470)
    assert frame["lesion_id"].nunique() == 7_470 - 62  # 117 ids are 55 lesions
    assert (frame["age"].isna().sum(), (frame["age"] == 0).sum()) == (57, 39)
    assert (frame["sex"] == "unknown").sum() == 57
    assert (frame["localization"] == "unknown").sum() == 234
    assert frame["dx"].value_counts().to_dict() == {
        **{"nv": 6705, "mel": 1113, "bkl": 1099, "bcc": 514},
        **{"akiec": 327, "vasc": 142, "df": 115},
    }
    by_id = frame.set_index("image_id")
    for one, other in [
        ("ISIC_0029861", "ISIC_0024366"),
        ("ISIC_0029938", "ISIC_0024777"),
    ]:
        assert by_id["path"][one].read_bytes() == by_id["path"][other].read_bytes()
        assert by_id["lesion_id"][one] == by_id["lesion_id"][other]


def test_the_real_validation_set(ham10000: Path) -> None:
    frame = read_dataset(ham10000 / "ISIC2018_Task3_Validation_GroundTruth.csv").frame
    assert len(frame) == 193
    assert frame["lesion_id"].nunique() == 145
    # No value of the archive's own vocabulary is left.
    assert {"back", "abdomen", "face", "unknown"} <= set(frame["localization"])
    assert "head/neck" not in set(frame["localization"])


def test_a_new_layout_is_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(frame: pd.DataFrame, table: Path) -> pd.DataFrame:
        return frame.assign(dx=frame["finding"].map({"mole": "nv"}))

    (tmp_path / "metadata.csv").write_text("image_id,finding\na,mole\n")
    (tmp_path / "patients_metadata.csv").write_text("image_id,note\na,b\n")
    row = recognize.Layout(frozenset({"finding"}), read)
    monkeypatch.setattr(recognize, "LAYOUTS", (row, *recognize.LAYOUTS))
    assert read_table(find_table(tmp_path))["dx"].tolist() == ["nv"]
