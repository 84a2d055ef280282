"""Every known fault of a patient's numbers: it changes its own field, and tells of nothing else."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from skinlite.data.patient import Patient, PatientEncoder
from skinlite.vocabulary import LOCALIZATIONS, PATIENT, SEXES
from skinlite_export.diagnosis.patient_faults import fields_of, patient_faults
from skinlite_export.runtime.signature import Quantization

ENCODER = PatientEncoder(age_mean=51.5, age_std=17.0)
PATIENTS = [
    Patient(age=age, sex=sex, localization=site)
    for age in (None, 0.0, 37.0, 85.0)
    for sex in SEXES
    for site in LOCALIZATIONS
]


def signature(answers: bool, quantization: Any = None) -> Any:
    patient = SimpleNamespace(quantization=quantization)
    return SimpleNamespace(takes_answers=answers, inputs=[None, patient])


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (signature(answers=True), 16),
        (signature(answers=False), 30),
        (signature(answers=False, quantization=Quantization(scale=0.02, zero_point=-7)), 31),
    ],
)
def test_a_fault_changes_its_own_field(given: Any, count: int) -> None:
    encode = ENCODER.codes if given.takes_answers else ENCODER.encode
    fields = fields_of(ENCODER, given)
    faults = list(patient_faults(ENCODER, given))
    assert len({(fault.field, fault.words) for fault in faults}) == len(faults) == count
    for fault in faults:
        changed = np.stack([fault.encode(patient) for patient in PATIENTS]) != encode(PATIENTS)
        assert changed.any(), fault.words
        if fault.field != PATIENT:
            changed[:, fields[fault.field]] = False
            assert not changed.any(), fault.words


def test_what_a_missing_age_becomes() -> None:
    faults = {fault.words: fault for fault in patient_faults(ENCODER, signature(answers=False))}
    nobody, known = Patient(), Patient(age=68.5)
    marked = faults["a missing age taken as 0 years, but marked as missing"]
    assert marked.encode(nobody)[:2].tolist() == pytest.approx([-51.5 / 17, 1])
    assert marked.encode(known)[:2].tolist() == [1, 0]
    codes = {fault.words: fault for fault in patient_faults(ENCODER, signature(answers=True))}
    assert codes["a missing age taken as the mean"].encode(nobody)[0] == 51.5
    swapped = codes["sex swapped: male and female are exchanged"]
    assert [swapped.encode(Patient(sex=sex))[1] for sex in SEXES] == [1, 0, 2]
