"""Where calibration images come from: the training split, or a data set of the user's own.

Never from what judges the file: ranges fitted to the test images would flatter it.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from skinlite.classes import HAM10000, ClassList
from skinlite.data.dataset import Dataset
from skinlite.data.examples import Examples
from skinlite.data.splits.count_leaks import leaks_between
from skinlite.data.splits.leaks import Leaks
from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared, all_examples

HELD_OUT = ("validation", "test")


@dataclass(frozen=True)
class Pool:
    """Images that may calibrate.

    Attributes:
        examples: N of them.
        image_ids: (N,), in their order.
        source: where they are from, in words.
        remedy: what to do about a class that they lack.
        leaks: what is known of lesions that calibrate and judge; None for the training split,
            where the split's own say it.
        classes: of the labels.
    """

    examples: Examples
    image_ids: pd.Series
    source: str
    remedy: str
    leaks: Leaks | None = None
    classes: ClassList = HAM10000


def training_pool(data: Prepared) -> Pool:
    """The training split, without lesions that are known to judge too.

    Of a split that a user states, these are left out: which images trained a network that came
    from elsewhere can't be changed. Of others, only lesions that are known since it was made.

    Raises:
        InputError: a lesion of it is held out by its id, too.
    """
    train = data.split[data.split["split"] == "train"]
    if data.split_info.kind != "file":
        check_lesions(data.split, train["lesion_id"])
    lesions = data.dataset.frame.set_index("image_id")["lesion_id"]
    judging = lesions[data.split.loc[data.split["split"] != "train", "image_id"]]
    apart = ~lesions[train["image_id"]].isin(judging).to_numpy()
    without = (
        ""
        if apart.all()
        else f" without {(~apart).sum()} images of lesions that are also in the held-out images"
    )
    return Pool(
        data.examples["train"].take(apart.nonzero()[0]),
        train.loc[apart, "image_id"],
        f"the training split{without}",
        "Draw more with `calibration_pictures`, or train on a data set with images of every class.",
        classes=data.dataset.classes,
    )


def folder_pool(
    data: Prepared, folder: Dataset, advance: Callable[[], None] = lambda: None
) -> Pool:
    """All of a data set of the user's own, without anything that is known to judge the file.

    Args:
        data: what the run was trained and is judged on.
        folder: whose images are to calibrate.
        advance: called once a decoded image.

    Raises:
        InputError: an image or a lesion that is held out, by id or by what it shows.
    """
    held_out = data.split[data.split["split"] != "train"]
    known = data.dataset.frame.set_index("image_id").loc[data.split["image_id"]]
    named = folder.frame.loc[folder.frame["table_lesion_id"] != "", "table_lesion_id"]
    calibrating = set(folder.frame["lesion_id"]).union(named)
    # By the ids of the run, by what is known today, and by those of the table.
    for ids in (data.split["lesion_id"], known["lesion_id"], known["table_lesion_id"]):
        check_lesions(data.split.assign(lesion_id=ids.to_numpy()), calibrating)
    shared = folder.frame.loc[folder.frame["image_id"].isin(held_out["image_id"]), "image_id"]
    size = data.examples["train"].pixels.shape[1]
    examples = all_examples(folder, data.encoder, size, advance, data.shaping)
    if shared.empty:
        judging = set().union(*(_identities(data.examples[name]) for name in HELD_OUT))
        same = [image in judging for image in _identities(examples)]
        shared = folder.frame.loc[same, "image_id"]
    if len(shared):
        raise InputError(
            f"{len(shared)} of the {len(examples)} images in {folder.root} are also used to test "
            f"the file: they are held out from training, the first is {shared.iloc[0]}. The "
            "measured figures would be too good. Remove them from the folder, or leave out "
            "`calibration`."
        )
    return Pool(
        examples,
        folder.frame["image_id"],
        folder.root.name,
        "Add images of every class to it, or leave out `calibration`: then the training split is "
        "used.",
        leaks_between(held_out.assign(split="train"), folder.frame),
        folder.classes,
    )


def check_lesions(split: pd.DataFrame, calibrating: Iterable[str]) -> None:
    """Prove that no lesion of the calibration images is one that is validated or tested on.

    Args:
        split: image_id, lesion_id, split.
        calibrating: lesions of the images that calibrate.

    Raises:
        InputError: names a lesion that is on both sides.
    """
    held_out = split.loc[split["split"] != "train"]
    shared = held_out.loc[held_out["lesion_id"].isin(list(calibrating))]
    if len(shared):
        first = shared.iloc[0]
        raise InputError(
            f"{shared['lesion_id'].nunique()} lesion(s) would be used both to calibrate and to "
            f"test the file; the first is {first['lesion_id']}, in {first['split']}. The measured "
            "figures would be too good. Calibrate with images of other lesions, and split by "
            "lesion; formats that need no calibration (`quantize='none'`, float16, dynamic) can be "
            "exported, and are labelled leaky."
        )


def _identities(examples: Examples) -> list[bytes]:
    """What each image shows, whatever it is called: a hash of its pixels."""
    return [hashlib.sha256(image.tobytes()).digest() for image in examples.images]
