"""A mapping file: from the labels of a table to classes, as ``label,class`` lines.

The ISIC Archive has hundreds of diagnoses, and a user decides which of them are one class:

    label,class
    Melanoma in situ,mel
    "Melanoma, NOS",mel
    Nevus,nv
    Scar,

A blank class leaves the images of a label out. A label that isn't there is refused, so that no
image gets lost unseen.
"""

import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from skinlite.data.layouts.text import read_text
from skinlite.errors import InputError, SkinliteWarning

COLUMNS = ["label", "class"]
MOST_NAMED = 8
"""Labels that a message names."""


def read_label_map(path: Path) -> dict[str, str]:
    """Class by label, both in lower case; an empty class leaves a label's images out.

    Raises:
        InputError: no such table, or a label that comes twice or is blank.
    """
    header, rows = read_text(path)
    if [name.lower() for name in header[:2]] != COLUMNS:
        raise InputError(
            f"{path} is no mapping file: its first line has to be {','.join(COLUMNS)}, not "
            f"{','.join(header)}."
        )
    classes: dict[str, str] = {}
    for line, cells in rows:
        label, name = (*(cell.lower() for cell in cells[:2]), "")[:2]
        if not label or len(cells) > len(header):
            fault = "has no label" if not label else f"has {len(cells)} values (quote commas)"
            raise InputError(f"{path}: line {line} {fault}.")
        if classes.get(label, name) != name:
            raise InputError(f"{path}: line {line} maps {label!r} a second time, to {name!r}.")
        classes[label] = name
    return classes


def mapped(frame: pd.DataFrame, table: Path, classes: Mapping[str, str]) -> pd.DataFrame:
    """A frame whose ``dx`` are labels, with classes in their place; rows that are left out go.

    Raises:
        InputError: it has labels that aren't mapped, or nothing is left; names and counts them.
    """
    if "dx" not in frame:
        raise InputError(f"{table} has no labels to be mapped. Name their column: `label_column`.")
    labels = frame["dx"].str.lower()
    if missing := Counter(labels[~labels.isin({*classes, ""})]):
        named = ", ".join(f"{label} ({n:,})" for label, n in missing.most_common(MOST_NAMED))
        more = f", and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        raise InputError(
            f"The mapping file lacks {len(missing)} label(s) of {table}: {named}{more}. Add them; "
            "a blank class leaves their images out."
        )
    if blank := int((labels == "").sum()):
        warnings.warn(
            f"{table}: {blank:,} images have no label, and are left out.",
            SkinliteWarning,
            stacklevel=3,
        )
    frame = frame.assign(dx=labels.map(classes).fillna(""))
    frame = frame[frame["dx"] != ""]
    if frame.empty:
        raise InputError(f"The mapping file leaves out every image of {table}.")
    return frame
