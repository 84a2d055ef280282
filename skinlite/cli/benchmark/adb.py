"""``skinlite benchmark adb``: a bundle on an Android phone, with the user's benchmark_model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from skinlite.cli.benchmark.inputs import tflite_of, thread_counts
from skinlite.cli.shared import JsonOption, output

if TYPE_CHECKING:
    from skinlite_benchmarks.phones.benchmark_log import Timing


def adb(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle, or bare .tflite file.")],
    benchmark_model: Annotated[
        Path,
        typer.Option(
            help="TensorFlow Lite's benchmark_model, built for the phone; see docs/adb.md."
        ),
    ],
    serial: Annotated[
        str | None, typer.Option(help="Serial number of the phone, if adb sees several.")
    ] = None,
    threads: Annotated[str, typer.Option(help="Thread counts to measure.")] = "1,2",
    runs: Annotated[int, typer.Option(min=1, help="Smallest number of timed invocations.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Time a bundle's .tflite on an Android phone by adb, and remove the files from the phone.

    The figures come from benchmark_model on that phone.
    """
    counts = thread_counts(threads)
    from skinlite.cli.progress import reporting
    from skinlite_benchmarks.phones.adb import connect
    from skinlite_benchmarks.phones.android import measure_on_phone

    model = tflite_of(bundle)
    phone = connect(serial)
    with reporting() as report:
        measured = measure_on_phone(
            phone, model, benchmark_model, threads=counts, runs=runs, report=report
        )
    if as_json:
        output.print_json(measured.model_dump_json())
        return
    output.print(
        f"measured on {measured.device} ({measured.processor}, Android {measured.android}), "
        f"{measured.bytes / 1e6:.2f} MB",
        markup=False,
    )
    for timing in measured.timings:
        output.print(f"  {_words(timing)}", markup=False)
    for warning in measured.warnings:
        output.print(f"[yellow]warning:[/] {escape(warning)}", soft_wrap=True)


def _words(timing: "Timing") -> str:
    """A line; what benchmark_model didn't print is unknown."""

    def figure(value: float | None, unit: str) -> str:
        return "unknown" if value is None else f"{value:.1f} {unit}"

    threads = "1 thread" if timing.threads == 1 else f"{timing.threads} threads"
    middle = f"mean {timing.mean:.2f} ms"
    if timing.p50 is not None:
        middle = f"median {timing.p50:.2f} ms (p5 {timing.p5:.2f}, p95 {timing.p95:.2f}), {middle}"
    pieces = "unknown" if timing.partitions is None else str(timing.partitions)
    return (
        f"{threads}: {middle}, fastest {timing.min:.2f} ms of {timing.invocations}; load "
        f"{figure(timing.load_ms, 'ms')}, first {figure(timing.first_ms, 'ms')}, memory "
        f"{figure(timing.memory_mb, 'MB')}, partitions {pieces}"
    )
