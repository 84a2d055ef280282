"""Accuracy of every contestant on the same images of a data set, from one set of predictions."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skinlite.data.cache import pixels_of
from skinlite.data.dataset import Dataset, read_dataset
from skinlite.data.geometry import Shaping, load_image
from skinlite.data.patient import PatientEncoder, patients_of
from skinlite.data.splits.leakage import conclude, leaks_between, measure_leakage
from skinlite.data.splits.leaks import Leaks
from skinlite.data.splits.same_lesion import join_known
from skinlite.data.splits.split_protocols import adopt_split, join
from skinlite.errors import InputError
from skinlite.training.run import Run
from skinlite.vocabulary import CLASSES
from skinlite_benchmarks.contestants.find import Entry
from skinlite_benchmarks.contestants.theirs import check_classes
from skinlite_benchmarks.measure.host import cores
from skinlite_benchmarks.measure.interleave import Report
from skinlite_benchmarks.measure.their_predictions import predict_theirs
from skinlite_benchmarks.results.accuracy import measured
from skinlite_benchmarks.results.records import Accuracy
from skinlite_export.runtime.model_inputs import patients_for, pixels_for
from skinlite_export.runtime.runner import load_runner, predict_all

MAY_HAVE_TRAINED = Leaks(
    state="unknown",
    reason="the evaluation set may have trained it: what it was trained on isn't in a file",
)
"""Of every file of somebody else's whose split nobody knows."""


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


def choose_images(
    dataset: Dataset,
    runs: Sequence[Run],
    entries: Sequence[Entry] = (),
    split: Path | None = None,
) -> EvaluationSet:
    """The test split of the runs; the whole of a data set that none of them knows.

    Args:
        dataset: that the images are of.
        runs: whose test split may judge.
        entries: whom they judge.
        split: CSV file with the columns image_id and split, of the images that trained files of
            others; None: nobody knows them.

    Raises:
        InputError: the runs have different test splits, the data set has a part of their images
            only, an entry comes from another run or has other classes, or ``split`` is none, or
            holds out none of these images.
    """
    chosen = _choose_images(dataset, runs, entries)
    return chosen if split is None else _held_out(chosen, dataset, entries, split)


def _held_out(
    chosen: EvaluationSet, dataset: Dataset, entries: Sequence[Entry], split: Path
) -> EvaluationSet:
    """Those images that didn't train files of others either."""
    if not any(entry.contestant.feed for entry in entries):
        raise InputError(
            f"{split} says which images trained a file of somebody else's, and none that has a "
            "feed takes part. Give its feed too, or leave `split` out."
        )
    known = adopt_split(split, dataset)
    ids = chosen.dataset.frame["image_id"]
    both = ids[ids.isin(known.loc[known["split"] == "test", "image_id"])]
    if both.empty:
        raise InputError(
            f"{split} has none of the {len(ids):,} images that judge among its test images, so "
            "that none is held out for all. Benchmark these models separately."
        )
    kept = chosen.dataset.select(both)
    known = known[(known["split"] != "test") | known["image_id"].isin(both)]
    joined = known.assign(lesion_id=join_known(known))
    notice = f"{len(both):,} of {len(ids):,} images judge: those that {split.name} holds out."
    return replace(
        chosen,
        dataset=kept,
        notice=f"{chosen.notice} {notice}".strip(),
        theirs=conclude(
            measure_leakage(joined, dataset.frame), kept.frame, joined=None, two_sets=False
        ),
    )


def _choose_images(
    dataset: Dataset, runs: Sequence[Run], entries: Sequence[Entry]
) -> EvaluationSet:
    for entry in entries:
        if entry.contestant.feed:
            check_classes(entry.path, entry.contestant.feed)
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
        if entry.contestant.trained and entry.model_sha256 and _run_of(entry, runs) is None:
            raise InputError(
                f"{entry.path} doesn't come from {' or '.join(str(run.path) for run in runs)} as "
                "it is now, so it may have been trained on the test images. Give its own run "
                "with --model, or export again."
            )
    apart = runs[0].info.split.test_data
    if apart and not ids[0] <= set(dataset.frame["image_id"]):
        dataset = join(dataset, read_dataset(Path(apart)))
    test = splits[0].loc[splits[0]["split"] == "test", "image_id"]
    return EvaluationSet(dataset.select(test), "test", tuple(runs))


def score(
    entries: Sequence[Entry],
    evaluation_set: EvaluationSet,
    report: Report,
    reference: str | None = None,
) -> tuple[dict[str, Accuracy], list[str]]:
    """Let every trained contestant predict every image, once.

    Args:
        entries: whom the images judge.
        evaluation_set: the images.
        report: progress.
        reference: name of the baseline, with which files of others agree, if it is one of them.

    Returns:
        Accuracy by the contestant's name, and why others have none.
    """
    judge = _Judge(entries, evaluation_set, reference)
    accuracies: dict[str, Accuracy] = {}
    images = len(evaluation_set.dataset.frame)
    judged = [entry for entry in entries if entry.contestant.trained is not False]
    for number, entry in enumerate(judged):
        name = entry.contestant.name
        report(f"testing on {images:,} images: {name}", number, len(judged) + 1)
        found = judge.theirs(entry) if entry.inspection else judge.ours(entry)
        if found:
            accuracies[name] = found
    return accuracies, judge.reasons


