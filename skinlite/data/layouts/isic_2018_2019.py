"""One-hot tables of ISIC 2018 Task 3 and ISIC 2019, and the tables that complete them."""

import re
from pathlib import Path

import pandas as pd

from skinlite.classes import HAM10000, ClassList
from skinlite.data.layouts.places import named, root_of
from skinlite.data.layouts.text import read_frame
from skinlite.errors import InputError
from skinlite.vocabulary import CLASSES

ONE_HOT = {**{name.upper(): name for name in CLASSES}, "AK": "akiec"}
OTHER_ONE_HOT = ("SCC", "UNK", "SCCKA", "BEN_OTH", "MAL_OTH", "INF")
"""Columns of ISIC 2019 and 2025 for what is none of the seven classes."""

ISIC_2019 = ClassList.of(sorted((*CLASSES, "scc")))
"""The seven and squamous cell carcinoma. Nothing is learned of its UNK, "none of the others"."""


def one_hot_classes(frame: pd.DataFrame) -> ClassList:
    """ISIC 2019's classes where an image is of its eighth, else HAM10000's."""
    return ISIC_2019 if (frame["dx"].str.lower() == "scc").any() else HAM10000


def tables_of(table: Path) -> list[Path]:
    """A table and those that are joined to it."""
    companions = (_companion(table, kind) for kind in ("metadata", "LesionGroupings"))
    return [table, *(path for path in companions if path)]


def from_one_hot(truth: pd.DataFrame, table: Path) -> pd.DataFrame:
    """One-hot columns (MEL, NV, ...) to one ``dx``, joined with the table's companions."""
    known = {name for column, name in ONE_HOT.items() if column in truth}
    missing = [name.upper() for name in CLASSES if name not in known]
    if "image_id" not in truth:
        missing.insert(0, "image_id")
    if missing:
        raise InputError(f"{table} lacks the columns {', '.join(missing)} of ISIC 2018 Task 3.")
    columns = [name for name in truth if name in {*ONE_HOT, *OTHER_ONE_HOT}]
    scores = truth[columns].apply(pd.to_numeric, errors="coerce").fillna(0.0)
    one_hot = (scores == 1).sum(axis=1) == 1
    names = [ONE_HOT.get(name, name.lower()) for name in columns]
    classes = pd.Series(scores.to_numpy().argmax(axis=1), index=truth.index)
    frame = pd.DataFrame({"image_id": truth["image_id"]})
    frame["dx"] = classes.map(dict(enumerate(names))).where(one_hot, "")
    for companion in tables_of(table)[1:]:
        more = read_frame(companion)
        if "image_id" not in more:
            raise InputError(f"{companion} lacks the column image_id.")
        new = more.columns.difference(frame.columns, sort=False)
        rows = more.drop_duplicates("image_id").set_index("image_id")[list(new)]
        frame = frame.join(rows, on="image_id").fillna("")
    return frame


def _companion(table: Path, kind: str) -> Path | None:
    """``X_<kind>.csv`` of an ``X_GroundTruth.csv``: beside it, or in the data set's folder."""
    name = re.sub("groundtruth", kind, table.name, flags=re.IGNORECASE)
    return None if name == table.name else named(name, table.parent, root_of(table))
