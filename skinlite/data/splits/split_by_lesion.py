"""Splits: by lesion, so that none that is known is on two sides, or by image as in the paper.

At image level, 42 % of HAM10000's test images (72 % of the melanomas) show a lesion that is in
training too; numbers from such a split are upper bounds at best.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from skinlite.data.layouts.text import read_values
from skinlite.errors import InputError
from skinlite.files.read_write import open_regular

SPLITS = ("train", "validation", "test")


def split_by_lesion(
    frame: pd.DataFrame, *, seed: int, validation: float = 0.1, test: float = 0.15
) -> pd.DataFrame:
    """Assign every lesion, with all of its images, to one split, stratified by diagnosis.

    Every class has at least one lesion on each side: a metric over seven classes is undefined on
    a side that lacks one, and scikit-learn's stratification doesn't promise that.

    Args:
        frame: rows with image_id, lesion_id and dx.
        seed: same seed and rows, same split, whatever the rows' order.
        validation: share of each class's lesions.
        test: share of each class's lesions; 0 where other images are the test.

    Returns:
        image_id, lesion_id and split ("train", "validation" or "test"), sorted by image_id.

    Raises:
        InputError: a class has fewer lesions than there are sides; the shares leave nothing to
            train on; or a negative seed.
    """
    if min(validation, test) < 0 or validation + test >= 1:
        raise InputError(
            f"Shares of {validation:g} for validation and {test:g} for test leave nothing to train "
            "on. Give positive shares whose sum is well below 1."
        )
    _check_seed(seed)
    # Images that stay together may have several diagnoses, as those of a patient: the rarest one
    # decides, and between equals the alphabet.
    held = frame.groupby("dx")["lesion_id"].nunique().sort_index().sort_values(kind="stable")
    ranks = frame["dx"].map({dx: rank for rank, dx in enumerate(held.index)})
    lesions = ranks.groupby(frame["lesion_id"]).min().map(dict(enumerate(held.index))).rename("dx")
    counts = lesions.value_counts()
    sides = SPLITS if test else SPLITS[:2]
    if counts.min() < len(sides):
        raise InputError(
            f"Class {counts.idxmin()!r} has {counts.min()} lesion(s), where all of a known patient "
            f"count as one; a stratified split needs at least {len(sides)}, one for each of "
            f"{', '.join(sides)}. Add lesions of it, or give your own split: `split=FILE.csv`."
        )
    rng = np.random.default_rng(seed)
    assigned = pd.Series("train", index=lesions.index)
    for _, members in lesions.groupby(lesions):  # classes and lesions both in sorted order
        shuffled = rng.permutation(members.index.to_numpy())
        for_test = min(max(1, round(test * len(shuffled))), len(shuffled) - 2) if test else 0
        for_validation = max(1, round(validation * len(shuffled)))
        for_validation = min(for_validation, len(shuffled) - for_test - 1)
        assigned[shuffled[:for_test]] = "test"
        assigned[shuffled[for_test : for_test + for_validation]] = "validation"
    rows = frame[["image_id", "lesion_id"]].assign(split=frame["lesion_id"].map(assigned))
    return rows.sort_values("image_id", ignore_index=True)


def split_by_image(frame: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """The paper's split: images shuffled, 10 % of them the test, whoever else shows the lesion.

    The paper drops rows without an age, and selects the model on the images that it reports
    (2.1.1 and 3.1.1). That last fault is not repeated: another 10 % are the validation.

    Returns:
        As `split_by_lesion`, but leaking.

    Raises:
        InputError: no row has an age; or a negative seed.
    """
    _check_seed(seed)
    rows = frame.loc[frame["age"].notna(), ["image_id", "lesion_id"]]
    if rows.empty:
        raise InputError("No row has an age, and the paper's split leaves out such rows.")
    rows = rows.sort_values("image_id", ignore_index=True)
    tenth = round(len(rows) / 10)
    order = np.random.default_rng(seed).permutation(len(rows))
    side = np.full(len(rows), "train", object)
    side[order[:tenth]], side[order[tenth : 2 * tenth]] = "test", "validation"
    return rows.assign(split=side)


def crossing_lesions(split: pd.DataFrame) -> list[str]:
    """Lesions with images in more than one split; empty: none that is known is."""
    sides = split.groupby("lesion_id")["split"].nunique()
    return sorted(sides.index[sides > 1])


def read_split(path: Path, *, may_leak: bool = False) -> pd.DataFrame:
    """Read a ``split.csv``; no lesion id may be on two sides, unless the split is known to leak.

    Raises:
        InputError: missing or damaged file, or a lesion on two sides.
    """
    try:
        with open_regular(path) as stream:
            split = read_values(stream)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be read as a split: {error}") from error
    if (
        list(split.columns) != ["image_id", "lesion_id", "split"]
        or not split["split"].isin(SPLITS).all()
    ):
        raise InputError(f"{path} is not a split: it needs image_id, lesion_id and split.")
    if absent := sorted(set(SPLITS) - set(split["split"])):
        raise InputError(f"{path} has no {' and no '.join(absent)} images.")
    leaks = crossing_lesions(split)
    if leaks and not may_leak:
        raise InputError(f"{path} leaks: {len(leaks)} lesions are on two sides, first {leaks[0]}.")
    return split


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise InputError(f"Seed {seed} is negative. Give 0 or a positive number.")
