"""The Markdown table of what was tried.

    python -m skinlite_benchmarks.runtimes.table runtimes.json...

makes one of several runs.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import typer

from skinlite_benchmarks.runtimes.run_trial import Tried


def table(found: Sequence[Tried]) -> str:
    """For each kind of file a table with a row a runtime and a column a file."""
    suffixes = sorted({Path(trial.file).suffix for trial in found}, reverse=True)
    return "\n".join(
        _of([trial for trial in found if Path(trial.file).suffix == suffix]) for suffix in suffixes
    )


def _of(found: Sequence[Tried]) -> str:
    files = list(dict.fromkeys(trial.file for trial in found))
    rows: dict[tuple[str, str, str], dict[str, Tried]] = {}
    for trial in found:
        rows.setdefault((trial.runtime, trial.version, trial.processor), {})[trial.file] = trial
    lines = [
        f"| runtime | version | processor | {' | '.join(files)} | remedy |",
        f"| --- | --- | --- | {'--- | ' * len(files)}--- |",
    ]
    for row, tried in rows.items():
        answers = [_answer(tried[file]) if file in tried else "not run" for file in files]
        remedies = dict.fromkeys(trial.remedy for trial in tried.values() if trial.remedy)
        cells = (*row, *answers, "; ".join(remedies))
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _answer(one: Tried) -> str:
    if one.equal is None:
        return one.said or "no answer"
    apart = "" if one.difference is None else f", {one.difference:.2g}"
    return f"{one.equal} of {one.inputs}{apart}"


def main(results: list[Path]) -> None:
    """Print it."""
    rows = [row for path in results for row in json.loads(path.read_text("utf-8"))]
    print(table([Tried.model_validate(row) for row in rows]), end="")


if __name__ == "__main__":
    typer.run(main)
