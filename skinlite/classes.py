"""`ClassList`: the diagnoses that a data set and its network tell apart, and which matter most.

HAM10000's seven are the default. Names of other codes are those of the data sets that use them:
ISIC 2019 (scc), ISIC 2020 (benign, malignant), PAD-UFES-20 (ack, nev, sek; Pacheco et al., Data in
Brief 32, 106221 (2020)).
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from skinlite.vocabulary import CLASS_NAMES

NAMES = {
    **CLASS_NAMES,
    "ack": "Actinic keratosis",
    "benign": "Benign",
    "malignant": "Malignant",
    "nev": "Nevus",
    "scc": "Squamous cell carcinoma",
    "sek": "Seborrheic keratosis",
}
"""Names of the codes that are known; any other code is its own name."""

MALIGNANT = frozenset({"bcc", "malignant", "mel", "scc"})
"""Codes that are known to be malignant. Actinic keratoses may become so: they are in no list
unless it says so."""


CRITICAL = ("mel", "malignant")
"""Codes whose recall is protected, the first that a list has."""

ISIC_ORDER = ("mel", "nv", "bcc", "akiec", "bkl", "df", "vasc", "scc")
"""Order of the columns in the tables of ISIC 2018 and 2019."""


class ClassList(BaseModel):
    """The classes of a data set, in the order of every probability vector.

    Attributes:
        names: by code, as the column ``dx`` has it (lower case); at least two.
        malignant: codes of the malignant classes.
        critical: code of the class whose recall gates protect; None where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: dict[str, str] = Field(min_length=2)
    malignant: tuple[str, ...] = ()
    critical: str | None = None

    @classmethod
    def of(cls, codes: Sequence[str]) -> "ClassList":
        """The classes with these codes, in this order, with what is known of them.

        Raises:
            ValueError: a code is blank, a number or comes twice, or there are fewer than two.
        """
        plain = [code.strip().lower() for code in codes]
        _check_names(plain)
        if twice := sorted({code for code in plain if plain.count(code) > 1}):
            raise ValueError(f"{', '.join(twice)} comes twice")
        if len(plain) < 2:
            raise ValueError("there have to be at least two classes")
        malignant = tuple(code for code in plain if code in MALIGNANT)
        return cls(
            names={code: NAMES.get(code, code) for code in plain},
            malignant=malignant,
            critical=next((code for code in CRITICAL if code in plain), None),
        )

    @model_validator(mode="after")
    def _names_its_own(self) -> "ClassList":
        _check_names(self.names)
        others = {*self.malignant, *filter(None, [self.critical])} - self.names.keys()
        if others:
            raise ValueError(f"{', '.join(sorted(others))} is not one of the classes")
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, in order."""
        return tuple(self.names)

    @property
    def critical_index(self) -> int | None:
        """Position of the critical class."""
        return self.codes.index(self.critical) if self.critical else None

    @property
    def isic_columns(self) -> dict[str, str]:
        """Columns of an ISIC challenge's table, by code and in the challenge's order.

        Those of ISIC 2018, 2019 (where actinic keratoses are AK) and 2020 (``target``, which is
        the probability of malignant). Other classes have their code in capitals, and come last.
        """
        if set(self.names) == {"benign", "malignant"}:
            return {"malignant": "target"}
        known = [code for code in ISIC_ORDER if code in self.names]
        others = [code for code in self.names if code not in known]
        columns = {code: code.upper() for code in (*known, *others)}
        if "scc" in columns and "akiec" in columns:
            columns["akiec"] = "AK"
        return columns

    def __eq__(self, other: object) -> bool:
        """Also in the same order, which a dict doesn't compare."""
        if not isinstance(other, ClassList):
            return NotImplemented
        return (*self.names.items(), self.malignant, self.critical) == (
            *other.names.items(),
            other.malignant,
            other.critical,
        )

    def __hash__(self) -> int:
        return hash((*self.names.items(), self.malignant, self.critical))

    def __len__(self) -> int:
        return len(self.names)

    def labels(self, diagnoses: Iterable[str]) -> NDArray[np.intp]:
        """Positions (N,) of N codes."""
        positions = {code: index for index, code in enumerate(self.names)}
        return np.array([positions[code] for code in diagnoses], np.intp)


def _check_names(codes: Iterable[str]) -> None:
    """Refuse codes that can't be lines of a file or keys of an object.

    Raises:
        ValueError: names them.
    """
    names = list(codes)
    if any(not code.strip() for code in names):
        raise ValueError("a class has no name")
    # A browser puts keys that are numbers first, and whether they begin with 0 or 1 is unsure.
    if numbers := [code for code in names if code.isdecimal()]:
        raise ValueError(
            f"{', '.join(numbers)}: a number is no name of a class, for it doesn't say whether it "
            "counts from 0 or from 1. Name the classes, by `label_map` where labels are numbers"
        )
    if broken := [code for code in names if not code.isprintable()]:
        raise ValueError(f"{broken[0]!r} has a line break, or a character that can't be shown")


HAM10000 = ClassList.of(list(CLASS_NAMES))


def recall_name(critical: str | None) -> str:
    """What the critical class's recall is called: with the class, where there is one."""
    if critical is None:
        return "critical recall"
    return "melanoma recall" if critical == "mel" else f"critical recall ({critical})"
