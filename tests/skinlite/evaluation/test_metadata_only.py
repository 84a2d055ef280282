"""What is reached without an image: what the metadata tell, and nothing else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinlite.data.dataset import read_dataset
from skinlite.data.patient import PatientEncoder
from skinlite.data.splits.split_by_lesion import split_by_lesion
from skinlite.evaluation.metadata_only import metadata_only

ENCODER = PatientEncoder(age_mean=50, age_std=20)


def rows(count: int, seed: int) -> pd.DataFrame:
    """Melanomas of the old and naevi of the young; one clinic sends the melanomas."""
    random = np.random.default_rng(seed)
    sick = random.random(count) < 0.4
    return pd.DataFrame(
        {
            "lesion_id": [f"L{seed}_{number}" for number in range(count)],
            "dx": np.where(sick, "mel", "nv"),
            "age": np.where(sick, 70.0, 30.0) + random.normal(0, 30, count).clip(-29, 29),
            "sex": "female",
            "localization": "back",
            "dataset": np.where(sick, "clinic", "practice"),
        }
    )


def test_a_source_that_gives_the_diagnosis_away_is_seen() -> None:
    train, test = rows(300, 0), rows(200, 1)
    patient, with_source, source = metadata_only(train, test, ENCODER)
    assert patient.inputs == ("age", "sex", "localization")
    assert with_source.inputs == (*patient.inputs, "dataset")
    assert source.inputs == ("dataset",)
    assert 0.6 < patient.balanced_accuracy < 0.95
    low, high = patient.intervals.balanced_accuracy
    assert low < patient.balanced_accuracy < high
    assert source.balanced_accuracy == source.melanoma_auc == 1
    assert metadata_only(train, test, ENCODER)[0] == patient


def test_declared_columns_are_named_and_may_give_the_diagnosis_away() -> None:
    train, test = (
        known.assign(itch=np.where(known["dx"] == "mel", "true", "false"), dataset="")
        for known in (rows(200, 0), rows(100, 1))
    )
    (patient,) = metadata_only(train, test, PatientEncoder.fit(train, ("itch",)))
    assert patient.inputs == ("age", "sex", "localization", "itch")
    assert patient.balanced_accuracy == 1


def test_without_sources_and_without_answers_there_is_chance() -> None:
    train, test = (rows(count, count).assign(age=np.nan, dataset="") for count in (120, 100))
    (patient,) = metadata_only(train, test, ENCODER)
    assert (patient.balanced_accuracy, patient.melanoma_auc) == (0.5, 0.5)


def test_the_real_data(ham10000: Path) -> None:
    """How much of HAM10000 is age, sex, site and clinic; lesions of one side each."""
    frame = read_dataset(ham10000).frame
    sides = split_by_lesion(frame, seed=0).set_index("image_id")["split"]
    train, test = (frame[frame["image_id"].map(sides) == side] for side in ("train", "test"))
    patient, with_source, source = metadata_only(train, test, PatientEncoder.fit(train))
    assert 0.3 < patient.balanced_accuracy < with_source.balanced_accuracy < 0.42
    assert source.melanoma_auc == pytest.approx(0.767, abs=0.02)
