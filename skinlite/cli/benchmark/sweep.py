"""``skinlite benchmark sweep``: latency and accuracy over image size and width."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from skinlite.cli.benchmark.inputs import evaluation_set_of, publish, reference_file, thread_counts
from skinlite.cli.shared import JsonOption, OutOption, output_folder
from skinlite.errors import InputError
from skinlite.process.optional_packages import need_all

N = TypeVar("N", int, float)
SIZES, WIDTHS = "96,128,160,192,224,299", "1"


def sweep(
    backbone: Annotated[
        list[str] | None, typer.Option(help="Backbone with random weights; may be repeated.")
    ] = None,
    sizes: Annotated[
        str | None, typer.Option(help=f"Heights and widths in pixels; default: {SIZES}.")
    ] = None,
    widths: Annotated[
        str | None, typer.Option(help=f"Multipliers of the channels; default: {WIDTHS}.")
    ] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            help="Run, with its own size and width: also measures accuracy; may be repeated."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Data set of the runs; default: the one that they name.")
    ] = None,
    quantize: Annotated[
        Literal["none", "float16", "dynamic", "int8"],
        typer.Option(help="Number format of the .tflite files."),
    ] = "int8",
    out: OutOption = None,
    threads: Annotated[str, typer.Option(help="Thread counts to measure.")] = "1",
    rounds: Annotated[int, typer.Option(min=1, help="Number of rounds; use 100 or more.")] = 100,
    reference: Annotated[
        str, typer.Option(help="As for skinlite benchmark run; default: none.")
    ] = "none",
    seed: Annotated[int, typer.Option(help="Random seed of the order and the bootstrap.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Time one network at many sizes and widths, and evaluate runs: helps to choose what to train.

    Without --model every point has random weights: latency and size don't depend on them. Each
    point is converted once, in about a minute, and kept in the cache.
    """
    counts = thread_counts(threads)
    need_all(dict.fromkeys(("keras", "tf_keras"), "export"))
    from skinlite.cli.progress import reporting
    from skinlite.models.backbones import find_backbone
    from skinlite.training.runs.find import open_run
    from skinlite_benchmarks.candidates.sweep import Job, convert_all, job_of, with_points
    from skinlite_benchmarks.settings import BenchmarkSettings
    from skinlite_benchmarks.suite import run_benchmark

    runs = [open_run(path) for path in model or []]
    jobs = [job_of(run, quantize, data) for run in runs]
    names = backbone or ([] if runs else ["mobilenet_v3_large"])
    jobs += [
        Job(backbone=find_backbone(name).name, image_size=size, width=width, scheme=quantize)
        for name in names
        for size in _numbers("--sizes", sizes or SIZES, int)
        for width in _numbers("--widths", widths or WIDTHS, float)
    ]
    if len({job.name for job in jobs}) < len(jobs):
        raise InputError(
            "Two points of the sweep have the same backbone, size and width. Leave one out."
        )
    evaluation_set = evaluation_set_of(data, runs) if runs else None
    folder = output_folder(out, "reports", "sweep")
    settings = BenchmarkSettings(
        threads=tuple(counts),
        rounds=rounds,
        runtimes=("litert",),
        seed=seed,
        command=shlex.join(["skinlite", *sys.argv[1:]]),
    )
    baseline = reference_file(reference, None)
    with reporting() as report:
        entries = convert_all(jobs, report)
        results = run_benchmark(
            [],
            baseline,
            settings,
            others=entries,
            evaluation_set=evaluation_set,
            report=report,
        )
    publish(with_points(results, jobs), folder, as_json=as_json)


def _numbers(flag: str, text: str, kind: type[N]) -> list[N]:
    try:
        numbers = [kind(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{flag} {text!r} is not a list of numbers such as 96,224.") from error
    if min(numbers) <= 0:
        raise InputError(f"{flag} {text!r}: each number has to be above 0.")
    return numbers