class _Judge:
    """One set of predictions of each contestant, and why some have none (``reasons``)."""

    def __init__(
        self, entries: Sequence[Entry], evaluation_set: EvaluationSet, reference: str | None
    ) -> None:
        self.reasons: list[str] = []
        self._entries, self._set, self._reference = entries, evaluation_set, reference
        self._predictions: dict[tuple[Path, str], NDArray[np.float32]] = {}
        frame = evaluation_set.dataset.frame
        self._labels = frame["dx"].map(CLASSES.index).to_numpy(np.intp)
        self._lesions = frame["lesion_id"].to_numpy(object)

    def ours(self, entry: Entry) -> Accuracy | None:
        """Of a file or run of skinlite's, beside its float model."""
        name, runs = entry.contestant.name, self._set.runs
        run = _run_of(entry, runs)
        encoder = entry.encoder or (run.encoder() if run else None)
        if encoder is None:
            self.reasons.append(
                f"{name} was not tested for accuracy: a single file doesn't say how metadata is "
                "encoded. Give its run with --model RUN, or its bundle."
            )
            return None
        if runs and run is None:
            self.reasons.append(
                f"{name} comes from none of the runs given by --model: it may have been trained "
                "on the test images."
            )
        exported = self._predict(entry.path, entry.contestant.runtime, encoder, entry.shaping)
        float_model = (run.path, "keras") if run else _float_twin(entry, self._entries)
        return measured(
            self._labels,
            exported,
            None if float_model is None else self._predict(*float_model, encoder, entry.shaping),
            self._lesions,
            images=self._set.pictures,
            leaks=_leaks(run, self._set),
        )

    def theirs(self, entry: Entry) -> Accuracy | None:
        """Of a file of somebody else's, beside the baseline if that is one too."""
        name = entry.contestant.name
        try:
            predicted = self._predict_theirs(entry)
        except InputError as error:  # the times stay
            self.reasons.append(f"{name} was not tested for accuracy: {error}")
            return None
        if predicted is None:
            self.reasons.append(
                f"{name} was not tested for accuracy: how it wants to be fed isn't in the file. "
                "skinlite inspect FILE --data DIR --feed feed.json finds it; give that with --feed."
            )
            return None
        compared = self._baseline() if name != self._reference else None
        return measured(
            self._labels,
            predicted,
            None,
            self._lesions,
            images="test" if self._set.theirs else "unknown",
            leaks=self._set.theirs or MAY_HAVE_TRAINED,
            baseline=compared,
        )

    def _baseline(self) -> tuple[str, NDArray[np.float32]] | None:
        """Name and predictions of the baseline, if it is a file of theirs that has a feed."""
        for entry in self._entries:
            if entry.contestant.name == self._reference:
                with suppress(InputError):  # it is told of the baseline itself
                    predicted = self._predict_theirs(entry)
                    return None if predicted is None else (self._reference, predicted)
        return None

    def _predict(
        self, path: Path, runtime: str, encoder: PatientEncoder, shaping: Shaping
    ) -> NDArray[np.float32]:
        if (path, runtime) not in self._predictions:
            predicted = _predictions(path, runtime, encoder, self._set.dataset, shaping)
            self._predictions[path, runtime] = predicted
        return self._predictions[path, runtime]

    def _predict_theirs(self, entry: Entry) -> NDArray[np.float32] | None:
        feed, key = entry.contestant.feed, (entry.path, entry.contestant.runtime)
        if entry.inspection is None or feed is None:
            return None
        if key not in self._predictions:
            predicted = predict_theirs(*key, entry.inspection, feed, self._set.dataset)
            self._predictions[key] = predicted
        return self._predictions[key]


def _leaks(run: Run | None, evaluation_set: EvaluationSet) -> Leaks:
    """What is known of lesions of the evaluation set's images that a contestant was trained on."""
    if run is None:
        return Leaks(
            state="unknown", reason="its run isn't given, so it is unknown what it was trained on"
        )
    if evaluation_set.pictures == "test":
        return run.leaks()
    return leaks_between(run.split(), evaluation_set.dataset.frame)


def _predictions(
    path: Path, runtime: str, encoder: PatientEncoder, dataset: Dataset, shaping: Shaping
) -> NDArray[np.float32]:
    runner = load_runner(path, cores(), runtime)
    runner.shaping = shaping
    frame = dataset.frame
    height, width = runner.signature.height_width
    images = (
        pixels_of(dataset, height, width, shaping=shaping)
        if height == width
        # A file that resizes takes large frames, which aren't worth keeping.
        else (pixels_for(runner, load_image(path)) for path in frame["path"])
    )
    return predict_all(runner, images, patients_for(runner, patients_of(frame), encoder))


def _run_of(entry: Entry, runs: Sequence[Run]) -> Run | None:
    """The run that a contestant comes from; a bare file's is the only one there is."""
    if entry.model_sha256 is None:
        return runs[0] if len(runs) == 1 else None
    return next((run for run in runs if run.model_sha256() == entry.model_sha256), None)


def _float_twin(entry: Entry, entries: Sequence[Entry]) -> tuple[Path, str] | None:
    """A contestant with the same weights in float32, which predicts as the Keras model does."""
    for other in entries:
        same = other.model_sha256 is not None and other.model_sha256 == entry.model_sha256
        if same and other.contestant.format == "float32":
            return other.path, other.contestant.runtime
    return None
