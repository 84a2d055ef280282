"""What the benchmark commands have in common: flags, baseline, images, peers, report."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from skinlite.cli.shared import console, output
from skinlite.errors import InputError
from skinlite.files.locks import restore
from skinlite.files.read_write import check_regular
from skinlite.process.optional_packages import need, need_all

if TYPE_CHECKING:
    from skinlite.progress import Report
    from skinlite.training.runs.run import Run
    from skinlite_benchmarks.candidates.entry import Entry
    from skinlite_benchmarks.candidates.feeds import Declared
    from skinlite_benchmarks.measure.evaluation_set import EvaluationSet
    from skinlite_benchmarks.results.results import Results

REFERENCE = "inception_resnet_v2"
OTHER_NAMES = {"0..255": "0-255", "0..1": "0-1", "zscore": "z-score"}
"""Of ranges of pixels, as some write them."""


def thread_counts(text: str) -> list[int]:
    """Read ``1,2``.

    Raises:
        InputError: not a list of counts, or one that comes twice.
    """
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"--threads {text!r} is not a list of numbers such as 1,2.") from error
    if min(counts) < 1 or len(set(counts)) != len(counts):
        raise InputError(f"--threads {text!r}: give each count once; it has to be 1 or more.")
    return counts


def tflite_of(path: Path) -> Path:
    """A bundle's .tflite, once its files are found to be as they were made, or a bare one.

    Raises:
        InputError: there is nothing, no bundle, a tampered one, or one without a .tflite.
    """
    from skinlite_export.bundle.folder import TFLITE, open_bundle

    restore(path)
    if not path.exists():
        raise InputError(f"{path} doesn't exist; name a bundle or a .tflite file.")
    if not path.is_dir():
        check_regular(path)
        return path
    opened = open_bundle(path)
    if TFLITE not in opened.models:
        raise InputError(f"{path} has no {TFLITE}, the file that phones run.")
    opened.check_files()
    return path / TFLITE


def evaluation_set_of(
    data: Path | None,
    runs: Sequence["Run"],
    entries: Sequence["Entry"] = (),
    label_column: str | None = None,
    label_map: Path | None = None,
    split: Path | None = None,
) -> "EvaluationSet":
    """The images that judge the entries."""
    from skinlite_benchmarks.measure.evaluation_set import choose_images, read_images
    from skinlite_benchmarks.measure.held_out import held_out

    if runs:
        need("keras", "train")  # the float model predicts too
    dataset = read_images(data, runs, entries, label_column=label_column, label_map=label_map)
    chosen = choose_images(dataset, runs, entries)
    return chosen if split is None else held_out(chosen, dataset, entries, split)


def runs_to_convert(models: list[Path], runs: "list[Run]") -> "list[Run]":
    """The runs of which there are to be peers: those named, or those that take part.

    Raises:
        InputError: there is none.
    """
    from skinlite.training.runs.find import open_run
    from skinlite_benchmarks.candidates.find import is_run

    runs = runs or [open_run(path) for path in models if is_run(path)]
    if not runs:
        raise InputError(
            "--peers converts the Keras model, which is not in a bundle or model file. Give their "
            "run with --model RUN."
        )
    need_all(dict.fromkeys(("keras", "tf_keras", "tf2onnx"), "export"))
    return runs


def peers_of(
    runs: "Sequence[Run]",
    data: Path | None,
    runtimes: list[str],
    baseline: Path | None,
    report: "Report",
) -> tuple["list[Entry]", list[str]]:
    """Other tools' files of runs, and rungs from the baseline; and who takes no part, and why."""
    from skinlite.api.data import dataset_of
    from skinlite.training.input.prepare import prepare_again
    from skinlite_benchmarks.candidates.peers.make import make_peers
    from skinlite_benchmarks.candidates.rungs import make_rungs

    entries, reasons = make_rungs(baseline, runs, report) if baseline and runs else ([], [])
    for run in runs:
        prepared = prepare_again(run, dataset_of(data, run.info))
        made = make_peers(run, prepared, runtimes, report)
        entries, reasons = [*entries, *made.entries], [*reasons, *made.reasons]
    return entries, reasons


def parse_runtimes(text: str) -> list[str]:
    """Read ``litert,onnxruntime``.

    Raises:
        InputError: a runtime that isn't offered.
    """
    from skinlite_export.runtime.runner import RUNNERS

    offered = [name for name, runner in RUNNERS.items() if runner.suffixes]
    chosen = [name for name in offered if name in text.split(",")]
    if len(chosen) != len(text.split(",")):
        raise InputError(f"--runtimes {text!r}: choose from {', '.join(offered)}, each once.")
    return chosen


def is_file(reference: str) -> bool:
    """Whether the baseline is a file of anybody's."""
    return Path(reference).suffix in (".tflite", ".onnx")


def declared_feed(
    classes: str, pixels: str, channels: str, geometry: str, antialias: bool
) -> "Declared":
    """How a file is fed, by its flags; empty without any."""
    from skinlite_benchmarks.candidates.feeds import Declared

    # Names that come twice stay: they are told.
    names = tuple(name.strip() for name in classes.split(",")) if classes else ()
    return Declared(names, OTHER_NAMES.get(pixels, pixels), channels.upper(), geometry, antialias)


def reference_file(choice: str, run: "Run | None") -> Path | None:
    """The baseline, converted where it isn't yet.

    Args:
        choice: its name, ``none``, or a .tflite or .onnx.
        run: whose weights it has; None for new ones.

    Raises:
        InputError: no such choice, two references, or a conversion that fails.
    """
    if run is not None and choice != REFERENCE:
        raise InputError(
            f"--reference {choice} and --reference-run {run.path} name two references. Leave one "
            f"out."
        )
    if choice == "none":
        return None
    if is_file(choice):
        return Path(choice)
    if choice != REFERENCE:
        raise InputError(
            f"--reference {choice!r}: choose {REFERENCE}, none, or a .tflite or .onnx file."
        )
    from skinlite_benchmarks.candidates.reference import NEEDED_GB, ReferenceBuild, reference_path

    if not reference_path(run).is_file():
        need("tensorflow", "export")
        console.print(
            f"converting the baseline: this takes one or two minutes, only once, and up to "
            f"{NEEDED_GB:g} GB of memory"
        )
    with ReferenceBuild(run=run) as build:
        return build.wait()


def publish(results: "Results", folder: Path, *, as_json: bool) -> None:
    """Write the report and print its summary."""
    from skinlite_benchmarks.report.factors import factors_of, in_words
    from skinlite_benchmarks.report.view import view_of
    from skinlite_benchmarks.report.wording import summary, theirs
    from skinlite_benchmarks.report.write import write_report

    page = write_report(results, folder)
    shown = view_of(results)
    for verdict in results.verdicts:
        reason = escape(f"{verdict.reason} {verdict.advice}")
        console.print(f"[yellow]unstable:[/] {reason}", soft_wrap=True)
    if as_json:
        print(results.model_dump_json())
    else:
        output.print(summary(shown), markup=False)
        if product := in_words(factors_of(shown)):
            output.print(product, markup=False)
        for sentence in theirs(shown):
            output.print(sentence, markup=False)
        output.print(f"report: {page}", markup=False)
    if results.interrupted:
        console.print(f"interrupted; {page} has the measurements until then", markup=False)
        raise typer.Exit(130)
