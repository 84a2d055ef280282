"""What ``skinlite data check`` tells of lesions and files; training takes it into account.

Faults (`skinlite.data.check`) are what the table says wrongly. A finding is what nobody can mend
by reading the table: lesions that it doesn't name, one lesion under two ids. Of one file with two
diagnoses at least one is wrong for certain, and that is a fault.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from skinlite.data.check import Fault
from skinlite.data.splits.known_pairs import identical_files, known_pairs


def find_unknown_lesions(frame: pd.DataFrame) -> list[Fault]:
    """Images of which the table names neither lesion nor patient: splits go by patients, too."""
    unnamed = frame["lesion_id"] == ""
    if "patient_id" in frame:
        unnamed &= frame["patient_id"] == ""
    unknown = frame[unnamed]
    rows = tuple(
        f"line {line + 2} ({image or 'no id'})"
        for line, image in zip(unknown.index, unknown["image_id"], strict=True)
    )
    remedy = "fill the column lesion_id; until then leaks are unknown, and every figure says so"
    return [Fault("lesion unknown", remedy, rows)] if rows else []


def find_known_pairs(frame: pd.DataFrame) -> list[Fault]:
    """Images known to show one lesion though they have two lesion ids, or two diagnoses."""
    stated = _told(frame)
    two_diagnoses, two_ids = [], []
    for a, b in known_pairs().images:
        if a not in stated or b not in stated:
            continue
        (lesion, dx), (other, other_dx) = stated[a], stated[b]
        if lesion != other:
            two_ids.append(f"{a} ({lesion or 'no id'}) and {b} ({other or 'no id'})")
        if dx != other_dx:
            two_diagnoses.append(f"{a} ({dx}) and {b} ({other_dx})")
    candidates = [
        Fault(
            "one lesion, two diagnoses",
            "known from looking at the images; at least one diagnosis is wrong, or it changed. "
            "Leave out one of them, or both",
            tuple(two_diagnoses),
        ),
        Fault(
            "one lesion, two lesion ids",
            "known from looking at the images; training keeps them on one side",
            tuple(two_ids),
        ),
    ]
    return [finding for finding in candidates if finding.rows]


def find_identical_files(
    frame: pd.DataFrame, images: dict[str, Path]
) -> tuple[list[Fault], list[Fault]]:
    """Images that are byte for byte the same.

    Returns:
        As faults those with several diagnoses, as findings the others.
    """
    stated = _told(frame)
    groups = identical_files({name: images[name] for name in stated if name in images})
    wrong: list[list[str]] = []
    others: list[list[str]] = []
    for group in groups:
        (wrong if len({stated[name][1] for name in group}) > 1 else others).append(group)
    fault = Fault(
        "one file, several diagnoses",
        "at least one is wrong: leave out the wrong rows. Training keeps them on one side",
        tuple(_listed(group, {name: stated[name][1] for name in group}) for group in wrong),
    )
    finding = Fault(
        "one file, several images",
        "equal byte for byte; training keeps them on one side. Keep only one",
        tuple(_listed(group, {name: stated[name][0] for name in group}) for group in others),
    )
    return ([fault] if wrong else []), ([finding] if others else [])


def _told(frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Lesion id and diagnosis by image id."""
    columns = (frame.get(name, pd.Series("", index=frame.index)) for name in ("lesion_id", "dx"))
    return dict(zip(frame["image_id"], zip(*columns, strict=True), strict=True))


def _listed(names: Iterable[str], values: dict[str, str]) -> str:
    return ", ".join(f"{name} ({values[name] or 'no id'})" for name in names)
