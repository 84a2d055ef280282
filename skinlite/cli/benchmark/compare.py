"""``skinlite benchmark compare``: what changed between two reports, and regression gates."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from skinlite.cli.shared import JsonOption, console, output
from skinlite.errors import GateError
from skinlite.vocabulary import LEAKS_UNKNOWN, LEAKY

if TYPE_CHECKING:
    from skinlite_benchmarks.compare.changes import Comparison
    from skinlite_benchmarks.compare.regression_gates import Failure

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
    """Compare two results of one host and the same settings.

    Exit code 3 where a gate fails or can't be judged.
    """
    from skinlite_benchmarks.compare.changes import compare as between
    from skinlite_benchmarks.compare.regression_gates import failures, parse_gate
    from skinlite_benchmarks.results.results import read_results

    gates = [parse_gate(text) for text in fail_if or []]
    comparison = between(read_results(old), read_results(new))
    failed = failures(comparison, gates)
    if as_json:
        print(comparison.model_dump_json())
    else:
        _print(comparison)
    if failed:
        regressions = [one for one in failed if one.change is not None]
        unjudged = [one for one in failed if one.change is None]
        told = []
        if regressions:
            told.append(f"{len(regressions)} regression(s): {_sentences(regressions)}.")
        if any(one.change and one.change.unstable for one in regressions):
            told.append("Measure what is unstable again before you believe it.")
        if unjudged:
            told.append(
                f"What was not measured can't be judged, and doesn't pass: {_sentences(unjudged)}. "
                "Measure again, with all that the old results have."
            )
        raise GateError(" ".join(told))


def _sentences(failed: "list[Failure]") -> str:
    return "; ".join(one.sentence() for one in failed)


def _print(comparison: "Comparison") -> None:
    from rich.table import Table

    for name, (before, after) in comparison.versions.items():
        console.print(f"{name} {before} -> {after}", markup=False)
    for side in comparison.interrupted:
        console.print(f"{side} was interrupted: it has what was measured until then")
    for names, where in ((comparison.only_old, "old"), (comparison.only_new, "new")):
        if names:
            console.print(f"only in the {where} results: {', '.join(names)}", markup=False)
    for names, said in ((comparison.leaky, LEAKY), (comparison.leaks_unknown, LEAKS_UNKNOWN)):
        if names:
            console.print(f"{said}: {', '.join(names)}", markup=False)
    gaps = [one for one in comparison.gaps if one.threads]
    for gap in gaps:
        what = SHOWN.get(gap.metric, "") if gap.metric else "all of it"
        if what:
            told = f"{gap.contestant}, {gap.threads} thread(s), {what}: {gap.reason}"
            console.print(told, markup=False)
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
    from skinlite_benchmarks.results.stability import names

    measured = [one for one in comparison.changes if one.metric == "latency.p50"]
    told = {
        side: names(found, measured, few=len(measured))
        for side in ("OLD", "NEW")
        if (found := [one for one in measured if side in one.unstable])
    }
    if told:
        where = ". ".join(f"Unstable in {side}: {which}" for side, which in told.items())
        console.print(f"{where}. Measure again before you believe their times.", markup=False)
