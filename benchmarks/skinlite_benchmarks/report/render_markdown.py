"""The report as Markdown, for a README or a pull request."""

import re

from skinlite_benchmarks.report import detail_tables, tables, wording
from skinlite_benchmarks.report.factors import factors_of, in_words
from skinlite_benchmarks.report.factors import table as factor_table
from skinlite_benchmarks.report.tables import Table
from skinlite_benchmarks.report.view import View

_SPECIAL = re.compile(r"([\\`*\[\]<>|]|(?<![a-z0-9])_|_(?![a-z0-9]))", re.IGNORECASE)
"""An underscore within a word is no emphasis."""


def render_markdown(view: View) -> str:
    """The whole report; what comes from file names is escaped."""
    results = view.results
    parts = ["# skinlite benchmark", _escape(wording.summary(view))]
    if factors := factors_of(view):
        parts.append(_escape(in_words(factors)))
    parts.append("\n".join(f"- {_escape(line)}" for line in results.notices))
    if results.verdicts:
        parts.append("**These figures may be unstable.**")
        parts.append(
            "\n".join(
                f"- {_escape(verdict.reason)} {_escape(verdict.advice)}"
                for verdict in results.verdicts
            )
        )
    parts.append(markdown_table(tables.overview(view)))
    if factors:
        parts.append(markdown_table(factor_table(factors)))
    profiles = filter(None, map(detail_tables.operators, results.contestants))
    parts += [markdown_table(table) for table in (*detail_tables.details(view), *profiles)]
    parts.append("## Host and settings")
    parts.append(
        "\n".join(f"- {name}: {_escape(value)}" for name, value in tables.setting_rows(results))
    )
    parts.append(_escape(tables.method(results)))
    if results.settings.command:
        # Indented, so that no backtick of a file name ends the block.
        parts.append(f"    {' '.join(results.settings.command.splitlines())}")
    return "\n\n".join(parts) + "\n"


def markdown_table(table: Table) -> str:
    """A table under its title; what comes from file names is escaped."""

    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rows = [line([_escape(name) for name in table.columns])]
    rows.append(line(["---", *["---:"] * (len(table.columns) - 1)]))
    for number, row in enumerate(table.rows):
        cells = [_escape(cell) for cell in row]
        if number == table.marked:
            cells[0] = f"**{cells[0]}**"
        rows.append(line(cells))
    return f"## {_escape(table.title)}\n\n" + "\n".join(rows)


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
