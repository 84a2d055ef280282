"""Find every fault of a data set and where it is; ``skinlite data check`` prints them grouped."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pandas as pd

from skinlite.classes import HAM10000, ClassList
from skinlite.data.layouts.archive import HINTS
from skinlite.data.layouts.images import Found, differ
from skinlite.data.layouts.isic_2018_2019 import tables_of
from skinlite.data.layouts.recognize import COLUMNS
from skinlite.data.layouts.text import read_text
from skinlite.data.packed import SUFFIX
from skinlite.process.threads import in_threads
from skinlite.vocabulary import AGE_RANGE, LOCALIZATIONS, SEXES, UNKNOWN

SHOWN_VALUES = 10
"""Of what is none of the classes; a table has either few such values, or another column's."""


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

    ``lesions`` and ``patients`` are those that the table names; ``lesions_unknown`` images whose
    lesion it doesn't.
    """

    pictures: int
    lesions: int
    lesions_with_several_pictures: int
    classes: dict[str, int]  # images of each diagnosis
    missing_age: int
    unknown_sex: int
    unknown_localization: int
    lesions_unknown: int
    patients: int


def summarise(frame: pd.DataFrame, class_list: ClassList = HAM10000) -> Summary:
    """Count a table's images, lesions, classes and blanks, faulty rows included."""

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
        classes={name: int(classes.get(name, 0)) for name in class_list.codes},
        missing_age=int((column("age") == "").sum()),
        unknown_sex=int((column("sex") == UNKNOWN).sum()),
        unknown_localization=int((column("localization") == UNKNOWN).sum()),
        lesions_unknown=unknown,
        patients=column("patient_id").replace("", pd.NA).nunique(),
    )


def check_text(table: Path) -> list[Fault]:
    """Lines of a table, and of those joined to it, that end too early or hold bytes of 0."""
    short, zero = [], []
    for path in [] if table.is_dir() else tables_of(table):
        text = read_text(path)
        place = "" if path == table else f"{path.name} "
        for line, cells in chain([(1, text.header)], text.rows):
            if len(cells) < text.needed:
                short.append(
                    f"{place}line {line}: {len(cells)} of {text.needed} cells, the last one is "
                    f"{cells[-1]!r}"
                )
            zero += [f"{place}line {line}: {cell!r}" for cell in cells if "\0" in cell]
    remedies = {
        "truncated line": (short, "download the table again, or fill in what is missing"),
        "NUL byte": (
            zero,
            "the file is damaged or isn't UTF-8: download it again, or save it as UTF-8",
        ),
    }
    return [Fault(kind, remedy, tuple(rows)) for kind, (rows, remedy) in remedies.items() if rows]


def check_table(frame: pd.DataFrame, classes: ClassList = HAM10000) -> list[Fault]:
    """Faults that the table shows by itself: columns, ids, classes, sexes, sites, ages.

    Args:
        frame: as `skinlite.data.layouts.recognize.read_table` gives it.
        classes: that ``dx`` may name.
    """
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        remedy = f"the table needs the columns {', '.join(COLUMNS)}"
        return [Fault("missing column", remedy, tuple(missing))]
    if frame.empty:
        return [Fault("no row", "the table needs one row per image", ("below the header",))]
    ages = pd.to_numeric(frame["age"], errors="coerce")
    low, high = AGE_RANGE
    bad_age = (frame["age"] != "") & ~ages.between(low, high)
    candidates = [
        _fault(
            frame, "image_id", frame["image_id"] == "", "blank image_id", "give each row its own id"
        ),
        _fault(
            frame,
            "image_id",
            frame["image_id"].duplicated(keep=False) & (frame["image_id"] != ""),
            "duplicate image_id",
            "keep one row per image",
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
            frame,
            "dx",
            ~frame["dx"].isin(classes.codes),
            "unknown class",
            _classes_remedy(frame["dx"], classes),
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


def check_images(
    frame: pd.DataFrame, images: Mapping[str, Path], found: Found | None = None
) -> list[Fault]:
    """Rows whose image isn't there, or could be any of several different files.

    Args:
        frame: a table.
        pictures: by id.
        found: whatever else lies beside them; without it, only what is missing is told.
    """
    found = found or Found()
    absent = ~frame["image_id"].isin(list(images)) & (frame["image_id"] != "")
    remedy = "put <image_id>.jpg into the table's folder or below"
    remedy += _where_else(set(frame.loc[absent, "image_id"]), found)
    missing = _fault(frame, "image_id", absent, "image missing", remedy)
    several = [name for name in frame["image_id"].unique() if len(found.images.get(name, ())) > 1]
    different = in_threads(lambda name: differ(found.images[name]), several)
    rows = tuple(
        f"{name}: {', '.join(map(str, found.images[name]))}"
        for name, differs in zip(several, different, strict=True)
        if differs
    )
    ambiguous = Fault(
        "different files of one image_id",
        "keep one; put masks into a folder with mask in its name",
        rows,
    )
    return [fault for fault in (missing, ambiguous) if fault.rows]


def _classes_remedy(diagnoses: pd.Series, classes: ClassList) -> str:
    """How to mend what is none of the classes: each value with its count and what it could be."""
    others = diagnoses[~diagnoses.isin((*classes.codes, ""))].value_counts()
    hints = {value: hint for value, hint in HINTS.items() if value not in classes.codes}
    values = [
        f"{count:,} x {value!r}" + (f": {hints[value]}" if value in hints else "")
        for value, count in others[:SHOWN_VALUES].items()
    ]
    if len(others) > SHOWN_VALUES:
        values.append(f"and {len(others) - SHOWN_VALUES} other values")
    own = "; your own column dx has priority" if set(others.index) & hints.keys() else ""
    return "; ".join([f"use {', '.join(classes.codes)}{own}", *values])


def _where_else(names: set[str], found: Found) -> str:
    """Where missing images may be."""
    remedy = ""
    if masked := sorted(names & found.masks.keys()):
        folder = found.masks[masked[0]].parent
        remedy += (
            f"; {len(masked):,} are in {folder}, which is treated as a folder of masks: rename it "
            "if they are images"
        )
    if unread := sorted(names & found.unread.keys()):
        remedy += (
            f"; convert {found.unread[unread[0]].name} and similar files to PNG ({len(unread):,})"
        )
    if names and found.archives:
        remedy += f"; unpack {', '.join(path.name for path in found.archives)}"
        if any(path.suffix.lower() == SUFFIX for path in found.archives):
            remedy += ", or install h5py (pip install 'skinlite[train]'), which reads .hdf5"
    return remedy


def _fault(frame: pd.DataFrame, column: str, where: pd.Series, kind: str, remedy: str) -> Fault:
    rows = tuple(
        f"line {line + 2} ({image or 'no id'}): {value!r}"
        for line, image, value in zip(
            frame.index[where], frame.loc[where, "image_id"], frame.loc[where, column], strict=True
        )
    )
    return Fault(kind, remedy, rows)
