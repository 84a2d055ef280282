"""The patient encoder: age, sex and anatomical site to the vector that the network takes.

Encoding happens outside of the graph by this one class; its table ships in the bundle
(``patient_encoding.json``), so that a phone repeats it without guessing.
"""

import math
import warnings
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, computed_field

from skinlite.errors import InputError, SkinliteWarning
from skinlite.vocabulary import AGE_RANGE, LOCALIZATIONS, SEXES, UNKNOWN

Field = Literal["age", "sex", "localization"]


class Patient(BaseModel):
    """One patient's answers; ``None`` age means not told."""

    model_config = ConfigDict(frozen=True)

    age: float | None = None
    sex: str = UNKNOWN
    localization: str = UNKNOWN


class PatientEncoder(BaseModel):
    """Encode patients as float32 vectors.

    Columns, in order: the age in standard deviations from the training mean (0 where missing),
    an indicator that the age is missing, the sex one-hot, the localization one-hot; ``unknown`` is
    a category of its own in both.

    Attributes:
        kind: ``none`` of a network that takes no patient (`NO_PATIENT`): no columns.
        untold: fields that no training row told: a network learns nothing of them, and training
            sees to it that they change nothing. Without any age, mean and standard deviation are
            0 and 1, which stand for no patients.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["age-sex-localization", "none"] = "age-sex-localization"
    age_mean: float
    age_std: float
    sexes: tuple[str, ...] = SEXES
    localizations: tuple[str, ...] = LOCALIZATIONS
    untold: tuple[Field, ...] = ()

    @classmethod
    def fit(cls, frame: pd.DataFrame) -> "PatientEncoder":
        """Take mean and standard deviation (years) of the ages of the training rows.

        Fields that no row tells are warned of.
        """
        ages = frame["age"].dropna()
        known = {
            "age": not ages.empty,
            "sex": (frame["sex"] != UNKNOWN).any(),
            "localization": (frame["localization"] != UNKNOWN).any(),
        }
        untold = tuple(field for field in get_args(Field) if not known[field])
        if untold:
            warnings.warn(
                f"No training row has a value of {' or '.join(untold)}: the network can't learn "
                "from it, and predictions won't depend on it.",
                SkinliteWarning,
                stacklevel=2,
            )
        if ages.empty:
            return cls(age_mean=0.0, age_std=1.0, untold=untold)
        mean, std = float(ages.mean()), float(ages.std(ddof=0))
        return cls(age_mean=mean, age_std=std or 1.0, untold=untold)

    @computed_field  # type: ignore[prop-decorator]  # mypy's rule, pydantic's documented way
    @property
    def columns(self) -> tuple[str, ...]:
        """The name of each element of the vector."""
        if not self.asks:
            return ()
        return (
            "age",
            "age=missing",
            *(f"sex={sex}" for sex in self.sexes),
            *(f"localization={site}" for site in self.localizations),
        )

    @property
    def asks(self) -> bool:
        """Whether the network takes a patient at all."""
        return self.kind != "none"

    @property
    def fields(self) -> tuple[slice, slice, slice]:
        """The columns of age, of sex and of localization."""
        sites = 2 + len(self.sexes)
        return slice(0, 2), slice(2, sites), slice(sites, sites + len(self.localizations))

    @property
    def untold_columns(self) -> NDArray[np.bool_]:
        """Which columns are of `untold` fields; shape (len(columns),)."""
        columns = np.zeros(len(self.columns), bool)
        for field, place in zip(get_args(Field), self.fields, strict=True):
            columns[place] = field in self.untold
        return columns

    def encode(self, patients: Sequence[Patient]) -> NDArray[np.float32]:
        """Encode patients; float32 of shape (len(patients), len(columns)).

        A sex or localization outside of the vocabulary becomes ``unknown``, with a warning; so is
        an answer of a field that is `untold` warned of.

        Raises:
            InputError: an age outside of 0-120 years.
        """
        for patient in patients:
            if patient.age is not None:
                check_age(patient.age)  # refuses a NaN, too
        ages = [math.nan if patient.age is None else patient.age for patient in patients]
        sexes = [patient.sex for patient in patients]
        return self._encode(np.array(ages), sexes, [patient.localization for patient in patients])

    def _encode(
        self, ages: NDArray[np.float64], sexes: Sequence[str], sites: Sequence[str]
    ) -> NDArray[np.float32]:
        """N ages in years, NaN where not told, N sexes and sites."""
        missing = np.isnan(ages)
        self._warn_of_untold(
            age=not missing.all(), sex={*sexes} != {UNKNOWN}, localization={*sites} != {UNKNOWN}
        )
        vectors = np.zeros((len(ages), len(self.columns)), np.float32)
        if not self.asks:
            return vectors
        for age in np.unique(ages[~missing]):
            check_age(float(age))
        vectors[:, 0] = np.where(missing, 0, (ages - self.age_mean) / self.age_std)
        vectors[:, 1] = missing
        rows = np.arange(len(ages))
        _, sex_columns, site_columns = self.fields
        for columns, values, known, field in (
            (sex_columns, sexes, self.sexes, "sex"),
            (site_columns, sites, self.localizations, "localization"),
        ):
            places = {value: _index(value, known, field) for value in dict.fromkeys(values)}
            vectors[rows, [columns.start + places[value] for value in values]] = 1
        return vectors

    def codes(self, patients: Sequence[Patient]) -> NDArray[np.float32]:
        """Patients as a file takes them that encodes inside; float32 of shape (N, 3).

        Columns: age in years, negative where it isn't told; positions in ``sexes`` and in
        ``localizations``. The same warning and error as of `encode`.
        """
        self._warn_of_untold(
            age=any(patient.age is not None for patient in patients),
            sex=any(patient.sex != UNKNOWN for patient in patients),
            localization=any(patient.localization != UNKNOWN for patient in patients),
        )
        if not self.asks:
            return np.zeros((len(patients), 0), np.float32)
        for patient in patients:
            if patient.age is not None:
                check_age(patient.age)
        rows = [
            (
                -1.0 if patient.age is None else patient.age,
                _index(patient.sex, self.sexes, "sex"),
                _index(patient.localization, self.localizations, "localization"),
            )
            for patient in patients
        ]
        return np.array(rows, np.float32).reshape(-1, 3)

    def _warn_of_untold(self, **told: bool) -> None:
        answered = [field for field in self.untold if told[field]]
        if answered:
            warnings.warn(
                f"The network was trained without any {' or '.join(answered)}: a value of it "
                "changes no prediction.",
                SkinliteWarning,
                stacklevel=4,
            )

    def encode_frame(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Encode the columns age, sex and localization of a data set's rows."""
        ages = frame["age"].to_numpy(np.float64)
        return self._encode(ages, list(frame["sex"]), list(frame["localization"]))

    def missing(self) -> NDArray[np.float32]:
        """The vector of a patient who told nothing."""
        return self.encode([Patient()])[0]


NO_PATIENT = PatientEncoder(kind="none", age_mean=0.0, age_std=1.0, sexes=(), localizations=())
"""Of a network that takes the image alone: every patient is a vector of no numbers."""


def patients_of(frame: pd.DataFrame) -> list[Patient]:
    """The columns age, sex and localization of a data set's rows."""
    return [
        Patient(age=None if math.isnan(age) else age, sex=sex, localization=site)
        for age, sex, site in zip(frame["age"], frame["sex"], frame["localization"], strict=True)
    ]


def check_age(age: float) -> None:
    """Refuse an age that no patient has."""
    low, high = AGE_RANGE
    if not low <= age <= high:
        raise InputError(
            f"Age {age:g} is outside of {low:g}-{high:g} years. Leave it out if it is unknown."
        )


def _index(value: str, known: tuple[str, ...], field: str) -> int:
    """Position of ``value``, or of ``unknown`` with a warning."""
    if value not in known:
        warnings.warn(
            f"{field} {value!r} is not one of {', '.join(known)}: read as {UNKNOWN!r}.",
            SkinliteWarning,
            stacklevel=4,
        )
        value = UNKNOWN
    return known.index(value)
