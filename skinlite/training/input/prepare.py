"""From a data set to what a training or an evaluation consumes: split, encoder, examples."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from skinlite.data.cache import pixels_of
from skinlite.data.dataset import Dataset
from skinlite.data.examples import Examples, make_examples
from skinlite.data.patient import NO_PATIENT, PatientEncoder
from skinlite.data.preprocessing import Shaping
from skinlite.data.splits.split_by_lesion import SPLITS
from skinlite.data.splits.split_protocols import SplitInfo, divide, divide_again
from skinlite.training.runs.run import Run


@dataclass(frozen=True)
class Prepared:
    """A data set made ready for the network.

    Attributes:
        dataset: where it came from; its lesions are those that are known today.
        split: image_id, lesion_id, split; its lesions are those that were known when it was made.
        encoder: fitted on the training rows.
        examples: by split name.
        split_info: the kind of split, and what leaks in it.
        shaping: how images got their size.
    """

    dataset: Dataset
    split: pd.DataFrame
    encoder: PatientEncoder
    examples: dict[str, Examples]
    split_info: SplitInfo = field(default_factory=SplitInfo)
    shaping: Shaping = "crop"

    def rows(self, split: str) -> pd.DataFrame:
        """The data set's rows of the images in ``examples[split]``."""
        return self.dataset.select(self.split.loc[self.split["split"] == split, "image_id"]).frame


def prepare(
    dataset: Dataset,
    image_size: int,
    seed: int,
    advance: Callable[[], None] = lambda: None,
    *,
    split: str = "lesion",
    test_data: Path | None = None,
    same_lesion: Path | None = None,
    encoder: PatientEncoder | None = None,
    shaping: Shaping = "crop",
) -> Prepared:
    """Split, fit the encoder on the training rows, decode every image once.

    Args:
        dataset: all of it.
        image_size: height and width, pixels.
        seed: of the split.
        advance: called once a decoded image.
        split: see `divide`.
        test_data: see `divide`.
        same_lesion: see `divide`.
        encoder: of the patients; None: fitted on the training rows, unless the data set has none.
        shaping: how images get their size.
    """
    division = divide(dataset, split, seed=seed, test_data=test_data, same_lesion=same_lesion)
    dataset, rows = division.dataset, division.split
    train = dataset.select(rows.loc[rows["split"] == "train", "image_id"])
    if encoder is None and not dataset.takes_metadata:
        encoder = NO_PATIENT
    encoder = encoder or PatientEncoder.fit(train.frame, dataset.metadata_columns)
    examples = _examples(dataset, rows, encoder, image_size, advance, shaping)
    return Prepared(dataset, rows, encoder, examples, division.info, shaping)


def prepare_again(
    run: Run,
    dataset: Dataset,
    advance: Callable[[], None] = lambda: None,
    *,
    image_size: int | None = None,
) -> Prepared:
    """The same for a run that has its split and encoder already; see `divide_again`.

    Args:
        run: whose split and encoder.
        dataset: all of it.
        advance: called once a decoded image.
        image_size: height and width, pixels; default: the run's.
    """
    split, encoder = run.split(), run.encoder()
    division = divide_again(dataset, split, run.info.split)
    dataset = division.dataset
    size, shaping = image_size or run.info.network.image_size, run.info.network.shaping
    examples = _examples(dataset, split, encoder, size, advance, shaping)
    return Prepared(dataset, split, encoder, examples, division.info, shaping)


def all_examples(
    dataset: Dataset,
    encoder: PatientEncoder,
    image_size: int,
    advance: Callable[[], None] = lambda: None,
    shaping: Shaping = "crop",
) -> Examples:
    """Every row of a data set, for an encoder that is fitted already."""
    pixels = pixels_of(dataset, image_size, image_size, advance, shaping)
    return make_examples(dataset.frame, pixels, encoder, dataset.classes)


def _examples(
    dataset: Dataset,
    split: pd.DataFrame,
    encoder: PatientEncoder,
    image_size: int,
    advance: Callable[[], None],
    shaping: Shaping,
) -> dict[str, Examples]:
    # One array for the whole set, in the split's order (by image id), so that every split and
    # every later command finds the same file in the cache.
    images = dataset.select(split["image_id"])
    everything = all_examples(images, encoder, image_size, advance, shaping)
    return {
        name: everything.take((split["split"] == name).to_numpy().nonzero()[0]) for name in SPLITS
    }
