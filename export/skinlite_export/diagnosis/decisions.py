"""Which fault the decisions of a phone have, beside what its own numbers have to make."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import Pixels
from skinlite.evaluation.calibration import temper
from skinlite_export.decision.decide import Decider
from skinlite_export.diagnosis.findings import UNKNOWN_CAUSE, Finding, Handed
from skinlite_export.diagnosis.phone_outputs import ComputedDecision
from skinlite_export.manifest.decision import Decided

NEAR = 1e-3
"""Of a distance, relatively: float32 instead of double precision."""


def decisions(handed: Handed) -> Finding:
    """Each part of a decision that was handed in, against the bundle's thresholds.

    They are applied to the phone's own image and probabilities where it gave them, and to the
    bundle's: a fault of an earlier stage isn't told twice.
    """
    rows = handed.rows("decision")
    if not rows or handed.decide is None:
        return Finding(stage="decision", checked=0)
    wrong = {row: parts for row in rows if (parts := _parts(handed, row, handed.decide))}
    if not wrong:
        return Finding(stage="decision", checked=len(rows))
    names = dict.fromkeys(name for parts in wrong.values() for name in parts)
    said = "; ".join(f"{name}: {_cause(handed, name, rows)}" for name in names)
    return handed.finding("decision", rows, list(wrong), said)


def _parts(handed: Handed, row: int, decide: Decider) -> list[str]:
    """Names of the parts that are wrong, by the phone's own numbers or by the bundle's."""
    given = _given(handed, row)
    own = _wrong(given, decide(_probabilities(handed, row), _pixels(handed, row)))
    known = np.asarray(handed.expected[row], np.float32)
    return own and min(own, _wrong(given, decide(known, handed.pixels[row])), key=len)


def _given(handed: Handed, row: int) -> ComputedDecision:
    return handed.given[row].decision or ComputedDecision()


def _probabilities(handed: Handed, row: int) -> NDArray[np.float32]:
    # As the file stores them: a decimal of a float32 isn't its double.
    given = handed.given[row].probabilities
    return np.asarray(handed.expected[row] if given is None else given, np.float32)


def _pixels(handed: Handed, row: int) -> Pixels:
    tensor = handed.signature.image
    stored = handed.given[row].image
    if stored is None:
        return handed.pixels[row]
    real = tensor.unpack(np.asarray(stored)).reshape(tensor.shape[1:])
    return np.clip(np.rint(real), 0, 255).astype(np.uint8)


def _wrong(given: ComputedDecision, made: Decided) -> list[str]:
    """Names of the parts that differ; what wasn't handed in is no fault."""
    off = given.distance is not None and abs(given.distance - made.distance) > NEAR * made.distance
    differs = {
        "distance": off,
        "familiar": given.familiar not in (None, made.familiar),
        "classes": given.classes is not None and set(given.classes) != set(made.classes),
        "points": given.points not in (None, made.points),
    }
    return [part for part, is_wrong in differs.items() if is_wrong]


def _cause(handed: Handed, part: str, rows: list[int]) -> str:
    """Of a part that is wrong: the fault of apps that makes all that was handed in."""
    for words, make in _faults(handed).items():
        if all(part not in _wrong(_given(handed, row), make(row)) for row in rows):
            return words
    return UNKNOWN_CAUSE


def _faults(handed: Handed) -> dict[str, Callable[[int], Decided]]:
    """By the fault in words, what it makes of a row."""
    decide = handed.decide
    assert decide is not None
    codes = decide.classes.codes

    def right(row: int) -> Decided:
        return decide(_probabilities(handed, row), _pixels(handed, row))

    def largest(row: int) -> Decided:
        best = codes[int(_probabilities(handed, row).argmax())]
        points = {name: best in decide.decision.points[name].classes for name in right(row).points}
        return right(row).model_copy(update={"classes": (best,), "points": points})

    def half(row: int) -> Decided:
        row_of = dict(zip(codes, _probabilities(handed, row).tolist(), strict=True))
        points = {
            name: sum(row_of[code] for code in decide.decision.points[name].classes) >= 0.5
            for name in right(row).points
        }
        return right(row).model_copy(update={"points": points})

    def tempered(row: int) -> Decided:
        shown = temper(_probabilities(handed, row)[None], handed.temperature or 1)[0]
        return decide(shown, _pixels(handed, row))

    def turned(row: int) -> Decided:
        return right(row).model_copy(update={"familiar": not right(row).familiar})

    faults: dict[str, Callable[[int], Decided]] = {
        "the most probable class was taken, the thresholds weren't": largest,
        "0.5 was taken, not the thresholds": half,
        "familiar and unfamiliar were exchanged: a larger distance is less familiar": turned,
    }
    if handed.temperature:
        faults["the temperature was applied before; thresholds are for the file's own"] = tempered
    return faults
