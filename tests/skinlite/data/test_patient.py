"""The patient vector: its columns, its answer to what isn't known, and its refusals."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinlite.data.dataset import read_dataset
from skinlite.data.patient import Patient, PatientEncoder, check_age
from skinlite.errors import InputError

ENCODER = PatientEncoder(age_mean=50, age_std=20)


def told(vector: np.ndarray) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in zip(ENCODER.columns, vector, strict=True)
        if value != 0
    }


def test_a_patient_column_by_column() -> None:
    patient = Patient(age=80, sex="male", localization="lower extremity")
    vectors = ENCODER.encode([patient])
    assert vectors.dtype == np.float32
    assert vectors.shape == (1, 20)
    assert told(vectors[0]) == {"age": 1.5, "sex=male": 1, "localization=lower extremity": 1}


def test_a_missing_age_is_not_age_zero() -> None:
    assert told(ENCODER.missing()) == {
        "age=missing": 1,
        "sex=unknown": 1,
        "localization=unknown": 1,
    }
    newborn = told(ENCODER.encode([Patient(age=0)])[0])
    assert newborn["age"] == -2.5
    assert "age=missing" not in newborn


def test_fields_cover_the_columns_in_order() -> None:
    names = [ENCODER.columns[field] for field in ENCODER.fields]
    assert names[0] == ("age", "age=missing")
    assert all(name.startswith("sex=") for name in names[1])
    assert all(name.startswith("localization=") for name in names[2])
    assert sum(names, ()) == ENCODER.columns


@pytest.mark.parametrize("field", ["sex", "localization"])
def test_an_unheard_of_answer_warns_and_becomes_unknown(field: str) -> None:
    with pytest.warns(UserWarning, match=f"{field} 'elbow' is not one of .*read as 'unknown'"):
        vectors = ENCODER.encode([Patient(**{"age": 50.0, field: "elbow"})])  # type: ignore[arg-type]
    assert told(vectors[0]) == {"sex=unknown": 1, "localization=unknown": 1}


@pytest.mark.parametrize("age", [430, -1, float("nan"), float("inf")])
def test_an_age_that_no_patient_has_is_refused(age: float) -> None:
    with pytest.raises(InputError, match="outside of 0-120 years"):
        ENCODER.encode([Patient(age=age)])


def test_the_age_limits_themselves_are_fine() -> None:
    check_age(0)
    check_age(120)


def test_fit_takes_the_training_ages_and_skips_the_blank() -> None:
    told = {"sex": "male", "localization": "back"}
    encoder = PatientEncoder.fit(pd.DataFrame({"age": [40.0, 60.0, np.nan]}).assign(**told))
    assert (encoder.age_mean, encoder.age_std, encoder.untold) == (50, 10, ())
    same = PatientEncoder.fit(pd.DataFrame({"age": [40.0, 40.0]}).assign(**told))
    assert np.isfinite(same.encode([Patient(age=41)])).all()


def test_what_no_training_row_tells_is_told_and_marked() -> None:
    rows = pd.DataFrame({"age": [np.nan, np.nan], "sex": "unknown", "localization": "back"})
    with pytest.warns(UserWarning, match="No training row has a value of age or sex"):
        encoder = PatientEncoder.fit(rows)
    assert (encoder.age_mean, encoder.age_std, encoder.untold) == (0, 1, ("age", "sex"))
    assert [
        name.split("=")[0]
        for name, quiet in zip(encoder.columns, encoder.untold_columns, strict=True)
        if quiet
    ] == [*["age"] * 2, *["sex"] * 3]
    assert PatientEncoder.model_validate_json(encoder.model_dump_json()) == encoder
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.encode([Patient(localization="ear")])
    for ask in (encoder.encode, encoder.codes):
        with pytest.warns(
            UserWarning, match="without any age: a value of it changes no prediction"
        ):
            ask([Patient(age=50)])


def test_the_table_survives_json() -> None:
    encoder = PatientEncoder(age_mean=51.863, age_std=16.968)
    again = PatientEncoder.model_validate_json(encoder.model_dump_json())
    assert again == encoder
    patients = [Patient(age=33, sex="female", localization="ear"), Patient()]
    np.testing.assert_array_equal(again.encode(patients), encoder.encode(patients))


def test_a_frame_encodes_as_its_patients_without_a_warning(tiny_data: Path) -> None:
    frame = read_dataset(tiny_data).frame.copy()
    frame.loc[0, "age"] = np.nan
    encoder = PatientEncoder.fit(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vectors = encoder.encode_frame(frame)
    assert vectors[0, :2].tolist() == [0, 1]
    one = frame.iloc[1]
    patient = Patient(age=one["age"], sex=one["sex"], localization=one["localization"])
    np.testing.assert_array_equal(vectors[1], encoder.encode([patient])[0])
    known = vectors[vectors[:, 1] == 0, 0]
    assert abs(float(known.mean())) < 1e-5
    assert float(known.std()) == pytest.approx(1, abs=1e-4)


def test_the_real_vocabulary_is_known(ham10000: Path) -> None:
    frame = read_dataset(ham10000).frame
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vectors = PatientEncoder.fit(frame).encode_frame(frame)
    assert vectors[:, 1].sum() == 57
    np.testing.assert_array_equal(vectors[:, 2:].sum(axis=1), 2)
