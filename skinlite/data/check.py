"""Find every fault of a data set and where it is; ``skinlite data check`` prints them grouped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from skinlite.data.geometry import load_picture
from skinlite.data.layout import COLUMNS
from skinlite.errors import InputError
from skinlite.threads import in_threads
from skinlite.vocabulary import AGE_RANGE, CLASSES, LOCALIZATIONS, SEXES, UNKNOWN


@dataclass(frozen=True)
class Fault:
    """One kind of fault and every row that has it.

    ``rows`` name the place: "line 12 (ISIC_0027419): 'melanom'"; the lines are the table's, the
    header being line 1.
    """

    kind: str
    remedy: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """What a table holds, in counts; columns that it lacks count as nothing.

    ``lesions`` are those that the table names; ``lesions_unknown`` images whose lesion it doesn't.
    """

    pictures: int
    lesions: int
    lesions_with_several_pictures: int
    classes: dict[str, int]  # pictures of each diagnosis
    missing_age: int
    unknown_sex: int
    unknown_localization: int
    lesions_unknown: int


def summarise(frame: pd.DataFrame) -> Summary:
    """Count a table's pictures, lesions, classes and blanks, faulty rows included."""

    def column(name: str) -> pd.Series:
        return frame[name] if name in frame else pd.Series(dtype=str)

    lesions = column("lesion_id")
    unknown = len(frame) - int((lesions != "").sum())
    lesions = lesions[lesions != ""].value_counts()
    classes = column("dx").value_counts()
    return Summary(
        pictures=len(frame),
        lesions=len(lesions),
        lesions_with_several_pictures=int((lesions > 1).sum()),
        classes={name: int(classes.get(name, 0)) for name in CLASSES},
        missing_age=int((column("age") == "").sum()),
        unknown_sex=int((column("sex") == UNKNOWN).sum()),
        unknown_localization=int((column("localization") == UNKNOWN).sum()),
        lesions_unknown=unknown,
    )


def check_table(frame: pd.DataFrame) -> list[Fault]:
    """Faults that the table shows by itself: columns, ids, classes, sexes, sites, ages."""
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        remedy = f"the table needs the columns {', '.join(COLUMNS)}"
        return [Fault("missing column", remedy, tuple(missing))]
    if frame.empty:
        return [Fault("no row", "the table needs one a picture", ("below the header",))]
    ages = pd.to_numeric(frame["age"], errors="coerce")
    low, high = AGE_RANGE
    bad_age = (frame["age"] != "") & ~ages.between(low, high)
    candidates = [
        _fault(
            frame, "image_id", frame["image_id"] == "", "blank image_id", "give each row its id"
        ),
        _fault(
            frame,
            "image_id",
            frame["image_id"].duplicated(keep=False) & (frame["image_id"] != ""),
            "duplicate image_id",
            "keep one row per picture",
        ),
        _fault(
            frame,
            "dx",
            frame.groupby("lesion_id")["dx"].transform("nunique").gt(1)
            & (frame["lesion_id"] != ""),
            "lesion with several classes",
            "a lesion has one diagnosis; give other lesions other ids",
        ),
        _fault(
            frame, "dx", ~frame["dx"].isin(CLASSES), "unknown class", f"use {', '.join(CLASSES)}"
        ),
        _fault(frame, "sex", ~frame["sex"].isin(SEXES), "unknown sex", f"use {', '.join(SEXES)}"),
        _fault(
            frame,
            "localization",
            ~frame["localization"].isin(LOCALIZATIONS),
            "unknown localization",
            f"use {', '.join(LOCALIZATIONS)}",
        ),
        _fault(
            frame,
            "age",
            bad_age,
            "age out of range",
            f"{low:g}-{high:g} years, blank where missing",
        ),
    ]
    return [fault for fault in candidates if fault.rows]


def check_pictures(frame: pd.DataFrame, pictures: dict[str, Path]) -> list[Fault]:
    """Rows whose picture isn't there."""
    absent = ~frame["image_id"].isin(pictures) & (frame["image_id"] != "")
    fault = _fault(
        frame, "image_id", absent, "picture missing", "put <image_id>.jpg below the table's folder"
    )
    return [fault] if fault.rows else []


def check_decoding(
    paths: Iterable[Path], advance: Callable[[], None] = lambda: None
) -> list[Fault]:
    """Decode every picture; name those that are truncated or no pictures at all."""

    def problem(path: Path) -> str | None:
        try:
            load_picture(path)
        except InputError as error:
            return str(error)
        finally:
            advance()
        return None

    rows = tuple(message for message in in_threads(problem, paths) if message)
    return [Fault("picture undecodable", "fetch the file again", rows)] if rows else []


def _fault(frame: pd.DataFrame, column: str, where: pd.Series, kind: str, remedy: str) -> Fault:
    rows = tuple(
        f"line {line + 2} ({image or 'no id'}): {value!r}"
        for line, image, value in zip(
            frame.index[where], frame.loc[where, "image_id"], frame.loc[where, column], strict=True
        )
    )
    return Fault(kind, remedy, rows)
