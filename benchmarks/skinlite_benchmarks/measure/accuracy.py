"""Accuracy of every contestant on the same images of a data set, from one set of predictions."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skinlite.data.cache import pixels_of
from skinlite.data.dataset import Dataset
from skinlite.data.patient import PatientEncoder, patients_of
from skinlite.data.preprocessing import Shaping, load_image
from skinlite.data.splits.count_leaks import leaks_between
from skinlite.data.splits.leaks import Leaks
from skinlite.errors import InputError
from skinlite.progress import Report
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.entry import Entry
from skinlite_benchmarks.measure.evaluation_set import EvaluationSet, run_of
from skinlite_benchmarks.measure.host import cores
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
        try:
            found = judge.theirs(entry) if entry.inspection else judge.ours(entry)
        except InputError as error:  # such as NaN; the times stay
            judge.reasons.append(f"{name} was not tested for accuracy: {error}")
            continue
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
        self._labels = evaluation_set.dataset.classes.labels(frame["dx"])
        self._lesions = frame["lesion_id"].to_numpy(object)

    def ours(self, entry: Entry) -> Accuracy | None:
        """Of a file or run of skinlite's, beside its float model."""
        name, runs = entry.contestant.name, self._set.runs
        run = run_of(entry, runs)
        encoder = entry.encoder or (run.encoder() if run else None)
        if encoder is None:
            what = (
                "it doesn't say that it was exported from a run given by --model. Give"
                if runs
                else "a single file doesn't say how metadata is encoded. Give its run with "
                "--model RUN, or"
            )
            self.reasons.append(f"{name} was not tested for accuracy: {what} its bundle.")
            return None
        if runs and run is None:
            self.reasons.append(
                f"{name} comes from none of the runs given by --model: it may have been trained "
                "on the test images."
            )
        shaping = run.info.network.shaping if run else entry.shaping
        exported = self._predict(entry.path, entry.contestant.runtime, encoder, shaping)
        float_model = (run.path, "keras") if run else _float_twin(entry, self._entries)
        return measured(
            self._labels,
            exported,
            None if float_model is None else self._predict(*float_model, encoder, shaping),
            self._lesions,
            images=self._set.pictures,
            leaks=_leaks(run, self._set),
            classes=self._set.dataset.classes,
        )

    def theirs(self, entry: Entry) -> Accuracy | None:
        """Of a file of somebody else's, beside the baseline if that is one too."""
        name = entry.contestant.name
        predicted = self._predict_theirs(entry)
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
            classes=self._set.dataset.classes,
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
    return predict_all(runner, images, patients_for(runner, patients_of(frame, encoder), encoder))


def _float_twin(entry: Entry, entries: Sequence[Entry]) -> tuple[Path, str] | None:
    """A contestant with the same weights in float32, which predicts as the Keras model does."""
    for other in entries:
        same = other.model_sha256 is not None and other.model_sha256 == entry.model_sha256
        if same and other.contestant.format == "float32":
            return other.path, other.contestant.runtime
    return None
