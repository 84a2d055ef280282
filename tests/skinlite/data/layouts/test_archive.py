"""The ISIC Archive's diagnoses and sites: read where they are sure, named where they aren't."""

from pathlib import Path

import pandas as pd
import pytest

from skinlite.data.check import check_table
from skinlite.data.layouts.archive import CLASS_OF
from skinlite.data.layouts.recognize import read_table
from skinlite.data.layouts.tables import find_table
from skinlite.vocabulary import CLASSES

VASCULAR = "Benign soft tissue proliferations - Vascular"


def read(folder: Path, *rows: dict[str, str]) -> pd.DataFrame:
    """A collection of these rows, with ids of nobody's where none are given."""
    known = {"age_approx": "50", "sex": "male", "anatom_site_general": "head/neck"}
    whole = [
        {"isic_id": f"ISIC_900000{number}", "lesion_id": f"IL_{number}"} | known | row
        for number, row in enumerate(rows)
    ]
    pd.DataFrame(whole).to_csv(folder / "metadata.csv", index=False)
    return read_table(find_table(folder))


def levels(*names: str) -> dict[str, str]:
    return {f"diagnosis_{level}": name for level, name in enumerate(names, 1)}


def test_every_class_is_had_by_some_diagnosis() -> None:
    assert set(CLASS_OF.values()) == set(CLASSES)


@pytest.mark.parametrize(
    ("row", "dx"),
    [
        (levels("Benign", "Benign melanocytic proliferations", "Nevus", "Nevus, Spitz"), "nv"),
        (levels("Malignant", "", "Melanoma, NOS"), "mel"),
        (levels("Malignant", "", "Melanoma in situ", "Melanoma in situ, Mucosal"), "mel"),
        (levels("Malignant", "", "Squamous cell carcinoma in situ"), "akiec"),
        (levels("Benign", "", "Lichen planus like keratosis"), "bkl"),
        (levels("Benign", VASCULAR, "Hemangioma", "Hemangioma, Hobnail"), "vasc"),
        ({"diagnosis": "vascular lesion", "benign_malignant": "benign"}, "vasc"),
        ({"diagnosis": "lichenoid keratosis", "benign_malignant": "benign"}, "bkl"),
    ],
)
def test_what_is_sure_is_read(tmp_path: Path, row: dict[str, str], dx: str) -> None:
    frame = read(tmp_path, row)
    assert frame["dx"].tolist() == [dx]
    assert check_table(frame) == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (levels("Benign", "", ""), "'benign': no diagnosis: fill diagnosis_3"),
        (levels("Benign", VASCULAR, "Lymphangioma"), "1 x 'lymphangioma'"),
        (levels("Malignant", "", "Squamous cell carcinoma, NOS"), "akiec if it is in situ"),
        ({"diagnosis": "melanoma metastasis"}, "mel only if"),
        ({"diagnosis": "", "benign_malignant": "malignant"}, "'malignant': no diagnosis"),
    ],
)
def test_what_is_not_is_named_with_what_it_could_be(
    tmp_path: Path, row: dict[str, str], told: str
) -> None:
    (fault,) = check_table(read(tmp_path, row))
    assert fault.kind == "unknown class"
    assert told in fault.remedy


def test_what_follows_from_less_is_told(tmp_path: Path) -> None:
    """197 of HAM10000's akiec are squamous cell carcinomas to the archive, and so are others'."""
    squamous = levels(
        "Malignant", "Malignant epidermal proliferations", "Squamous cell carcinoma, NOS"
    )
    with pytest.warns(UserWarning) as warned:
        frame = read(
            tmp_path,
            levels("Benign", VASCULAR, ""),
            {"isic_id": "ISIC_0024306"} | squamous,
            {"isic_id": "ISIC_0034320"} | squamous,
            {"isic_id": "ISIC_0034321"} | squamous,
            levels("Benign", "", "Nevus") | {"image_type": "clinical: close-up"},
        )
    assert frame["dx"].tolist() == ["vasc", "akiec", "akiec", squamous["diagnosis_3"].lower(), "nv"]
    told = [str(one.message) for one in warned]
    assert [text.split(" image")[0] for text in told] == ["1", "2", "1"]
    assert "'clinical: close-up'" in told[2]


def test_a_class_of_ones_own_goes_first(tmp_path: Path) -> None:
    squamous = {"diagnosis": "squamous cell carcinoma"}
    frame = read(tmp_path, squamous | {"dx": "akiec"}, {"diagnosis": "nevus", "dx": ""})
    assert frame["dx"].tolist() == ["akiec", "nv"]


def test_columns_that_a_collection_lacks_are_not_known(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("isic_id,lesion_id,diagnosis\nISIC_1,IL_1,nevus\n")
    frame = read_table(tmp_path / "metadata.csv")
    assert check_table(frame) == []
    assert frame[["age", "sex", "localization"]].to_numpy().tolist() == [["", "unknown", "unknown"]]


@pytest.mark.parametrize(
    ("row", "site"),
    [
        ({"anatom_site_general": "lateral torso"}, "trunk"),
        ({"anatom_site_general": "Posterior Torso"}, "back"),
        ({"anatom_site_special": "acral palms or soles"}, "acral"),
        ({"anatom_site_special": "fingernail"}, "face"),
    ],
)
def test_sites(tmp_path: Path, row: dict[str, str], site: str) -> None:
    assert read(tmp_path, levels("", "", "Nevus") | row)["localization"].tolist() == [site]


@pytest.mark.parametrize(
    ("names", "site"),
    [
        (("Head and neck", "Head", "Scalp", "Vertex of scalp"), "scalp"),
        (("Trunk", "Anterior trunk", "Anterior chest", ""), "chest"),
        (("Lower extremity", "Foot", "Sole of foot", "Heel"), "acral"),
        (("Upper extremity", "Forearm", "", ""), "upper extremity"),
        (("", "", "", ""), "unknown"),
    ],
)
def test_levels_of_sites(tmp_path: Path, names: tuple[str, ...], site: str) -> None:
    columns = [f"anatom_site_{level}" for level in range(1, 5)]
    table = tmp_path / "metadata.csv"
    rows = pd.DataFrame([("ISIC_1", "IL_1", "nevus", *names)])
    rows.to_csv(table, index=False, header=["isic_id", "lesion_id", "diagnosis", *columns])
    frame = read_table(table)
    assert frame["localization"].tolist() == [site]
    assert check_table(frame) == []
