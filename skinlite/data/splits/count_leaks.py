"""How much of a test set a training has seen: images of lesions that are in training too.

What is counted are lesions that are known. `conclude` says what the count is worth.
"""

import re
from collections.abc import Iterable

import pandas as pd
from pydantic import BaseModel, ConfigDict

from skinlite.classes import HAM10000, ClassList
from skinlite.data.splits.joining import Joined
from skinlite.data.splits.known_pairs import join_known
from skinlite.data.splits.leaks import OLDER, Leaks
from skinlite.data.splits.split_by_lesion import crossing_lesions


class Leakage(BaseModel):
    """Images of the test split whose lesion has other images in training or validation.

    Attributes:
        crossing_lesions: lesions on two sides, whichever.
        critical: the critical class, where it isn't melanoma.
        test_critical: test images of it.
        leaking_critical: those whose lesion has other images there.
    """

    model_config = ConfigDict(frozen=True)

    test_pictures: int
    leaking_pictures: int
    test_melanomas: int
    leaking_melanomas: int
    crossing_lesions: int
    critical: str | None = None
    test_critical: int = 0
    leaking_critical: int = 0

    def __str__(self) -> str:
        images = f"{_share(self.leaking_pictures, self.test_pictures)} test images"
        if self.critical and self.test_critical:
            return f"{images}, {_share(self.leaking_critical, self.test_critical)} {self.critical}"
        if not self.test_melanomas:
            return images
        return f"{images}, {_share(self.leaking_melanomas, self.test_melanomas)} melanomas"


def measure_leakage(
    split: pd.DataFrame, frame: pd.DataFrame, classes: ClassList = HAM10000
) -> Leakage:
    """Count what leaks.

    Args:
        split: image_id, lesion_id, split.
        frame: image_id and dx of at least these images.
        classes: that ``dx`` names.
    """
    leaking = _leaking(split)
    dx = frame.set_index("image_id")["dx"].reindex(leaking.index)
    melanoma, other = dx == "mel", classes.critical if classes.critical != "mel" else None
    return Leakage(
        test_pictures=len(leaking),
        leaking_pictures=int(leaking.sum()),
        test_melanomas=int(melanoma.sum()),
        leaking_melanomas=int((leaking & melanoma).sum()),
        crossing_lesions=len(crossing_lesions(split)),
        critical=other,
        test_critical=int((dx == other).sum()),
        leaking_critical=int((leaking & (dx == other)).sum()),
    )


def conclude(
    leakage: Leakage, frame: pd.DataFrame, *, joined: Joined | None, two_sets: bool
) -> Leaks:
    """What a count is worth.

    Args:
        leakage: what was counted.
        frame: the rows that were divided, with `skinlite.data.dataset.Dataset`'s columns.
        joined: what was joined before.
        two_sets: whether the test is a data set of its own.
    """
    handed = joined.handed_from if joined else None
    doubts = [doubt for doubt in [_unnamed(nameless(frame), len(frame))] if doubt]
    if two_sets and not handed and (doubt := _strange(frame["table_lesion_id"])):
        doubts.append(
            f"{doubt}; skinlite data duplicates DIR OTHER finds images of one lesion; pass them "
            "to a training as same_lesion"
        )
    doubt = " and ".join(doubts)
    if leakage.crossing_lesions:
        return Leaks(state="found", reason=str(leakage) + (f"; at least: {doubt}" if doubt else ""))
    told = f"; {joined}" if joined and joined.lesions else ""
    if doubt:
        return Leaks(state="unknown", reason=doubt + told)
    ids = "patient and lesion ids" if names_patients(frame) else "lesion ids"
    basis = f"{ids} and the pairs of images in {handed}" if handed else ids
    return Leaks(state="none found", reason=f"as far as known, by {basis}{told}")


def known_today(leaks: Leaks, split: pd.DataFrame, *, two_sets: bool = False) -> Leaks:
    """What a run's split is known to leak today, when more lesions are known to be one.

    Args:
        leaks: what was known when it was made.
        split: image_id, lesion_id, split.
        two_sets: whether the test is a data set of its own.
    """
    if leaks.state == "found":
        return leaks
    now = split.assign(lesion_id=join_known(split))
    if crossing_lesions(now):
        leaking = _leaking(now)
        return Leaks(
            state="found",
            reason=f"{_share(int(leaking.sum()), len(leaking))} test images, from lesions that "
            "are known to have two ids",
        )
    if leaks != OLDER:
        return leaks
    # Where a table names no lesion, older versions wrote the image's id.
    unnamed = split["lesion_id"] == split["image_id"]
    doubt = _unnamed(int(unnamed.sum()), len(split))
    return _rests(doubt or (_strange(split["lesion_id"]) if two_sets else ""))


def leaks_between(split: pd.DataFrame, frame: pd.DataFrame) -> Leaks:
    """What a run has seen of a data set that isn't its own.

    Args:
        split: of the run: image_id, lesion_id, split.
        frame: what judges, with `skinlite.data.dataset.Dataset`'s columns.
    """
    seen = split.loc[split["split"] != "test", ["image_id", "lesion_id"]]
    both = pd.concat([seen, frame[["image_id", "lesion_id"]]], ignore_index=True)
    lesions = join_known(both)
    by_lesion = lesions[len(seen) :].isin(set(lesions[: len(seen)])).to_numpy()
    shared = by_lesion | frame["image_id"].isin(seen["image_id"]).to_numpy()
    if shared.any():
        return Leaks(
            state="found",
            reason=f"{_share(int(shared.sum()), len(frame))} images, or others of the same "
            "lesions, were used for training or selection",
        )
    unnamed = seen["lesion_id"] == seen["image_id"]
    names = pd.concat([seen.loc[~unnamed, "lesion_id"], frame["table_lesion_id"]])
    doubt = _unnamed(nameless(frame), len(frame)) or _unnamed(int(unnamed.sum()), len(seen))
    return _rests(doubt or _strange(names))


def names_patients(frame: pd.DataFrame) -> bool:
    """Whether the table names patients."""
    return "patient_id" in frame and bool((frame["patient_id"] != "").any())


def nameless(frame: pd.DataFrame) -> int:
    """Images whose lesion the table doesn't name."""
    return int((frame["table_lesion_id"] == "").sum()) if "table_lesion_id" in frame else 0


def _unnamed(count: int, whole: int) -> str:
    return f"the table has no lesion id for {count:,} of {whole:,} images" if count else ""


def _rests(doubt: str) -> Leaks:
    """Nothing was found: by lesion ids, unless there is a doubt about those."""
    if doubt:
        return Leaks(state="unknown", reason=doubt)
    return Leaks(state="none found", reason="as far as known, by lesion ids")


def _leaking(split: pd.DataFrame) -> pd.Series:
    """Whether each test image's lesion is on another side too; by image id."""
    test = split[split["split"] == "test"]
    seen = set(split.loc[split["split"] != "test", "lesion_id"])
    return test.set_index("image_id")["lesion_id"].isin(seen)


def _strange(lesions: Iterable[str]) -> str:
    """Why the lesion ids of two data sets don't compare; empty where they do.

    Ids that begin alike (HAM_, IL_) are taken to be one author's. The ISIC Archive renames lesions
    (HAM_0005060 is its IL_1936015), and numbers alone mean nothing outside of their table.
    """
    starts = sorted({re.split(r"\d", lesion)[0] for lesion in lesions if lesion})
    if len(starts) == 1 and starts[0]:
        return ""
    told = ", ".join(start or "a digit" for start in starts[:4])
    return f"the lesion ids of two data sets, which begin with {told}, can't be compared"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "0 of 0"
