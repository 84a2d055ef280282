"""Columns of a table that a network takes as metadata beside age, sex and site, by declaration.

Any column may be declared (`skinlite.data.dataset.read_dataset`), such as ``itch`` or
``diameter_1`` of PAD-UFES-20. The rows that train decide what it is: numbers, if every value is
one, else categories.
"""

import math
import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from skinlite.data.layouts.isic_2018_2019 import ONE_HOT, OTHER_ONE_HOT
from skinlite.data.layouts.spellings import BLANKS
from skinlite.data.layouts.text import NAMES
from skinlite.errors import InputError, SkinliteWarning
from skinlite.vocabulary import UNKNOWN

MOST_VALUES = 50
"""Of a category; a column with more is free text, or names patients."""

SHOWN = 3
NONE = "none"
"""Declared alone: the network takes no metadata at all, not even age, sex and site."""

DIAGNOSED = {
    *("dx_type", "diagnosis_confirm_type", "concomitant_biopsy", "melanocytic", "nevus_type"),
    *("mel_class", "mel_mitotic_index", "mel_thick_mm", "mel_type", "mel_ulcer"),
}
"""Columns of HAM10000 and of the ISIC Archive that are filled in once the diagnosis is known."""

OWN = {"path", "table_lesion_id", "region", "site", *NAMES, *DIAGNOSED} | {
    name.lower() for name in (*ONE_HOT, *OTHER_ONE_HOT)
}
"""Names, in lower case, that mean something else: an id, a diagnosis, what is read already."""

Value = str | float | bool
"""Of a patient: a word, a number, or true and false; what isn't told is left out."""


class Number(BaseModel):
    """A column of numbers: standard deviations from the training mean, and whether it is missing.

    Attributes:
        mean: of the training rows.
        std: likewise; 1 where all are the same.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Literal["number"] = "number"
    mean: float = Field(allow_inf_nan=False)
    std: float = Field(gt=0, allow_inf_nan=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The name of each element of its part of the vector."""
        return self.name, f"{self.name}=missing"

    def __str__(self) -> str:
        return f"{self.name}: numbers, {self.mean:.4g} with a deviation of {self.std:.4g}"

    def encode(self, values: Sequence[Value]) -> NDArray[np.float32]:
        """Values ("" where not told) as float32 (N, 2).

        Raises:
            InputError: one is no number.
        """
        numbers = np.array([as_number(value) for value in values], np.float64)
        wrong = [value for value, number in zip(values, numbers, strict=True) if np.isnan(number)]
        wrong = [value for value in wrong if not blank(value)]
        if wrong:
            raise InputError(
                f"`metadata` {self.name} {wrong[0]!r} isn't a number. Leave it out if it is "
                "unknown."
            )
        missing = np.isnan(numbers)
        scaled = np.where(missing, 0, (numbers - self.mean) / self.std)
        return np.stack([scaled, missing], axis=1).astype(np.float32)


class Category(BaseModel):
    """A column of words: one-hot, with ``unknown`` the last.

    Attributes:
        values: of the training rows, lower case, in alphabetical order, then ``unknown``.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Literal["category"] = "category"
    values: tuple[str, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _is_a_list(self) -> "Category":
        if self.values[-1] != UNKNOWN or len({*self.values}) < len(self.values):
            raise ValueError(f"{self.name} has a value twice, or {UNKNOWN!r} isn't its last")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The name of each element of its part of the vector."""
        return tuple(f"{self.name}={value}" for value in self.values)

    def __str__(self) -> str:
        return f"{self.name}: {', '.join(self.values)}"

    def encode(self, values: Sequence[Value]) -> NDArray[np.float32]:
        """Values ("" where not told) as float32 (N, len(values)).

        What no training row has is ``unknown``, with a warning.
        """
        words = [UNKNOWN if blank(value) else as_word(value) for value in values]
        strange = sorted({word for word in words if word not in self.values})
        if strange:
            warnings.warn(
                f"{self.name} {', '.join(map(repr, strange[:SHOWN]))} is not one of "
                f"{', '.join(self.values)}: read as {UNKNOWN!r}.",
                SkinliteWarning,
                stacklevel=4,
            )
        known = [word if word in self.values else UNKNOWN for word in words]
        encoded = np.zeros((len(words), len(self.values)), np.float32)
        encoded[np.arange(len(words)), [self.values.index(word) for word in known]] = 1
        return encoded


