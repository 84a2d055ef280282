"""The metrics apart for each age band, sex, anatomical site and source."""

import itertools
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from skinlite.classes import HAM10000, ClassList
from skinlite.evaluation.calibration import Labels, Probabilities
from skinlite.evaluation.metrics import evaluate
from skinlite.vocabulary import LOCALIZATIONS, SEXES, UNKNOWN

FEWEST = 20
"""Images, or ones of the critical class: of fewer no share is told, one more right answer being 5
points."""

AGE_BANDS = (0, 30, 45, 60, 75, 121)
"""Years, each up to below the next."""


Field = Literal["age", "sex", "site", "dataset"]


class Subgroup(BaseModel):
    """One group's images; a share is None where fewer than FEWEST images make it.

    Attributes:
        balanced_accuracy: over the classes of which the group has an image.
        melanomas: images of melanomas.
        melanoma_recall: of at least FEWEST melanomas.
        critical_images: images of the critical class; where it wasn't noted, of melanomas.
        critical_recall: of at least FEWEST of those.
    """

    model_config = ConfigDict(frozen=True)

    field: Field
    group: str
    images: int
    melanomas: int
    accuracy: float | None
    balanced_accuracy: float | None
    melanoma_recall: float | None
    critical_images: int = 0
    critical_recall: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _noted(cls, given: Any) -> Any:
        if isinstance(given, dict) and "critical_images" not in given:
            same = {"images": given.get("melanomas", 0), "recall": given.get("melanoma_recall")}
            return given | {f"critical_{name}": value for name, value in same.items()}
        return given


def by_subgroup(
    labels: Labels,
    probabilities: Probabilities,
    rows: pd.DataFrame,
    classes: ClassList = HAM10000,
) -> list[Subgroup]:
    """Score every group that has an image.

    Args:
        labels: (N,), positions in ``classes``.
        probabilities: (N, len(classes)).
        rows: N rows of a data set's frame, in the same order.
        classes: of labels and probabilities.
    """
    groups = []
    melanoma, critical = (
        np.array([code == name for code in classes.codes]) for name in ("mel", classes.critical)
    )
    for field, group, members in groups_of(rows):
        inside = members.to_numpy().nonzero()[0]
        melanomas, critical_images = (
            int(chosen[labels[inside]].sum()) for chosen in (melanoma, critical)
        )
        scores = None
        if len(inside) >= FEWEST:
            scores = evaluate(labels[inside], probabilities[inside], classes)
        groups.append(
            Subgroup(
                field=field,
                group=group,
                images=len(inside),
                melanomas=melanomas,
                accuracy=scores.accuracy if scores else None,
                balanced_accuracy=scores.balanced_accuracy if scores else None,
                melanoma_recall=scores.melanoma_recall if scores and melanomas >= FEWEST else None,
                critical_images=critical_images,
                critical_recall=scores.critical_recall
                if scores and critical_images >= FEWEST
                else None,
            )
        )
    return groups


def groups_of(
    rows: pd.DataFrame,
) -> Iterator[tuple[Field, str, "pd.Series[bool]"]]:
    """Field, name and members (N,) of every group that has an image."""
    names = [f"{low}-{high - 1}" for low, high in itertools.pairwise(AGE_BANDS)]
    names[-1] = f"{AGE_BANDS[-2]} and more"
    bands = pd.cut(rows["age"], AGE_BANDS, right=False, labels=names).astype(object)
    bands = bands.where(rows["age"].notna(), UNKNOWN)
    sources = rows.get("dataset", pd.Series("", rows.index)).replace("", UNKNOWN)
    named = tuple(sorted(set(sources) - {UNKNOWN}))
    fields: tuple[tuple[Field, pd.Series, tuple[str, ...]], ...] = (
        ("age", bands, (*names, UNKNOWN)),
        ("sex", rows["sex"], SEXES),
        ("site", rows["localization"], LOCALIZATIONS),
        ("dataset", sources, (*named, UNKNOWN) if named else ()),
    )
    for field, values, groups in fields:
        for group in groups:
            if np.any(values == group):
                yield field, group, values == group
