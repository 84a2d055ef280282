"""``skinlite benchmark``: time models against the InceptionResNetV2 reference, and report it.

What isn't one of the group's commands is a model: ``skinlite benchmark A B`` is
``skinlite benchmark run A B``.
"""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from skinlite.cli.compare import compare
from skinlite.cli.shared import JsonOption, OutOption, console, need, output, output_folder
from skinlite.errors import InputError

if TYPE_CHECKING:
    from skinlite.training.run import Run
    from skinlite_benchmarks.contestants import Entry
    from skinlite_benchmarks.results import Runtime
    from skinlite_benchmarks.scoring import Jury
    from skinlite_benchmarks.timing import Report

REFERENCE = "inception_resnet_v2"
DEVICES = Path("reports") / "devices"


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
    "skinlite benchmark MODELS... [OPTIONS] is skinlite benchmark run MODELS... [OPTIONS]; a model "
    "named like a command is ./NAME.",
    no_args_is_help=True,
)


@app.command("run")
def benchmark(
    models: Annotated[
        list[Path],
        typer.Argument(help="Bundles, .tflite and .onnx files, run folders (float Keras)."),
    ],
    out: OutOption = None,
    threads: Annotated[str, typer.Option(help="Thread counts to measure.")] = "1,2",
    runtimes: Annotated[
        str, typer.Option(help="Of litert, compiled (LiteRT's CompiledModel), onnxruntime.")
    ] = "litert,onnxruntime",
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds; 100 or more.")] = 100,
    reference: Annotated[
        str,
        typer.Option(
            help=f"{REFERENCE} (converted once, then kept), none, or a .tflite file of yours."
        ),
    ] = REFERENCE,
    reference_run: Annotated[
        Path | None,
        typer.Option(help="Run whose trained weights the reference has, instead of new ones."),
    ] = None,
    peers: Annotated[
        bool,
        typer.Option(
            "--peers",
            help="Beside them the same model as the stock converter (int8, dynamic, float16) and "
            "onnxruntime (float, QDQ int8) have it; needs its run.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the order and the bootstrap.")] = 0,
    devices: Annotated[
        Path | None,
        typer.Option(
            help="Folder where skinlite serve keeps what phones measured of these models; left "
            f"out, {DEVICES} where that is."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Data set to judge accuracy on; left out, what bundles know of theirs."),
    ] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(help="Run that models come from: its test split judges, its float model too."),
    ] = None,
    details: Annotated[
        bool, typer.Option(help="Measure operators, cost and this host's limits too.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Time models against the reference, interleaved, and write a report.

    The report folder has report.html, report.md and results.json.
    """
    counts, chosen = _thread_counts(threads), _runtimes(runtimes)
    from skinlite.cli.progress import reporting
    from skinlite.training.run import open_run
    from skinlite_benchmarks.contestants import find_contestants
    from skinlite_benchmarks.devices import read_devices
    from skinlite_benchmarks.report import write_report
    from skinlite_benchmarks.suite import run_benchmark
    from skinlite_benchmarks.wording import summary

    # A wrong path is told before the reference is converted.
    contestants = [entry.contestant for entry in find_contestants(models, chosen)]
    phones = read_devices(devices or DEVICES, contestants) if devices or DEVICES.is_dir() else ()
    runs = [open_run(path) for path in model or []]
    yardstick_run = None if reference_run is None else open_run(reference_run)
    known = [*runs, *([yardstick_run] if yardstick_run else [])]
    jury = _jury(data, known) if data or runs else None
    to_convert = _runs_to_convert(models, runs) if peers else []
    folder = output_folder(out, "reports", models[0].resolve().stem)
    yardstick = _reference(reference, yardstick_run)
    with reporting() as report:
        results = run_benchmark(
            models,
            yardstick,
            peers=[peer for run in to_convert for peer in _peers_of(run, data, chosen, report)],
            runtimes=chosen,
            threads=counts,
            rounds=rounds,
            seed=seed,
            jury=jury,
            details=details,
            command=shlex.join(["skinlite", *sys.argv[1:]]),
            report=report,
        )
    results = results.model_copy(update={"devices": phones})
    page = write_report(results, folder)
    for verdict in results.verdicts:
        console.print(f"[yellow]unstable:[/] {verdict.reason} {verdict.advice}", soft_wrap=True)
    if as_json:
        print(results.model_dump_json())
    else:
        output.print(summary(results), markup=False)
        output.print(f"report: {page}", markup=False)
    if results.interrupted:
        console.print(f"interrupted; {page} has what was measured until then")
        raise typer.Exit(130)


def _thread_counts(text: str) -> list[int]:
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"--threads {text!r} is not a list of numbers such as 1,2.") from error
    if min(counts) < 1 or len(set(counts)) != len(counts):
        raise InputError(f"--threads {text!r}: each count has to be 1 or more, and come once.")
    return counts


def _jury(data: Path | None, runs: "list[Run]") -> "Jury":
    """The pictures that judge."""
    from skinlite.data.dataset import read_dataset
    from skinlite_benchmarks.scoring import choose_pictures

    if runs:
        need("keras", "train")  # the float model answers too
    return choose_pictures(read_dataset(data or Path(runs[0].info.data)), runs)


def _runs_to_convert(models: list[Path], runs: "list[Run]") -> "list[Run]":
    """The runs of which there are to be peers: those named, or those that take part.

    Raises:
        InputError: there is none.
    """
    from skinlite.training.run import open_run
    from skinlite_benchmarks.contestants import is_run

    runs = runs or [open_run(path) for path in models if is_run(path)]
    if not runs:
        raise InputError(
            "--peers converts the Keras model, which neither a bundle nor a model file holds. Name "
            "the run they come from with --model RUN."
        )
    for module in ("keras", "tf_keras", "tf2onnx"):
        need(module, "export")
    return runs


def _peers_of(
    run: "Run", data: Path | None, runtimes: "list[Runtime]", report: "Report"
) -> "list[Entry]":
    from skinlite.data.dataset import read_dataset
    from skinlite.training.prepare import prepare_again
    from skinlite_benchmarks.peers import make_peers

    prepared = prepare_again(run, read_dataset(data or Path(run.info.data)))
    return make_peers(run, prepared, runtimes, report)


def _runtimes(text: str) -> "list[Runtime]":
    offered: list[Runtime] = ["litert", "compiled", "onnxruntime"]
    chosen = [name for name in offered if name in text.split(",")]
    if len(chosen) != len(text.split(",")):
        raise InputError(f"--runtimes {text!r}: choose of {', '.join(offered)}, each once.")
    return chosen


def _reference(choice: str, run: "Run | None") -> Path | None:
    if run is not None and choice != REFERENCE:
        raise InputError(
            f"--reference {choice} and --reference-run {run.path} name two references. Drop one."
        )
    if choice == "none":
        return None
    if Path(choice).suffix == ".tflite":
        return Path(choice)
    if choice != REFERENCE:
        raise InputError(
            f"--reference {choice!r}: choose {REFERENCE}, none, or a .tflite file of yours."
        )
    from skinlite_benchmarks.reference import NEEDED_GB, ReferenceBuild, reference_path

    if not reference_path(run).is_file():
        need("tensorflow", "export")
        console.print(
            f"converting the reference: once, a minute or two, up to {NEEDED_GB:g} GB of memory"
        )
    with ReferenceBuild(run=run) as build:
        return build.wait()


app.command()(compare)
