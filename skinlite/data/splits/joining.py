"""Join what shows one lesion before anything is split: `join_same`, and what it tells of it."""

import warnings
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from skinlite.data.dataset import Dataset
from skinlite.data.splits.known_pairs import (
    Links,
    Pairs,
    chains,
    identical_files,
    join_known,
    join_lesions,
    join_patients,
    known_pairs,
    links,
)
from skinlite.errors import InputError, SkinliteWarning


class Joined(BaseModel):
    """Lesions that were joined because images of theirs show one lesion.

    Attributes:
        lesion_ids: that were joined; an image without one counts as its own.
        lesions: that they are.
        several_diagnoses: lesions of those with several diagnoses.
        known_pairs: of images, that `skinlite.data.splits.known_pairs` knows.
        identical_files: images that are byte for byte the same as one with another lesion id.
        handed: pairs of images from the file that was handed in.
        handed_from: its name; None where none was.
    """

    model_config = ConfigDict(frozen=True)

    lesion_ids: int
    lesions: int
    several_diagnoses: int = 0
    known_pairs: int
    identical_files: int
    handed: int = 0
    handed_from: str | None = None

    def __str__(self) -> str:
        sources = (
            (self.known_pairs, "known pairs of images"),
            (self.identical_files, "identical files"),
            (self.handed, f"pairs of {self.handed_from}"),
        )
        text = ", ".join(f"{count:,} {what}" for count, what in sources if count)
        if self.several_diagnoses:
            text += f"; {self.several_diagnoses:,} of them with several diagnoses"
        return f"{self.lesion_ids:,} lesion ids joined to {self.lesions:,} lesions ({text})"


def join_same(
    dataset: Dataset, handed: Pairs | None = None, together: Links = ()
) -> tuple[Dataset, Joined]:
    """Give images of one lesion one ``lesion_id``: known pairs, identical files, pairs handed in.

    Args:
        dataset: all that is to be divided.
        handed: pairs of the user's.
        together: pairs of images that are one lesion for another reason.

    Raises:
        InputError: all pairs handed in are of other images.
    """
    frame = dataset.frame
    before = frame.get("table_lesion_id", frame["lesion_id"])
    before = before.mask(before == "", frame["image_id"])
    frame = frame.assign(lesion_id=before)  # what was joined by patient is joined again below
    lesion = dict(zip(frame["image_id"], frame["lesion_id"], strict=True))
    files = [
        group
        for group in identical_files(dict(zip(frame["image_id"], frame["path"], strict=True)))
        if len({lesion[name] for name in group}) > 1
    ]
    mine = links(frame, handed.images) if handed else []
    if handed:
        _tell(handed, len(mine), dataset)
    lesions = join_known(frame)
    known = frame.assign(lesion_id=lesions)
    lesions = join_lesions(
        lesions,
        [
            *links(known, chains(files)),
            *links(known, handed.images if handed else ()),
            *links(known, together),
        ],
    )
    ids = before.groupby(lesions).nunique()
    joined = Joined(
        lesion_ids=int(ids[ids > 1].sum()),
        lesions=int((ids > 1).sum()),
        several_diagnoses=int((frame["dx"].groupby(lesions).nunique() > 1).sum()),
        known_pairs=len(links(frame, known_pairs().images)),
        identical_files=sum(map(len, files)),
        handed=len(mine),
        handed_from=handed.name if handed else None,
    )
    frame = frame.assign(lesion_id=lesions)
    return replace(dataset, frame=frame.assign(lesion_id=join_patients(frame))), joined


def _tell(handed: Pairs, used: int, dataset: Dataset) -> None:
    absent = len(handed.images) - used
    if absent and not used:
        a, b = handed.images[0]
        raise InputError(
            f"{handed.name}: none of its {absent} pairs has its images in {dataset.root}; the "
            f"first pair is {a} and {b}. Give the file that was made for this data set."
        )
    reasons = []
    if handed.ignored:
        reasons.append(f"{handed.ignored} because their relation isn't the same lesion or file")
    if absent:
        reasons.append(f"{absent} because their images aren't in the data set")
    if reasons:
        warnings.warn(
            f"{handed.name}: {used} pairs are joined; left out are {', '.join(reasons)}.",
            SkinliteWarning,
            stacklevel=4,
        )
