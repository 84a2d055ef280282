"""``skinlite benchmark cycles``: what files cost a phone's processor, counted and modelled."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skinlite.cli.benchmark.inputs import tflite_of
from skinlite.cli.shared import JsonOption, output
from skinlite.cli.tables import wide
from skinlite.process.optional_packages import need

if TYPE_CHECKING:
    from skinlite_benchmarks.arm64.cycles import Modelled

MOST_KERNELS = 8
"""Shown of one file; ``--json`` has all."""


def cycles(
    models: Annotated[
        list[Path], typer.Argument(metavar="MODEL", help="Bundles, or bare .tflite files.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Count the executed code of files on emulated ARM processors, and estimate its cycles.

    Needs qemu-user (qemu-aarch64 with plugins), a C compiler, LLVM 19 or newer, and debootstrap for
    the emulated machine that skinlite benchmark arm64 makes, too. It estimates, without a phone,
    which of two files is less work for a phone, and why. It doesn't estimate time: the model has
    no cache misses, no clock and one thread.
    """
    need("elftools", "arm64")
    from skinlite.cli.progress import reporting
    from skinlite_benchmarks.arm64.cycles import modelled_cycles

    files = {str(path): tflite_of(path) for path in models}
    with reporting() as report:
        made = modelled_cycles(files, report)
    if as_json:
        output.print_json(made.model_dump_json())
        return
    _print(made.found)
    if len(files) == 1:
        for model in made.found:
            output.print(f"{model.cpu}, most cycles:", markup=False)
            for kernel, cost in list(model.kernels.items())[:MOST_KERNELS]:
                output.print(f"  {cost / model.cycles:4.0%} {kernel}", markup=False)
    output.print(
        f"by {made.llvm}'s models, {made.emulator}, LiteRT {made.litert}: use it to compare "
        "files; a phone takes longer, because its caches miss",
        markup=False,
    )


def _print(modelled: "Sequence[Modelled]") -> None:
    from rich.table import Table

    cpus = list(dict.fromkeys(model.cpu for model in modelled))
    table = Table(title="millions for one image, one thread", title_justify="left")
    table.add_column("")
    for cpu in cpus:
        table.add_column(f"{cpu}, instructions", justify="right")
        table.add_column("cycles", justify="right")
    rows: dict[str, list[str]] = {}
    for model in modelled:
        rows.setdefault(model.model, []).extend(
            (f"{model.instructions / 1e6:.1f}", f"{model.cycles / 1e6:.1f}")
        )
    for name, row in rows.items():
        table.add_row(name, *row)
    wide().print(table, markup=False)
