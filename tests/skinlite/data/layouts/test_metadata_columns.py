"""Declared metadata columns: what they become, from table to vector, and what is refused."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.classes import HAM10000
from skinlite.data.dataset import Dataset, read_dataset, read_like
from skinlite.data.layouts.metadata_columns import MOST_VALUES, Category, Number, fit_column
from skinlite.data.patient import Patient, PatientEncoder, patients_of
from skinlite.errors import InputError, SkinliteWarning

COLUMNS = ("itch", "diameter_1")


@pytest.fixture
def dataset(other_data: Path) -> Dataset:
    return read_dataset(other_data, label_column="kind", metadata_columns=COLUMNS)


def test_rows_become_numbers_behind_age_sex_and_site(dataset: Dataset) -> None:
    encoder = PatientEncoder.fit(dataset.frame, COLUMNS)
    itch, diameter = encoder.metadata
    assert isinstance(itch, Category) and itch.values == ("false", "true", "unknown")
    assert isinstance(diameter, Number)
    told = pd.to_numeric(dataset.frame["diameter_1"].str.replace(",", "."))
    assert (diameter.mean, diameter.std) == pytest.approx((told.mean(), told.std(ddof=0)))
    assert encoder.columns[20:] == (
        *("itch=false", "itch=true", "itch=unknown"),
        *("diameter_1", "diameter_1=missing"),
    )
    vectors = encoder.encode_frame(dataset.frame)
    assert np.array_equal(vectors, encoder.encode(patients_of(dataset.frame, encoder)))
    assert np.array_equal(vectors[:, 24], told.isna())
    assert np.array_equal(vectors[:, 21], dataset.frame["itch"] == "True")
    plain = PatientEncoder.fit(dataset.frame)
    assert np.array_equal(vectors[:, :20], plain.encode_frame(dataset.frame))


def test_what_is_not_told_is_unknown(dataset: Dataset) -> None:
    encoder = PatientEncoder.fit(dataset.frame, COLUMNS)
    assert encoder.missing()[20:].tolist() == [0, 0, 1, 0, 1]
    mean = encoder.metadata[1].mean  # type: ignore[union-attr]
    same = [{"itch": "TRUE", "diameter_1": mean}, {"itch": True, "diameter_1": f"{mean}"}]
    for told in same:
        (vector,) = encoder.encode([Patient(metadata=told)])
        assert vector[20:] == pytest.approx([0, 1, 0, 0, 0], abs=1e-6)
    with pytest.warns(SkinliteWarning, match="itch 'often' is not one of false, true, unknown"):
        (vector,) = encoder.encode([Patient(metadata={"itch": "often"})])
    assert vector[20:23].tolist() == [0, 0, 1]
    with pytest.raises(InputError, match="diameter_1 'wide' isn't a number"):
        encoder.encode([Patient(metadata={"diameter_1": "wide"})])


def test_a_whole_number_may_be_a_category() -> None:
    column = fit_column("fitspatrick", pd.Series(["1", " 2", "iv", "III"]))
    assert isinstance(column, Category) and column.values == ("1", "2", "iii", "iv", "unknown")
    told = Patient(metadata={"fitspatrick": 2}).metadata["fitspatrick"]
    assert column.encode([told]).argmax() == 1
    with pytest.raises(InputError, match="x has numbers, and '1_000'"):
        fit_column("x", pd.Series(["1", "2", "3", "1_000"]))


def test_documents_without_declared_columns_are_as_before(dataset: Dataset) -> None:
    plain = PatientEncoder.fit(dataset.frame)
    assert plain.kind == "age-sex-localization" and "metadata" not in plain.model_dump()
    assert Patient().model_dump() == {"age": None, "sex": "unknown", "localization": "unknown"}
    written = PatientEncoder.fit(dataset.frame, COLUMNS).model_dump_json()
    assert PatientEncoder.model_validate_json(written).columns[20] == "itch=false"
    with pytest.raises(ValueError, match="the kind is age-sex-localization, with 2 columns"):
        PatientEncoder.model_validate_json(written.replace("-metadata", ""))


def test_other_images_may_lack_a_column(dataset: Dataset, tiny_data: Path) -> None:
    encoder = PatientEncoder.fit(dataset.frame, COLUMNS)
    other = read_like(tiny_data, read_dataset(tiny_data).classes, metadata_columns=COLUMNS)
    with pytest.warns(SkinliteWarning, match="no itch and no diameter_1: unknown for every"):
        vectors = encoder.encode_frame(other.frame)
    assert (vectors[:, 20:] == [0, 0, 1, 0, 1]).all()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("itchy",), "'itchy' isn't in the table. It has .*itch, "),
        (("itch", "itch"), "'itch' is named twice"),
        (("itch", "age"), "'age' is taken anyway"),
        (("kind",), "'kind' is read as something else"),
        (("diagnosis_3",), "'diagnosis_3' is read as something else"),
        (("lesion_id",), "'lesion_id' is read as something else"),
        (("dx_type",), "'dx_type' is read as something else"),
        (("Mel_Thick_mm",), "'Mel_Thick_mm' is read as something else"),
        (("nv",), "'nv' is read as something else"),
        (("site",), "'site' is read as something else"),
        (("none", "itch"), "'none' is no name of a column"),
        (("",), "'' is no name of a column"),
    ],
)
def test_columns_that_cannot_be_metadata(
    other_data: Path, names: tuple[str, ...], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        read_dataset(other_data, label_column="kind", metadata_columns=names)


def test_a_label_map_is_kept_where_no_column_of_labels_was_named(
    tiny_data: Path, tmp_path: Path
) -> None:
    table = tmp_path / "HAM10000_metadata.csv"
    shutil.copytree(tiny_data, tmp_path, dirs_exist_ok=True)
    table.write_text(table.read_text().replace(",nv,", ",naevus,"))
    labels = dict(zip(HAM10000.codes, HAM10000.codes, strict=True)) | {"naevus": "nv"}
    with_map = read_like(tmp_path, HAM10000, None, labels, ("none",))
    assert (with_map.frame["dx"] == "nv").any() and with_map.metadata_columns == ("none",)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["", "UNK", "n/a"], "x: no training image has a value"),
        (["1", "2,5", "3", "wide"], "x has numbers, and 'wide'"),
        ([f"note {row}" for row in range(MOST_VALUES + 1)], "x has 51 different values"),
    ],
)
def test_values_that_nothing_can_be_learned_of(values: list[Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        fit_column("x", pd.Series(values))
