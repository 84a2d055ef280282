"""Which images train and which judge: the kinds of split."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import ConfigDict

from skinlite.data.dataset import Dataset, read_like
from skinlite.data.layouts.text import read_values
from skinlite.data.splits.count_leaks import Leakage, conclude, measure_leakage
from skinlite.data.splits.joining import Joined, join_same
from skinlite.data.splits.known_pairs import pairs_within, read_pairs
from skinlite.data.splits.leaks import OLDER, Leaks, MayLeak
from skinlite.data.splits.split_by_lesion import SPLITS, split_by_image, split_by_lesion
from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.read_write import open_regular

SplitKind = Literal["lesion", "paper", "official", "file", "unknown"]
"""``unknown``: by lesion, for a network that was trained elsewhere on nobody knows which images."""

ELSEWHERE = Leaks(
    state="unknown",
    reason="the network was trained elsewhere, and nobody named the images that trained it",
)


class SplitInfo(MayLeak):
    """What has to be said of a split wherever its numbers stand.

    Attributes:
        leaky: whether some lesion is on two sides, so that every figure is an upper bound.
        leaks: what is known of that: found, none found, or unknown and why.
        leakage: the count of the lesions that are known.
        joined: lesion ids that were joined before.
    """

    model_config = ConfigDict(frozen=True)

    kind: SplitKind = "lesion"
    leakage: Leakage | None = None
    joined: Joined | None = None
    test_data: str | None = None

    @classmethod
    def _counted(cls, given: dict[str, Any]) -> str:
        leakage = given.get("leakage")
        return str(Leakage.model_validate(leakage)) if leakage else super()._counted(given)


@dataclass(frozen=True)
class Division:
    """A data set divided: image_id, lesion_id and split of all of its images that are used."""

    dataset: Dataset
    split: pd.DataFrame
    info: SplitInfo


def divide(
    dataset: Dataset,
    how: str,
    *,
    seed: int,
    test_data: Path | None = None,
    same_lesion: Path | None = None,
) -> Division:
    """Divide a data set, lesions joined that are known to be one (`skinlite.data.splits.joining`).

    Args:
        dataset: all of it.
        how: ``lesion``; ``unknown``, the same for a network that was trained elsewhere; ``paper``,
            by image and without the rows that have no age; ``official``, all of it for training
            and validation, another folder for the test; or a CSV file.
        seed: of what is drawn.
        test_data: ISIC 2018's test folder, for ``official``.
        same_lesion: a CSV file with pairs of images that show one lesion.

    Raises:
        InputError: no such split, a class that can't be learned, images on both sides, or a
            file of pairs that is none or belongs to another data set.
    """
    if (how == "official") != (test_data is not None):
        raise InputError(
            "`split='official'` is tested on the folder of `test_data`; other splits have no "
            "`test_data`."
        )
    _check_classes(dataset)
    handed = read_pairs(same_lesion) if same_lesion else None
    own = dataset.frame["image_id"]
    if test_data:
        try:
            test = read_beside(dataset, test_data)
        except InputError as error:
            raise InputError(f"`test_data`: {error}") from error
        dataset = join(dataset, test)
    dataset, joined = join_same(dataset, handed)
    frame = dataset.frame
    kind: SplitKind
    if how == "lesion" or how == "unknown":
        kind = "lesion" if how == "lesion" else "unknown"
        split = split_by_lesion(frame, seed=seed)
    elif how == "paper":
        kind, split = "paper", split_by_image(frame, seed=seed)
    elif test_data:
        training = frame["image_id"].isin(own)
        kind, split = "official", split_by_lesion(frame[training], seed=seed, test=0)
        held_out = frame.loc[~training, ["image_id", "lesion_id"]].assign(split="test")
        split = pd.concat([split, held_out]).sort_values("image_id", ignore_index=True)
    else:
        kind, split = "file", adopt_split(Path(how), dataset)
    info = _judged(
        SplitInfo(
            kind=kind,
            joined=joined,
            test_data=str(test_data.resolve()) if test_data else None,
        ),
        split,
        dataset,
    )
    _check_sides(split, dataset)
    return Division(dataset, split, info)


def divide_again(dataset: Dataset, split: pd.DataFrame, info: SplitInfo) -> Division:
    """The division of a run that has its split already, with what is known of lesions today.

    What its split keeps together is one lesion, and so is what was found since: then the run may
    be known to leak, and says so.

    Args:
        dataset: that the run was trained on; of ``official`` without the test.
        split: image_id, lesion_id, split.
        info: as the run has it.
    """
    if info.test_data:
        dataset = join(dataset, read_beside(dataset, info.test_data))
    together = pairs_within(split["image_id"], split["lesion_id"])
    dataset, joined = join_same(dataset, together=together)
    lesions = dataset.frame.set_index("image_id")["lesion_id"]
    known = split.assign(lesion_id=split["image_id"].map(lesions).fillna(split["lesion_id"]))
    if info.leaks == OLDER:
        info = info.model_copy(update={"joined": joined})
    if not info.leaky:  # the table, too, may name more lesions or fewer than the training's did
        info = _judged(info, known, dataset)
    return Division(dataset, split, info)


def _judged(info: SplitInfo, split: pd.DataFrame, dataset: Dataset) -> SplitInfo:
    """The info with what leaks, and what is known of it."""
    leakage = measure_leakage(split, dataset.frame, dataset.classes)
    frame = dataset.frame[dataset.frame["image_id"].isin(split["image_id"])]
    leaks = conclude(leakage, frame, joined=info.joined, two_sets=info.kind == "official")
    if info.kind == "unknown":
        leaks = ELSEWHERE
    fields = {"leakage": leakage, "leaks": leaks, "leaky": leaks.state == "found"}
    return info.model_copy(update=fields)


def read_beside(dataset: Dataset, source: Path | str) -> Dataset:
    """Another data set with the classes of the first; see `read_like`."""
    return read_like(
        source,
        dataset.classes,
        dataset.label_column,
        dataset.label_map,
        dataset.metadata_columns,
    )


def join(dataset: Dataset, test: Dataset) -> Dataset:
    """A data set with another's images added.

    Raises:
        InputError: an image is in both.
    """
    both = sorted(set(dataset.frame["image_id"]) & set(test.frame["image_id"]))
    if both:
        raise InputError(
            f"{len(both)} images of {test.root} are in {dataset.root} too, first {both[0]}. "
            "Test on a separate folder."
        )
    if test.classes != dataset.classes:
        raise InputError(
            f"{test.root} has the classes {', '.join(test.classes.codes)}, {dataset.root} "
            f"{', '.join(dataset.classes.codes)}. Give both by the same `classes`."
        )
    return replace(dataset, frame=pd.concat([dataset.frame, test.frame], ignore_index=True))


def adopt_split(path: Path, dataset: Dataset) -> pd.DataFrame:
    """A user's split; which lesion an image shows is the data set's word, not the file's.

    Raises:
        InputError: no such file, no split, or images that the data set lacks.
    """
    try:
        with open_regular(path) as stream:
            given = read_values(stream)
    except (InputError, OSError, ValueError) as error:
        raise InputError(
            f"`split={path}`: neither lesion, paper or official, nor a CSV file ({error})."
        ) from error
    if not {"image_id", "split"} <= set(given) or not given["split"].isin(SPLITS).all():
        raise InputError(
            f"{path} is not a split: it needs the columns image_id and split, and in the latter "
            f"{', '.join(SPLITS)}."
        )
    twice = given.loc[given["image_id"].duplicated(), "image_id"]
    if len(twice):
        raise InputError(f"{path} has {len(twice)} images twice, first {twice.iloc[0]}.")
    known = dataset.select(given["image_id"].sort_values()).frame[["image_id", "lesion_id"]]
    return known.assign(split=known["image_id"].map(given.set_index("image_id")["split"]))


def _check_classes(dataset: Dataset) -> None:
    absent = [name for name in dataset.classes.codes if name not in set(dataset.frame["dx"])]
    if absent:
        raise InputError(
            f"{dataset.root} has no image of {', '.join(absent)}. The network predicts "
            f"{len(dataset.classes)} classes and has to see each of them: add images, or leave "
            "these out of `classes`."
        )


def _check_sides(split: pd.DataFrame, dataset: Dataset) -> None:
    """Refuse a class that can't be learned; tell of one that can't be judged."""
    classes = split["image_id"].map(dataset.frame.set_index("image_id")["dx"])
    for side in SPLITS:
        present = set(classes[split["split"] == side])
        absent = [name for name in dataset.classes.codes if name not in present]
        if absent and (side == "train" or not present):
            raise InputError(
                f"The split's {side} images lack {', '.join(absent)}: they could not be learned "
                "or evaluated. Move some there, or use `split='lesion'`."
            )
        if absent:
            warnings.warn(
                f"The split's {side} images lack {', '.join(absent)}: means over classes leave "
                "these out.",
                SkinliteWarning,
                stacklevel=3,
            )
