"""``python -m skinlite_benchmarks.reliability --out FOLDER``: the whole sweep, and its table."""

import json
import platform
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from skinlite import __version__
from skinlite_benchmarks.reliability.clients import LONGEST_S, SECONDS, SLOW, serve_crowd
from skinlite_benchmarks.reliability.commands import COMMANDS, Command, Inputs
from skinlite_benchmarks.reliability.concurrency import full_disk, two_at_once
from skinlite_benchmarks.reliability.crash_tests import kill_often
from skinlite_benchmarks.reliability.process import run

KILOBYTES = (8, 16, 64, 256, 1024, 4096, 16384)
"""Sizes of the disks that are full; a heavy command gets every third."""

Row = tuple[str, str, int, int]
"""What was done, to what, how often, and how many times that was mishandled."""


def main(
    out: Annotated[Path, typer.Option(help="Folder for reliability.json and table.md.")],
    kills: Annotated[
        int, typer.Option(min=0, help="Number of kills, for all commands together.")
    ] = 500,
    pairs: Annotated[
        int, typer.Option(min=0, help="Number of pairs that run at once, for each command.")
    ] = 3,
    fuzzed: Annotated[
        int, typer.Option(min=0, help="Number of malformed files, of all kinds together.")
    ] = 10_000,
    inputs: Annotated[
        Path | None, typer.Option(help="Folder with the inputs of an earlier run.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed of moments, signals and changes.")] = 0,
) -> None:
    """Disturb skinlite in every way that we know of, and count what is mishandled."""
    faults: list[str] = []

    def report(fault: str) -> None:
        faults.append(fault)
        typer.echo(f"MISHANDLED {fault}")

    with tempfile.TemporaryDirectory() as temporary:
        place = inputs or Path(temporary)
        if not (place / "report").is_dir():
            place.mkdir(parents=True, exist_ok=True)
            _make_inputs(place)
        made = Inputs(place / "data", place / "run", place / "bundle")
        rows = _killed(made, kills, seed, report)
        if pairs:
            rows += [*_crowded(made, pairs, report), *_served(made, report)]
        rows += _fuzzed(made, place / "report", fuzzed, seed, report)
    out.mkdir(parents=True, exist_ok=True)
    record = {
        "skinlite": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "rows": rows,
        "faults": faults,
    }
    (out / "reliability.json").write_text(json.dumps(record, indent=1) + "\n")
    (out / "table.md").write_text(_table(rows))
    typer.echo(_table(rows))
    raise typer.Exit(bool(faults))


def _make_inputs(place: Path) -> None:
    """A data set, a run, a bundle and a report, by the commands themselves."""
    steps = (
        ("data", "synthesize", "--out", "data", "--lesions", "60"),
        (
            *("train", "--data", "data", "--backbone", "mobilenet_v3_small", "--image-size", "48"),
            *("--epochs", "1", "--out", "run"),
        ),
        (
            *("export", "--model", "run", "--data", "data", "--out", "bundle", "--gates", "off"),
            *("--calibration-images", "20"),
        ),
        (
            *("benchmark", "bundle", "--reference", "none", "--rounds", "3", "--no-details"),
            *("--out", "report"),
        ),
    )
    for step in steps:
        typer.echo(f"skinlite {' '.join(step)}")
        ended = run(step, place)
        if ended.code:
            raise RuntimeError(f"skinlite {' '.join(step)} ended with {ended.code}: {ended.said}")


def _killed(inputs: Inputs, kills: int, seed: int, report: Callable[[str], None]) -> list[Row]:
    rows = []
    for command in COMMANDS:
        if times := kills * command.share // 100:
            outcomes = kill_often(command, inputs, times, seed, report)
            rows.append(_row("killed", command.name, outcomes))
            typer.echo(f"killed {command.name} {times} times")
    return rows


def _crowded(inputs: Inputs, pairs: int, report: Callable[[str], None]) -> list[Row]:
    rows = []

    def done(what: str, command: Command, outcomes: list[str | None]) -> None:
        for fault in filter(None, outcomes):
            report(f"{what}, {command.name}: {fault}")
        rows.append(_row(what, command.name, outcomes))

    writing = [command for command in COMMANDS if command.output]
    for command in writing:
        done("two at once", command, [two_at_once(command, inputs) for _ in range(pairs)])
    for command in writing:
        try:
            sizes = KILOBYTES[::3] if command.heavy else KILOBYTES
            done("full disk", command, [full_disk(command, inputs, size) for size in sizes])
        except PermissionError as error:
            typer.echo(f"full disks were not tried: {error}")
            break
    return rows


def _served(inputs: Inputs, report: Callable[[str], None]) -> list[Row]:
    rows = []
    for slow in (0, SLOW):
        waits = serve_crowd(inputs.bundle, slow)
        bad = sum(wait > LONGEST_S for wait in waits)
        name = f"serve, {len(waits)} in {SECONDS:g} s" + (f", {slow} slow senders" if slow else "")
        typer.echo(f"{name}: median {waits[len(waits) // 2]:.3f} s, longest {waits[-1]:.3f} s")
        if bad:
            report(f"{name}: {bad} waited more than {LONGEST_S:g} s")
        rows.append(("clients", name, len(waits), bad))
    return rows


def _fuzzed(
    inputs: Inputs, results: Path, fuzzed: int, seed: int, report: Callable[[str], None]
) -> list[Row]:
    from skinlite_benchmarks.reliability.fuzz import fuzz
    from skinlite_benchmarks.reliability.targets import targets

    kinds = list(targets(inputs, results))
    rows = []
    for kind in kinds:
        counts: Counter[str] = fuzz(kind, -(-fuzzed // len(kinds)), seed, report)
        rows.append(("malformed", kind.name, counts.total(), counts["mishandled"]))
        typer.echo(f"{kind.name}: {dict(counts)}")
    return rows


def _row(what: str, name: str, outcomes: list[str | None]) -> Row:
    return (what, name, len(outcomes), sum(outcome is not None for outcome in outcomes))


def _table(rows: list[Row]) -> str:
    lines = ["| | | times | mishandled |", "| --- | --- | ---: | ---: |"]
    lines += [f"| {what} | {name} | {times:,} | {bad} |" for what, name, times, bad in rows]
    for what in dict.fromkeys(row[0] for row in rows):
        alike = [row for row in rows if row[0] == what]
        times, bad = sum(row[2] for row in alike), sum(row[3] for row in alike)
        lines.append(f"| **{what}** | all | {times:,} | {bad} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