Column = Annotated[Number | Category, Field(discriminator="kind")]


def blank(value: Value) -> bool:
    """Whether a value says that nothing is known."""
    return str(value).strip().lower() in (*BLANKS, "unk")


def as_word(value: Value) -> str:
    """A category's value as it is compared; of a whole number as a table writes it."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).strip().lower()


def as_number(value: Value) -> float:
    """A finite number, also one with a decimal comma; NaN where it is none."""
    text = str(value).strip()
    try:
        number = float(text.replace(",", ".") if text.count(",") == 1 else text)
    except ValueError:
        return math.nan
    if "_" in text:  # Python's own way to write 1_000
        return math.nan
    return number if math.isfinite(number) else math.nan


def fit_column(name: str, values: "pd.Series[str]") -> Number | Category:
    """What a column of the training rows is.

    Raises:
        InputError: it has no value, numbers with other words among them, or too many words.
    """
    told = [value for value in values if not blank(value)]
    if not told:
        raise InputError(
            f"`metadata_columns` {name}: no training image has a value, so that nothing can be "
            "learned of it. Leave it out."
        )
    numbers = np.array([as_number(value) for value in told])
    words = sorted({value for value, number in zip(told, numbers, strict=True) if np.isnan(number)})
    if not words:
        return Number(name=name, mean=float(numbers.mean()), std=float(numbers.std()) or 1.0)
    shown = ", ".join(map(repr, words[:SHOWN])) + (", ..." if len(words) > SHOWN else "")
    if np.isnan(numbers).mean() < 0.5:
        raise InputError(
            f"`metadata_columns` {name} has numbers, and {shown}. Write numbers, or leave a cell "
            "blank where nothing is known."
        )
    values_ = sorted({as_word(value) for value in told})
    if len(values_) > MOST_VALUES:
        raise InputError(
            f"`metadata_columns` {name} has {len(values_):,} different values ({shown}), and a "
            f"category has at most {MOST_VALUES}. It may be free text, or name patients: leave it "
            "out."
        )
    return Category(name=name, values=(*values_, UNKNOWN))


def check_declared(
    names: Sequence[str],
    label_column: str | None = None,
    *,
    read: Iterable[str] | None = None,
    table: Iterable[str] = (),
) -> None:
    """Refuse declared columns that can't be metadata.

    Args:
        names: that are declared.
        label_column: of the table.
        read: columns that were read of it; None: not yet.
        table: all of its columns, for the message.

    Raises:
        InputError: names the column.
    """
    if tuple(names) == (NONE,):
        return
    for name in names:
        why = None
        if not name or "=" in name or name == NONE:
            why = "is no name of a column; `metadata_columns=('none',)` stands alone"
        elif names.count(name) > 1:
            why = "is named twice"
        elif name.lower() in ("age", "sex", "localization"):
            why = "is taken anyway, where the table has it: name the others alone"
        elif name.lower() in OWN or name == label_column:
            why = "is read as something else: an id, a diagnosis, age, sex or site"
        elif read is not None and name not in read:
            why = f"isn't in the table. It has {', '.join(sorted(table)) or 'none'}"
        if why:
            raise InputError(f"`metadata_columns`: {name!r} {why}.")


def check_told(told: Mapping[str, Value], columns: Sequence[Number | Category]) -> None:
    """Refuse what one patient's metadata can't be.

    Raises:
        InputError: a column that wasn't declared, or a word that no training row had.
    """
    known = {column.name: column for column in columns}
    for name, value in told.items():
        if name not in known:
            raise InputError(
                f"`metadata` {name}: the network wasn't trained on it. "
                + (f"It takes {', '.join(known)}." if known else "Leave it out.")
            )
        values = getattr(known[name], "values", ())
        if values and not blank(value) and as_word(value) not in values:
            raise InputError(f"`metadata` {name}={value}: give one of {', '.join(values)}.")


def told_of(row: Mapping[Hashable, Any], columns: Sequence[Number | Category]) -> dict[str, Value]:
    """What a row of a table tells of declared columns: numbers, and words in lower case."""
    told: dict[str, Value] = {}
    for column in columns:
        value = row.get(column.name, "")
        if not blank(value):
            number = as_number(value) if isinstance(column, Number) else math.nan
            told[column.name] = as_word(value) if math.isnan(number) else number
    return told
