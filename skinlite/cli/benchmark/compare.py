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
    new: Annotated[
        Path, typer.Argument(help="Report folder or results.json of a later measurement.")
    ],
    fail_if: Annotated[
        list[str] | None,
        typer.Option(help="Gate: METRIC>+5% or METRIC<-0.01; an unknown metric lists them."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two results of one host and the same settings.

    Exit code 3 if a gate fails or can't be computed.
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
        regressions = [failure for failure in failed if failure.change is not None]
        unjudged = [failure for failure in failed if failure.change is None]
        sentences = []
        if regressions:
            sentences.append(f"{len(regressions)} regression(s): {_sentences(regressions)}.")
        if any(failure.change and failure.change.unstable for failure in regressions):
            sentences.append("Measure unstable contestants again before you trust their times.")
        if unjudged:
            sentences.append(
                f"A gate fails if a value was not measured: {_sentences(unjudged)}. "
                "Measure again, with everything that the old results have."
            )
        raise GateError(" ".join(sentences))


def _sentences(failed: "list[Failure]") -> str:
    return "; ".join(failure.sentence() for failure in failed)


def _print(comparison: "Comparison") -> None:
    from rich.table import Table

    for name, (before, after) in comparison.versions.items():
        console.print(f"{name} {before} -> {after}", markup=False)
    for side in comparison.interrupted:
        console.print(f"{side} was interrupted: it has the measurements until then")
    for names, where in ((comparison.only_old, "old"), (comparison.only_new, "new")):
        if names:
            console.print(f"only in the {where} results: {', '.join(names)}", markup=False)
    for names, statement in ((comparison.leaky, LEAKY), (comparison.leaks_unknown, LEAKS_UNKNOWN)):
        if names:
            console.print(f"{statement}: {', '.join(names)}", markup=False)
    gaps = [gap for gap in comparison.gaps if gap.threads]
    for gap in gaps:
        what = SHOWN.get(gap.metric, "") if gap.metric else "all of it"
        if what:
            line = f"{gap.contestant}, {gap.threads} thread(s), {what}: {gap.reason}"
            console.print(line, markup=False)
    _print_unstable(comparison)
    table = Table("model", "threads", "", "old", "new", "change")
    shown = None
    for change in comparison.changes:
        if change.metric in SHOWN:
            row = (change.contestant, str(change.threads))
            table.add_row(
                *(("", "") if row == shown else map(escape, row)),
                SHOWN[change.metric],
                f"{change.old:.4g}",
                f"{change.new:.4g}",
                f"{change.percent:+.1f} %",
            )
            shown = row
    output.print(table)


def _print_unstable(comparison: "Comparison") -> None:
    from skinlite_benchmarks.results.stability import names

    measured = [change for change in comparison.changes if change.metric == "latency.p50"]
    by_side = {
        side: names(unstable, measured, few=len(measured))
        for side in ("OLD", "NEW")
        if (unstable := [change for change in measured if side in change.unstable])
    }
    if by_side:
        where = ". ".join(f"Unstable in {side}: {which}" for side, which in by_side.items())
        console.print(f"{where}. Measure again before you trust their times.", markup=False)
