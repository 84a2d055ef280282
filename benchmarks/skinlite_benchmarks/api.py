"""`benchmark`: the Python door. ``from skinlite_benchmarks import benchmark`` is this function."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from skinlite.files.read_write import check_free
from skinlite.progress import Report, silent
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.feeds import Declared, feeds_of, with_feeds
from skinlite_benchmarks.candidates.find import find_contestants, find_reference, with_reference
from skinlite_benchmarks.candidates.reference import ReferenceBuild
from skinlite_benchmarks.measure.evaluation_set import choose_images, read_images
from skinlite_benchmarks.measure.held_out import held_out
from skinlite_benchmarks.report.write import write_report
from skinlite_benchmarks.results.results import Results
from skinlite_benchmarks.settings import BenchmarkSettings
from skinlite_benchmarks.suite import DEFAULTS, run_benchmark

StrPath = str | os.PathLike[str]
PAPER: Final = "inception_resnet_v2"
"""The baseline that is converted here."""


def benchmark(
    models: StrPath | Iterable[StrPath],
    *,
    data: StrPath | None = None,
    label_column: str | None = None,
    label_map: StrPath | None = None,
    runs: Iterable[Run | StrPath] = (),
    reference: StrPath | None = None,
    feeds: Iterable[StrPath] = (),
    declared: Declared | None = None,
    split: StrPath | None = None,
    out: StrPath | None = None,
    settings: BenchmarkSettings = DEFAULTS,
    report: Report = silent,
) -> Results:
    """Time models interleaved, each in its own process, and measure their accuracy.

        results = benchmark(["bundle"], runs=["run"], out="report")
        results.measurement("MobileNetV3Large int8", threads=1).latency.p50

    Args:
        models: bundles, .tflite and .onnx files of anybody's, run folders (their float Keras
            model).
        data: folder of the data set to measure accuracy on. None uses that of the first of
            ``runs``; without runs, the accuracy is the one stored in bundles and runs.
        label_column: column of its labels, where no run or bundle says it.
        label_map: file with the class of each label, likewise; see `skinlite.read_dataset`.
        runs: the runs of the models: accuracy is measured on their test split, also of their float
            model. Folders, or results of `skinlite.training.runs.find.open_run`.
        reference: the baseline that ratios are relative to: anybody's .tflite or .onnx file, or
            ``"inception_resnet_v2"``, the paper's float32 network with untrained weights, which is
            converted once (a minute or two, 8 GB of memory, TensorFlow) and kept in the cache.
            None measures without ratios.
        feeds: feed.json files of ``skinlite inspect``, which say how files of others are fed: their
            accuracy is measured too, and is said to be of images that may have trained them.
        declared: the same of one such file, in place of a feed.json; see
            `skinlite_benchmarks.candidates.feeds.Declared`.
        split: CSV file with the columns image_id and split, where it is known which images trained
            files of others: its test images judge, and are held-out for them too.
        out: folder to write report.html, report.md, report.csv and results.json to; must be new or
            empty. None writes nothing.
        settings: thread counts, rounds, runtimes, seed.
        report: progress, ``report(what, done, total)``.

    Returns:
        Latencies in milliseconds of one inference (batch 1), sizes in bytes, memory in MB of 10^6
        bytes, ratios as times faster, shares (0-1) with 95 % intervals. After Ctrl-C, the
        measurements until then, with ``interrupted`` set.

    Raises:
        InputError: a model, run or data set that is missing, damaged or doesn't fit the others; a
            runtime that can't load a file; a feed of another file; ``out`` that isn't empty; too
            little memory for the baseline.
        KeyboardInterrupt: before anything was measured.
    """
    paths = [Path(models)] if isinstance(models, str | os.PathLike) else [*map(Path, models)]
    if out is not None:
        check_free(Path(out))
    # What is wrong is refused before the baseline is converted.
    entries = find_contestants(paths, settings.runtimes)
    if reference not in (None, PAPER):
        entries = with_reference(entries, find_reference(Path(reference)))
    known = feeds_of(entries, [Path(feed) for feed in feeds], declared)
    entries = with_feeds(entries, known)
    opened = [run if isinstance(run, Run) else open_run(Path(run)) for run in runs]
    evaluation_set = None
    if data is not None or opened:
        dataset = read_images(
            None if data is None else Path(data),
            opened,
            entries,
            label_column=label_column,
            label_map=None if label_map is None else Path(label_map),
        )
        evaluation_set = choose_images(dataset, opened, entries)
        if split is not None:
            evaluation_set = held_out(evaluation_set, dataset, entries, Path(split))
    results = run_benchmark(
        paths,
        _baseline(reference),
        settings,
        evaluation_set=evaluation_set,
        feeds=known,
        report=report,
    )
    if out is not None:
        write_report(results, Path(out))
    return results


def _baseline(reference: StrPath | None) -> Path | None:
    if reference != PAPER:
        return None if reference is None else Path(reference)
    with ReferenceBuild() as build:
        return build.wait()
