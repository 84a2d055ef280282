"""The patient encoder: age, sex, anatomical site and declared columns to the network's vector.

Encoding happens outside of the graph by this one class; its table ships in the bundle
(``patient_encoding.json``), so that a phone repeats it without guessing.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, computed_field, model_validator
from pydantic import Field as Described

from skinlite.data.layouts.metadata_columns import Column, Value, fit_column, told_of
from skinlite.errors import InputError, SkinliteWarning
from skinlite.vocabulary import AGE_RANGE, LOCALIZATIONS, SEXES, UNKNOWN

Field = Literal["age", "sex", "localization"]


class Patient(BaseModel):
    """One patient's answers; ``None`` age means not told.

    Attributes:
        metadata: values of declared columns, as far as told.
    """

    model_config = ConfigDict(frozen=True)

    age: float | None = None
    sex: str = UNKNOWN
    localization: str = UNKNOWN
    metadata: dict[str, Value] = Described({}, exclude_if=lambda told: not told)


class PatientEncoder(BaseModel):
    """Encode patients as float32 vectors.

    Columns, in order: the age in standard deviations from the training mean (0 where missing),
    an indicator that the age is missing, the sex one-hot, the localization one-hot; ``unknown`` is
    a category of its own in both. Declared columns follow, numbers like the age and categories
    like the sex.

    Attributes:
        kind: ``none`` of a network that takes no patient (`NO_PATIENT`): no columns;
            ``age-sex-localization-metadata`` where `metadata` has any.
        untold: fields that no training row told: a network learns nothing of them, and training
            sees to it that they change nothing. Without any age, mean and standard deviation are
            0 and 1, which stand for no patients.
        metadata: the declared columns.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["age-sex-localization", "age-sex-localization-metadata", "none"] = (
        "age-sex-localization"
    )
    age_mean: float
    age_std: float
    sexes: tuple[str, ...] = SEXES
    localizations: tuple[str, ...] = LOCALIZATIONS
    untold: tuple[Field, ...] = ()
    metadata: tuple[Column, ...] = Described((), exclude_if=lambda declared: not declared)

    @model_validator(mode="after")
    def _names_its_kind(self) -> "PatientEncoder":
        if bool(self.metadata) != (self.kind == "age-sex-localization-metadata"):
            raise ValueError(f"the kind is {self.kind}, with {len(self.metadata)} columns besides")
        return self

    @classmethod
    def fit(cls, frame: pd.DataFrame, metadata: Sequence[str] = ()) -> "PatientEncoder":
        """Take mean and standard deviation (years) of the ages of the training rows.

        Args:
            frame: of the training.
            metadata: names of declared columns.

        Raises:
            InputError: a declared column that no row tells, or that is neither numbers nor a
                category.

        Warns:
            SkinliteWarning: age, sex or localization that no row tells.
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
        declared = tuple(fit_column(name, frame[name]) for name in metadata)
        mean, std = (0.0, 1.0) if ages.empty else (float(ages.mean()), float(ages.std(ddof=0)))
        return cls(
            kind="age-sex-localization-metadata" if declared else "age-sex-localization",
            age_mean=mean,
            age_std=std or 1.0,
            untold=untold,
            metadata=declared,
        )

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
            *(name for column in self.metadata for name in column.columns),
        )

    @property
    def asks(self) -> bool:
        """Whether the network takes a patient at all."""
        return self.kind != "none"

    @property
    def fields(self) -> tuple[slice, ...]:
        """The columns of age, of sex, of localization, and of each of `metadata`."""
        widths = (2, len(self.sexes), len(self.localizations))
        ends = np.cumsum([*widths, *(len(column.columns) for column in self.metadata)]).tolist()
        return tuple(slice(*ends_) for ends_ in zip([0, *ends], ends, strict=False))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the declared columns."""
        return tuple(column.name for column in self.metadata)

    @property
    def untold_columns(self) -> NDArray[np.bool_]:
        """Which columns are of `untold` fields; shape (len(columns),)."""
        columns = np.zeros(len(self.columns), bool)
        for field, place in zip(get_args(Field), self.fields[:3], strict=True):
            columns[place] = field in self.untold
        return columns

    def encode(self, patients: Sequence[Patient]) -> NDArray[np.float32]:
        """Encode patients; float32 of shape (len(patients), len(columns)).

        A sex or localization outside of the vocabulary becomes ``unknown``, with a warning; so is
        an answer of a field that is `untold` warned of, and a category that no training row has.

        Raises:
            InputError: an age outside of 0-120 years, or a value that should be a number.
        """
        for patient in patients:
            if patient.age is not None:
                check_age(patient.age)  # refuses a NaN, too
        ages = [math.nan if patient.age is None else patient.age for patient in patients]
        sexes = [patient.sex for patient in patients]
        sites = [patient.localization for patient in patients]
        told = {name: [one.metadata.get(name, "") for one in patients] for name in self.names}
        return self._encode(np.array(ages), sexes, sites, told)

    def _encode(
        self,
        ages: NDArray[np.float64],
        sexes: Sequence[str],
        sites: Sequence[str],
        told: Mapping[str, Sequence[Value]],
    ) -> NDArray[np.float32]:
        """N ages in years, NaN where not told, N sexes and sites, N values of each column."""
        missing = np.isnan(ages)
        self._warn_of_untold(
            age=not missing.all(),
            sex=bool({*sexes} - {UNKNOWN}),
            localization=bool({*sites} - {UNKNOWN}),
        )
        vectors = np.zeros((len(ages), len(self.columns)), np.float32)
        if not self.asks:
            return vectors
        for age in np.unique(ages[~missing]):
            check_age(float(age))
        vectors[:, 0] = np.where(missing, 0, (ages - self.age_mean) / self.age_std)
        vectors[:, 1] = missing
        rows = np.arange(len(ages))
        _, sex_columns, site_columns, *others = self.fields
        for columns, values, known, field in (
            (sex_columns, sexes, self.sexes, "sex"),
            (site_columns, sites, self.localizations, "localization"),
        ):
            places = {value: _index(value, known, field) for value in dict.fromkeys(values)}
            vectors[rows, [columns.start + places[value] for value in values]] = 1
        for column, place in zip(self.metadata, others, strict=True):
            vectors[:, place] = column.encode(told[column.name])
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
        """Encode the columns age, sex, localization and declared ones of a data set's rows.

        A declared column that the frame lacks is unknown in every row, with a warning.
        """
        absent = [name for name in self.names if name not in frame]
        if absent and len(frame):
            warnings.warn(
                f"The images' table has no {' and no '.join(absent)}: unknown for every image.",
                SkinliteWarning,
                stacklevel=3,
            )
        ages = frame["age"].to_numpy(np.float64)
        told = {name: list(frame.get(name, [""] * len(frame))) for name in self.names}
        return self._encode(ages, list(frame["sex"]), list(frame["localization"]), told)

    def missing(self) -> NDArray[np.float32]:
        """The vector of a patient who told nothing."""
        return self.encode([Patient()])[0]


NO_PATIENT = PatientEncoder(kind="none", age_mean=0.0, age_std=1.0, sexes=(), localizations=())
"""Of a network that takes the image alone: every patient is a vector of no numbers."""


def patients_of(frame: pd.DataFrame, encoder: PatientEncoder) -> list[Patient]:
    """What a data set's rows tell of the patients, as far as an encoder takes it."""
    return [
        Patient(
            age=None if math.isnan(row["age"]) else row["age"],
            sex=row["sex"],
            localization=row["localization"],
            metadata=told_of(row, encoder.metadata),
        )
        for row in frame[
            ["age", "sex", "localization", *(name for name in encoder.names if name in frame)]
        ].to_dict("records")
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
