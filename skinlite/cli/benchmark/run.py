"""``skinlite benchmark``: time models against the InceptionResNetV2 reference, and report it.

What isn't one of the group's commands is a model: ``skinlite benchmark A B`` is
``skinlite benchmark run A B``.
"""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from skinlite.cli.benchmark.adb import adb
from skinlite.cli.benchmark.arm64 import arm64
from skinlite.cli.benchmark.compare import compare
from skinlite.cli.benchmark.cycles import cycles
from skinlite.cli.benchmark.inputs import (
    REFERENCE,
    declared_feed,
    evaluation_set_of,
    is_file,
    parse_runtimes,
    peers_of,
    publish,
    reference_file,
    runs_to_convert,
    thread_counts,
)
from skinlite.cli.benchmark.sweep import sweep
from skinlite.cli.shared import (
    DEVICES,
    JsonOption,
    LabelColumnOption,
    LabelMapOption,
    OutOption,
    output_folder,
)
from skinlite.errors import InputError


class ModelsOrCommand(TyperGroup):
    """A group whose command ``run`` may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``run`` before what names no command."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ModelsOrCommand,
    help="Time models against the reference, interleaved, and write a report.\n\n"
    "skinlite benchmark MODELS... [OPTIONS] is skinlite benchmark run MODELS... [OPTIONS]; write "
    "./NAME for a model that has the name of a command.",
    no_args_is_help=True,
)


@app.command("run")
def benchmark(
    models: Annotated[
        list[Path],
        typer.Argument(
            help="Bundles, .tflite and .onnx files of anybody's, run folders (float Keras)."
        ),
    ],
    out: OutOption = None,
    threads: Annotated[str, typer.Option(help="Thread counts to measure.")] = "1,2",
    runtimes: Annotated[
        str,
        typer.Option(
            help="Runtimes: litert, compiled (LiteRT's CompiledModel), onnxruntime, openvino, "
            "openvino-bf16."
        ),
    ] = "litert,onnxruntime",
    rounds: Annotated[int, typer.Option(min=1, help="Number of rounds; use 100 or more.")] = 100,
    reference: Annotated[
        str,
        typer.Option(
            help=f"{REFERENCE} (converted once, then kept), none, or a .tflite or .onnx file."
        ),
    ] = REFERENCE,
    reference_run: Annotated[
        Path | None,
        typer.Option(
            help="Run with trained weights for the reference; otherwise its weights are random."
        ),
    ] = None,
    peers: Annotated[
        bool,
        typer.Option(
            "--peers",
            help="Also measure the same model from the stock converter (float32, float16, "
            "dynamic, int8), from onnxruntime (float, QDQ int8), and from what is installed of "
            "OpenVINO with NNCF, litert-quantizer, MNN and ncnn; needs its run.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Random seed of the order and the bootstrap.")] = 0,
    devices: Annotated[
        Path | None,
        typer.Option(
            help="Folder where skinlite serve stores the measurements of phones; default: "
            f"{DEVICES} if it exists."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Data set to measure accuracy on; default: the accuracy stored in the bundles."
        ),
    ] = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            help="Run of the models: measures accuracy on its test split, also of its float model."
        ),
    ] = None,
    feed: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FEED.json",
            help="How a file that skinlite didn't make is fed, written by skinlite inspect --feed; "
            "with --data its accuracy is measured too.",
        ),
    ] = None,
    classes: Annotated[
        str,
        typer.Option(metavar="NAME,...", help="In place of --feed: the file's outputs in order."),
    ] = "",
    pixels: Annotated[
        str,
        typer.Option(help="Its pixels: 0-255, 0-1, -1..1, imagenet, caffe or z-score."),
    ] = "",
    channels: Annotated[str, typer.Option(help="Its order of the colours: RGB or BGR.")] = "",
    geometry: Annotated[str, typer.Option(help="Its way to resize: crop or stretch.")] = "",
    antialias: Annotated[
        bool, typer.Option("--antialias", help="Its resize averages, as Pillow's does.")
    ] = False,
    split: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file with image_id and split, where it is known which images trained files "
            "of others: its test images judge, and are held-out for them too.",
        ),
    ] = None,
    details: Annotated[
        bool, typer.Option(help="Also measure operators, cost and this machine's limits.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Time models against the reference, interleaved, and write a report.

    The report folder has report.html, report.md, report.csv and results.json. A file that skinlite
    didn't make is marked "theirs"; its accuracy needs --data and --feed.
    """
    counts, chosen = thread_counts(threads), parse_runtimes(runtimes)
    from skinlite.cli.progress import reporting
    from skinlite.training.runs.find import open_run
    from skinlite_benchmarks.candidates.feeds import feeds_of, with_feeds
    from skinlite_benchmarks.candidates.find import (
        find_contestants,
        find_reference,
        with_reference,
    )
    from skinlite_benchmarks.phones.browser import read_devices
    from skinlite_benchmarks.settings import BenchmarkSettings
    from skinlite_benchmarks.suite import run_benchmark

    settings = BenchmarkSettings(
        threads=tuple(counts),
        rounds=rounds,
        runtimes=tuple(chosen),
        seed=seed,
        details=details,
        command=shlex.join(["skinlite", *sys.argv[1:]]),
    )
    # A wrong path is refused before the baseline is converted.
    entries = find_contestants(models, chosen)
    contestants = [entry.contestant for entry in entries]
    if is_file(reference):
        entries = with_reference(entries, find_reference(Path(reference)))
    declared = declared_feed(classes, pixels, channels, geometry, antialias)
    feeds = feeds_of(entries, feed or [], declared)
    entries = with_feeds(entries, feeds)
    phones = read_devices(devices or DEVICES, contestants) if devices or DEVICES.is_dir() else ()
    runs = [open_run(path) for path in model or []]
    if peers:  # whose fidelity is judged, too
        runs = runs_to_convert(models, runs)
    baseline_run = None if reference_run is None else open_run(reference_run)
    known = [*runs, *([baseline_run] if baseline_run else [])]
    if split and not (data or runs):
        raise InputError(f"--split {split} chooses among images: give them with --data.")
    evaluation_set = None
    if data or runs:
        evaluation_set = evaluation_set_of(data, known, entries, label_column, label_map, split)
    folder = output_folder(out, "reports", models[0].resolve().stem)
    baseline = reference_file(reference, baseline_run)
    with reporting() as report:
        others, reasons = peers_of(runs if peers else [], data, chosen, baseline, report)
        results = run_benchmark(
            models,
            baseline,
            settings,
            others=others,
            remarks=reasons,
            evaluation_set=evaluation_set,
            feeds=feeds,
            report=report,
        )
    results = results.model_copy(update={"devices": phones})
    publish(results, folder, as_json=as_json)


for command in (compare, sweep, arm64, cycles, adb):
    app.command()(command)
