"""Which pictures train and which judge: the kinds of split that ``--split`` offers."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from skinlite.data.dataset import Dataset, read_dataset
from skinlite.data.leakage import Leakage, measure_leakage
from skinlite.data.split import SPLITS, split_by_image, split_by_lesion
from skinlite.errors import InputError, SkinliteWarning
from skinlite.files import open_regular
from skinlite.vocabulary import CLASSES

SplitKind = Literal["lesion", "paper", "official", "file"]


class SplitInfo(BaseModel):
    """What has to be said of a split wherever its numbers stand.

    ``leaky``: some lesion is on two sides, so that every figure is an upper bound.
    """

    model_config = ConfigDict(frozen=True)

    kind: SplitKind = "lesion"
    leaky: bool = False
    leakage: Leakage | None = None
    test_data: str | None = None


@dataclass(frozen=True)
class Division:
    """A data set divided: image_id, lesion_id and split of all of its pictures that are used."""

    dataset: Dataset
    split: pd.DataFrame
    info: SplitInfo


def divide(dataset: Dataset, how: str, *, seed: int, test_data: Path | None = None) -> Division:
    """Divide a data set.

    Args:
        dataset: all of it.
        how: ``lesion``; ``paper``, by image and without the rows that have no age; ``official``,
            all of it for training and validation, another folder for the test; or a CSV file.
        seed: of what is drawn.
        test_data: ISIC 2018's test folder, for ``official``.

    Raises:
        InputError: no such split, a class that can't be learned, or pictures on both sides.
    """
    if (how == "official") != (test_data is not None):
        raise InputError(
            "--split official is tested on the folder that --test-data names; "
            "other splits take no --test-data."
        )
    _check_classes(dataset)
    kind: SplitKind
    if how == "lesion":
        kind, split = "lesion", split_by_lesion(dataset.frame, seed=seed)
    elif how == "paper":
        kind, split = "paper", split_by_image(dataset.frame, seed=seed)
    elif test_data:
        kind, split = "official", split_by_lesion(dataset.frame, seed=seed, test=0)
        try:
            test = read_dataset(test_data)
        except InputError as error:
            raise InputError(f"--test-data: {error}") from error
        dataset = join(dataset, test)
        held_out = test.frame[["image_id", "lesion_id"]].assign(split="test")
        split = pd.concat([split, held_out]).sort_values("image_id", ignore_index=True)
    else:
        kind, split = "file", _adopt(Path(how), dataset)
    leakage = measure_leakage(split, dataset.frame)
    info = SplitInfo(
        kind=kind,
        leaky=leakage.crossing_lesions > 0,
        leakage=leakage,
        test_data=str(test_data.resolve()) if test_data else None,
    )
    _check_sides(split, dataset.frame)
    return Division(dataset, split, info)


def join(dataset: Dataset, test: Dataset) -> Dataset:
    """A data set with another's pictures added.

    Raises:
        InputError: a picture is in both.
    """
    both = sorted(set(dataset.frame["image_id"]) & set(test.frame["image_id"]))
    if both:
        raise InputError(
            f"{len(both)} pictures of {test.root} are in {dataset.root} too, first {both[0]}. "
            "Test on a folder of its own."
        )
    return Dataset(pd.concat([dataset.frame, test.frame], ignore_index=True), dataset.root)


def _adopt(path: Path, dataset: Dataset) -> pd.DataFrame:
    """A user's split; which lesion a picture shows is the data set's word, not the file's."""
    try:
        with open_regular(path) as stream:
            given = pd.read_csv(stream, dtype=str, keep_default_na=False)
    except (InputError, OSError, ValueError) as error:
        raise InputError(
            f"--split {path}: neither lesion, paper or official, nor a CSV file ({error})."
        ) from error
    if not {"image_id", "split"} <= set(given) or not given["split"].isin(SPLITS).all():
        raise InputError(
            f"{path} is not a split: it needs the columns image_id and split, and in the latter "
            f"{', '.join(SPLITS)}."
        )
    twice = given.loc[given["image_id"].duplicated(), "image_id"]
    if len(twice):
        raise InputError(f"{path} names {len(twice)} pictures twice, first {twice.iloc[0]}.")
    known = dataset.select(given["image_id"].sort_values()).frame[["image_id", "lesion_id"]]
    return known.assign(split=known["image_id"].map(given.set_index("image_id")["split"]))


def _check_classes(dataset: Dataset) -> None:
    absent = [name for name in CLASSES if name not in set(dataset.frame["dx"])]
    if absent:
        raise InputError(
            f"{dataset.root} has no picture of {', '.join(absent)}. The network answers seven "
            "classes, and has to see each of them: add pictures, of HAM10000 for instance."
        )


def _check_sides(split: pd.DataFrame, frame: pd.DataFrame) -> None:
    """Refuse a class that can't be learned; tell of one that can't be judged."""
    classes = split["image_id"].map(frame.set_index("image_id")["dx"])
    for side in SPLITS:
        present = set(classes[split["split"] == side])
        absent = [name for name in CLASSES if name not in present]
        if absent and (side == "train" or not present):
            raise InputError(
                f"The split's {side} pictures lack {', '.join(absent)}: nothing could be learned "
                "or judged of that. Move some there, or use --split lesion."
            )
        if absent:
            warnings.warn(
                f"The split's {side} pictures lack {', '.join(absent)}: means over classes leave "
                "it out.",
                SkinliteWarning,
                stacklevel=3,
            )
