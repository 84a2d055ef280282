"""``skinlite benchmark compare``: what changed between two reports, and regression gates."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from skinlite.cli.shared import JsonOption, console, output
from skinlite.errors import GateError
from skinlite.vocabulary import LEAKS_UNKNOWN, LEAKY

if TYPE_CHECKING:
    from skinlite_benchmarks.compare import Comparison

SHOWN = {
    "latency.p50": "p50, ms",
    "ratio": "times faster",
    "ratio.min": "times faster, minima",
    "bytes": "bytes",
    "balanced_accuracy": "balanced accuracy",
    "agreement": "agreement",
}
"""For a person; ``--json`` has every metric."""


def compare(
    old: Annotated[Path, typer.Argument(help="Report folder, or its results.json.")],
    new: Annotated[Path, typer.Argument(help="The same, measured later.")],
    fail_if: Annotated[
        list[str] | None,
        typer.Option(help="Gate: METRIC>+5% or METRIC<-0.01; an unknown metric lists them."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two results of one host and the same settings; exit code 3 where a gate fails."""
    from skinlite_benchmarks.compare import compare as between
    from skinlite_benchmarks.gates import failures, parse_gate
    from skinlite_benchmarks.results import read_results

    gates = [parse_gate(text) for text in fail_if or []]
    comparison = between(read_results(old), read_results(new))
    failed = failures(comparison, gates)
    if as_json:
        print(comparison.model_dump_json())
    else:
        _print(comparison)
    if failed:
        told = "; ".join(one.sentence() for one in failed)
        if any(one.change.unstable for one in failed):
            told += ". Measure what is unstable again before you believe it."
        raise GateError(f"{len(failed)} regression(s): {told}")


def _print(comparison: "Comparison") -> None:
    from rich.table import Table

    for name, (before, after) in comparison.versions.items():
        console.print(f"{name} {before} -> {after}", markup=False)
    for names, where in ((comparison.only_old, "old"), (comparison.only_new, "new")):
        if names:
            console.print(f"only in the {where} results: {', '.join(names)}", markup=False)
    for names, said in ((comparison.leaky, LEAKY), (comparison.leaks_unknown, LEAKS_UNKNOWN)):
        if names:
            console.print(f"{said}: {', '.join(names)}", markup=False)
    _print_unstable(comparison)
    table = Table("model", "threads", "", "old", "new", "change")
    shown = None
    for one in comparison.changes:
        if one.metric in SHOWN:
            row = (one.contestant, str(one.threads))
            table.add_row(
                *(("", "") if row == shown else map(escape, row)),
                SHOWN[one.metric],
                f"{one.old:.4g}",
                f"{one.new:.4g}",
                f"{one.percent:+.1f} %",
            )
            shown = row
    output.print(table)


def _print_unstable(comparison: "Comparison") -> None:
    from skinlite_benchmarks.verdicts import names

    measured = [one for one in comparison.changes if one.metric == "latency.p50"]
    told = {
        side: names(found, measured, few=len(measured))
        for side in ("OLD", "NEW")
        if (found := [one for one in measured if side in one.unstable])
    }
    if told:
        where = ". ".join(f"Unstable in {side}: {which}" for side, which in told.items())
        console.print(f"{where}. Measure again before you believe their times.", markup=False)
