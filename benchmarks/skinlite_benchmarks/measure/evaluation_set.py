"""Which images judge: a data set with the models' classes, and of it the runs' held-out images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from skinlite.api.data import dataset_of
from skinlite.data.dataset import Dataset, read_dataset, read_like
from skinlite.data.splits.leaks import Leaks
from skinlite.data.splits.split_protocols import join, read_beside
from skinlite.errors import InputError
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.entry import Entry
from skinlite_benchmarks.candidates.third_party import check_classes
from skinlite_export.metadata.check import version_of


@dataclass(frozen=True)
class EvaluationSet:
    """The images that judge, and the runs that know what was trained on.

    Attributes:
        dataset: the rows that judge.
        pictures: ``test``, the runs' held-out split, or ``all``.
        runs: that contestants come from, as far as named.
        notice: what a reader has to know of the choice; empty where nothing.
        theirs: what is known of the leaks of files of others, if it is known what trained them.
    """

    dataset: Dataset
    pictures: Literal["test", "all"]
    runs: tuple[Run, ...]
    notice: str = ""
    theirs: Leaks | None = None


def read_images(
    data: Path | None,
    runs: Sequence[Run],
    entries: Sequence[Entry] = (),
    *,
    label_column: str | None = None,
    label_map: Path | None = None,
) -> Dataset:
    """The data set that judges, with the classes of the runs, or of a bundle, or its own.

    Args:
        data: its folder; None: the first run's.
        runs: that know how their labels are read.
        entries: whom it judges.
        label_column: how labels are read where no run says it; see `read_dataset`.
        label_map: likewise.

    Raises:
        InputError: it can't be read, or has other labels.
    """
    if runs:
        if label_column or label_map:
            raise InputError(
                "A run knows how its labels are read: leave out `label_column` and `label_map`."
            )
        return dataset_of(data, runs[0].info)
    assert data is not None
    if label_column or label_map:
        return read_dataset(data, label_column=label_column, label_map=label_map)
    for entry in entries:
        if entry.classes:
            names = entry.encoder.names if entry.encoder else ()
            return read_like(data, entry.classes, entry.label_column, entry.label_map, names)
    return read_dataset(data)


def choose_images(
    dataset: Dataset, runs: Sequence[Run], entries: Sequence[Entry] = ()
) -> EvaluationSet:
    """The test split of the runs; the whole of a data set that none of them knows.

    Args:
        dataset: that the images are of.
        runs: whose test split may judge.
        entries: whom they judge.

    Raises:
        InputError: the runs have different test splits, the data set has a part of their images
            only, or an entry comes from another run or has other classes.
    """
    check_same_classes(dataset, runs, entries)
    for entry in entries:
        if entry.contestant.feed:
            check_classes(entry.path, entry.contestant.feed, dataset.classes.codes)
    if not runs and entries and all(entry.inspection for entry in entries):
        return EvaluationSet(dataset, "all", (), f"Tested on all of {dataset.root.name}.")
    if not runs:
        notice = (
            f"Tested on all of {dataset.root.name}. The model may have been trained on some of "
            f"these images; then accuracy looks better than it is. Give the run with --model RUN "
            f"to test on its held-out images."
        )
        return EvaluationSet(dataset, "all", (), notice)
    splits = [run.split() for run in runs]
    ids = [set(split.loc[split["split"] == "test", "image_id"]) for split in splits]
    for run, other in zip(runs, ids, strict=True):
        if other != ids[0]:
            raise InputError(
                f"{runs[0].path} and {run.path} have different test splits, so no images test "
                "both fairly. Benchmark their models separately, or train with the same split."
            )
    known = set().union(*(split["image_id"] for split in splits))
    if known.isdisjoint(dataset.frame["image_id"]):
        notice = f"Tested on {dataset.root.name}; none of its images is in the runs' splits."
        return EvaluationSet(dataset, "all", tuple(runs), notice)
    for entry in entries:
        if entry.contestant.trained and entry.model_sha256 and run_of(entry, runs) is None:
            raise InputError(
                f"{entry.path} doesn't come from {' or '.join(str(run.path) for run in runs)} as "
                "it is now, so it may have been trained on the test images. Give its own run "
                "with --model, or export again."
            )
    apart = runs[0].info.split.test_data
    if apart and not ids[0] <= set(dataset.frame["image_id"]):
        dataset = join(dataset, read_beside(dataset, apart))
    test = splits[0].loc[splits[0]["split"] == "test", "image_id"]
    return EvaluationSet(dataset.select(test), "test", tuple(runs))


def check_same_classes(dataset: Dataset, runs: Sequence[Run], entries: Sequence[Entry]) -> None:
    """Refuse images that are labelled with other classes than a model's.

    Raises:
        InputError: names the model, and both lists of classes.
    """
    known = [(run.path, run.info.classes) for run in runs]
    known += [(entry.path, entry.classes) for entry in entries if entry.classes]
    for path, classes in known:
        if classes.codes != dataset.classes.codes:
            raise InputError(
                f"{path} predicts {', '.join(classes.codes)}, and the images of {dataset.root} are "
                f"labelled with {', '.join(dataset.classes.codes)}: their accuracy can't be "
                "measured. Give images with its classes (`label_column`), or measure it apart."
            )


def run_of(entry: Entry, runs: Sequence[Run]) -> Run | None:
    """The run that a contestant comes from; of a bare file, by what its metadata say."""
    if entry.model_sha256 is not None:
        return next((run for run in runs if run.model_sha256() == entry.model_sha256), None)
    start = version_of(entry.path) if runs else ""
    return next((run for run in runs if start and run.model_sha256().startswith(start)), None)
