"""The ways in which apps get the patient's numbers wrong, each as the numbers that it gives."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinlite.data.patient import Patient, PatientEncoder
from skinlite.vocabulary import AGE, IMAGE, PATIENT, SEX, SITE, UNKNOWN
from skinlite_export.runtime.signature import Signature

Vector = NDArray[np.float32]

UNSET = "the metadata is all zeros (never set?)"


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
    return np.concatenate([*parts, np.empty(0, np.float32)])  # there may be no patient


def fields_of(encoder: PatientEncoder, signature: Signature) -> dict[str, slice]:
    """Where each answer is in the real vector."""
    if signature.takes_answers:
        return {AGE: slice(0, 1), SEX: slice(1, 2), SITE: slice(2, 3)}
    return dict(zip((AGE, SEX, SITE, *encoder.names), encoder.fields, strict=True))


def patient_faults(encoder: PatientEncoder, signature: Signature) -> Iterator[PatientFault]:
    """Every known fault of a file's patient; none where the network takes no patient."""
    if not encoder.asks:
        return
    fields = fields_of(encoder, signature)
    encode = encoder.codes if signature.takes_answers else encoder.encode

    def fault(mistake: _Mistake) -> PatientFault:
        part = fields.get(mistake.field, slice(None))

        def wrong(patient: Patient) -> Vector:
            vector = encode([patient])[0].copy()
            vector[part] = mistake.change(patient, vector[part].copy())
            return vector

        return PatientFault(mistake.field, mistake.words, wrong)

    mistakes = _with_codes if signature.takes_answers else _with_columns
    yield from map(fault, mistakes(encoder, fields))
    quantization = None if signature.takes_answers else signature.inputs[1].quantization
    if quantization:
        scale, zero = quantization.scale, quantization.zero_point
        yield fault(
            _Mistake(
                PATIENT,
                "not quantized: stored = real / scale + zero_point",
                lambda _, right: (np.rint(right) - zero) * scale,
            )
        )


Change = Callable[[Patient, Vector], ArrayLike]
"""A patient and a field's right numbers, to those that the app gives."""


class _Mistake(NamedTuple):
    """What an app does to a field.

    Attributes:
        field: as of `PatientFault`.
        words: likewise.
        change: see `Change`.
    """

    field: str
    words: str
    change: Change


def _with_codes(encoder: PatientEncoder, fields: Mapping[str, slice]) -> Iterator[_Mistake]:
    """Of a file that takes answers: age in years, sex and site as positions in their lists."""
    mean, std = encoder.age_mean, encoder.age_std
    yield _age("age normalised, but the file does this itself", lambda age: (age - mean) / std)
    yield _no_age("a missing age taken as 0 years", 0)
    yield _no_age("a missing age taken as the mean", mean)
    for field, known in _categories(encoder):
        for words, position in _orders(field, len(known)).items():
            yield _Mistake(field, words, _code_moved(position))
    for order in _other_orders(fields):
        yield _Mistake(PATIENT, exchanged(order), _blocks(fields, order))


def _with_columns(encoder: PatientEncoder, fields: Mapping[str, slice]) -> Iterator[_Mistake]:
    """Of a file that takes the encoded vector."""
    mean, std = encoder.age_mean, encoder.age_std
    yield _age("age in years / 100", lambda age: age / 100)
    yield _age("age in years / 120", lambda age: age / 120)
    yield _age("mean subtracted from age, but not divided by age_std", lambda age: age - mean)
    yield _age("age divided by age_std, but the mean not subtracted", lambda age: age / std)
    yield _age("age has the wrong sign", lambda age: (mean - age) / std)
    yield _age("age not normalised: plain years", lambda age: age)
    yield _no_age("a missing age taken as 0 years", -mean / std, 0)
    yield _no_age("a missing age taken as 0 years, but marked as missing", -mean / std, 1)
    yield _no_age("a missing age taken as -1 years", (-1 - mean) / std, 0)
    yield _no_age("a missing age not marked in age=missing", 0, 0)
    yield _no_age("a missing age taken as the mean", 0, 0)
    for field, known in _categories(encoder):
        for words, position in _orders(field, len(known)).items():
            yield _Mistake(field, words, _columns_moved(position))
        yield _Mistake(field, f"{field} not set: all of its columns are 0", lambda *_: 0)
        words = f"unknown {field} left at 0 instead of its own column"
        yield _Mistake(field, words, _without(known.index(UNKNOWN)))
    others = list(fields)[3:]  # declared columns, which stay behind
    for order in _other_orders(list(fields)[:3]):
        yield _Mistake(PATIENT, column_order(order), _blocks(fields, (*order, *others)))
    yield _Mistake(AGE, "age and age=missing exchanged", lambda _, right: right[::-1])
    yield _Mistake(PATIENT, UNSET, lambda *_: 0)


def _age(words: str, number: Callable[[float], float]) -> _Mistake:
    """An age that is known comes as another number."""

    def change(patient: Patient, right: Vector) -> Vector:
        if patient.age is not None:
            right[0] = number(patient.age)
        return right

    return _Mistake(AGE, words, change)


def _no_age(words: str, *numbers: float) -> _Mistake:
    """An age that isn't known comes as these numbers."""
    return _Mistake(AGE, words, lambda patient, right: numbers if patient.age is None else right)


def _code_moved(position: NDArray[np.intp]) -> Change:
    return lambda _, right: position[right.astype(int)]


def _columns_moved(position: NDArray[np.intp]) -> Change:
    def change(_: Patient, right: Vector) -> Vector:
        moved = np.zeros_like(right)
        moved[position] = right
        return moved

    return change


def _without(column: int) -> Change:
    def change(_: Patient, right: Vector) -> Vector:
        right[column] = 0
        return right

    return change


def _blocks(fields: Mapping[str, slice], order: Sequence[str]) -> Change:
    return lambda _, right: np.concatenate([right[fields[name]] for name in order])


def _categories(encoder: PatientEncoder) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (SEX, encoder.sexes), (SITE, encoder.localizations)


def _other_orders(fields: Iterable[str]) -> list[tuple[str, ...]]:
    return list(permutations(fields))[1:]


def column_order(order: Sequence[str]) -> str:
    """Of a vector whose columns come in another order."""
    return f"wrong column order: {', '.join(order)} instead of age, sex, site"


def exchanged(order: Sequence[str]) -> str:
    """Of the inputs age, sex and site, which hold each other's answers."""
    held = ", ".join(
        f"{name} contains {other}"
        for name, other in zip((AGE, SEX, SITE), order, strict=True)
        if name != other
    )
    return f"inputs exchanged: {held} (set inputs by name, or in the file's own order)"


def _orders(field: str, count: int) -> dict[str, NDArray[np.intp]]:
    """Where each category goes when they are in another order."""
    places = np.arange(count)
    orders = {
        f"{field} order: shifted by one (counted from 1?)": (places + 1) % count,
        f"{field} order: shifted back by one": (places - 1) % count,
        f"{field} order: reversed": places[::-1],
    }
    if field == SEX:
        swapped = np.array([1, 0, *range(2, count)])
        return {"sex swapped: male and female are exchanged": swapped, **orders}
    first = np.array([*range(1, count - 1), 0, count - 1])  # unknown is the last but one
    return {f"{field} order: unknown comes first": first, **orders}
