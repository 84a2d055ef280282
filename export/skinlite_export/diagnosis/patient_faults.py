"""The ways in which apps get the patient's numbers wrong, each as the numbers that it gives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinlite.data.patient import Patient, PatientEncoder
from skinlite.vocabulary import AGE, IMAGE, PATIENT, SEX, SITE
from skinlite_export.runtime.signature import Signature

Vector = NDArray[np.float32]

UNSET = "the patient is all zeros (never set?)"


class PatientFault(NamedTuple):
    """A way to encode.

    Attributes:
        field: age, sex, site, or patient where it concerns them all.
        words: what is wrong.
        encode: a patient to the real numbers of all of the patient's tensors.
    """

    field: str
    words: str
    encode: Callable[[Patient], Vector]


def real_numbers(given: Mapping[str, ArrayLike], signature: Signature) -> Vector:
    """The patient's tensors as they are stored, as one real vector (patient_width,)."""
    parts = [
        tensor.unpack(np.asarray(given[tensor.name], np.float32))
        for tensor in signature.inputs
        if tensor.name != IMAGE
    ]
    return np.concatenate(parts)


def fields_of(encoder: PatientEncoder, signature: Signature) -> dict[str, slice]:
    """Where each answer is in the real vector."""
    if signature.takes_answers:
        return {AGE: slice(0, 1), SEX: slice(1, 2), SITE: slice(2, 3)}
    return dict(zip((AGE, SEX, SITE), encoder.fields, strict=True))


def patient_faults(encoder: PatientEncoder, signature: Signature) -> Iterator[PatientFault]:
    """Every known fault of a file's patient."""
    raw = signature.takes_answers
    fields = fields_of(encoder, signature)

    def right(patient: Patient) -> Vector:
        return (encoder.codes if raw else encoder.encode)([patient])[0]

    def fault(field: str, words: str, change: Callable[[Patient], ArrayLike]) -> PatientFault:
        def encode(patient: Patient) -> Vector:
            vector = right(patient).copy()
            vector[fields.get(field, slice(None))] = change(patient)
            return vector

        return PatientFault(field, words, encode)

    mean, std = encoder.age_mean, encoder.age_std
    told: dict[str, Callable[[float], float]] = {
        "age in years / 100": lambda age: age / 100,
        "age in years / 120": lambda age: age / 120,
        "age less the mean, not divided by age_std": lambda age: age - mean,
        "age divided by age_std, the mean not subtracted": lambda age: age / std,
        "age's sign turned": lambda age: (mean - age) / std,
        "age normalised, though the file does it": lambda age: (age - mean) / std,
        "age not normalised: plain years": lambda age: age,
    }
    for words, number in told.items():

        def aged(patient: Patient, number: Callable[[float], float] = number) -> Vector:
            vector = right(patient)[fields[AGE]].copy()
            if patient.age is not None:
                vector[0] = number(patient.age)
            return vector

        if raw == ("though the file" in words):
            yield fault(AGE, words, aged)
    blanks: dict[str, tuple[float, ...]] = {
        "a missing age taken as 0 years": (0,) if raw else (-mean / std, 0),
        "a missing age taken as 0 years, but marked": (-mean / std, 1),
        "a missing age taken as -1 years": (-1,) if raw else ((-1 - mean) / std, 0),
        "a missing age not marked in age=missing": (0, 0),
        "a missing age taken as the mean": (mean,) if raw else (0, 0),
    }
    for words, blank in blanks.items():
        if len(blank) == (1 if raw else 2):

            def missing(patient: Patient, blank: tuple[float, ...] = blank) -> ArrayLike:
                return right(patient)[fields[AGE]] if patient.age is not None else blank

            yield fault(AGE, words, missing)
    for field, known in ((SEX, encoder.sexes), (SITE, encoder.localizations)):
        for words, position in _orders(field, len(known)).items():

            def moved(
                patient: Patient,
                field: str = field,
                known: tuple[str, ...] = known,
                position: NDArray[np.intp] = position,
            ) -> ArrayLike:
                chosen = patient.sex if field == SEX else patient.localization
                index = position[known.index(chosen)]
                return [index] if raw else np.eye(len(known))[index]

            yield fault(field, words, moved)
        if not raw:
            yield fault(field, f"{field} not set: all of its columns are 0", lambda _: 0)
            unknown = known.index("unknown")

            def unset(patient: Patient, field: str = field, unknown: int = unknown) -> ArrayLike:
                vector = right(patient)[fields[field]].copy()
                vector[unknown] = 0
                return vector

            yield fault(field, f"unknown {field} left at 0 instead of its own column", unset)
    for order in list(permutations(fields))[1:]:

        def blocks(patient: Patient, order: tuple[str, ...] = order) -> Vector:
            vector = right(patient)
            return np.concatenate([vector[fields[name]] for name in order])

        yield fault(PATIENT, exchanged(order) if raw else column_order(order), blocks)
    if not raw:
        yield fault(
            AGE, "age and age=missing exchanged", lambda patient: right(patient)[fields[AGE]][::-1]
        )
        yield fault(PATIENT, UNSET, lambda _: 0)
        quantization = signature.inputs[1].quantization
        if quantization:
            yield fault(
                PATIENT,
                "not quantized: stored = real / scale + zero_point",
                lambda patient: (
                    (np.rint(right(patient)) - quantization.zero_point) * quantization.scale
                ),
            )


def column_order(order: Sequence[str]) -> str:
    """Of a vector whose columns come in another order."""
    return f"wrong column order: {', '.join(order)} instead of age, sex, site"


def exchanged(order: Sequence[str]) -> str:
    """Of the inputs age, sex and site, which hold each other's answers."""
    held = ", ".join(
        f"{name} holds {other}"
        for name, other in zip((AGE, SEX, SITE), order, strict=True)
        if name != other
    )
    return f"inputs exchanged: {held} (set inputs by name, or in the file's own order)"


def _orders(field: str, count: int) -> dict[str, NDArray[np.intp]]:
    """Where each category goes when they are in another order."""
    places = np.arange(count)
    orders = {
        f"{field} order: shifted by one (counted from 1?)": (places + 1) % count,
        f"{field} order: shifted by one back": (places - 1) % count,
        f"{field} order: reversed": places[::-1],
    }
    if field == SEX:
        swapped = np.array([1, 0, *range(2, count)])
        return {"sex swapped: male and female are exchanged": swapped, **orders}
    first = np.array([*range(1, count - 1), 0, count - 1])  # unknown is the last but one
    return {f"{field} order: unknown comes first": first, **orders}
