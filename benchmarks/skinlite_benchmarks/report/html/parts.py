"""What the page is built of: a section, a table, a chart in both of its widths."""

from collections.abc import Callable, Sequence
from html import escape

from skinlite_benchmarks.report.tables import Table

WIDE, HALF, NARROW = 980, 460, 320
"""Widths in pixels of a chart across the page, in one of two columns, and on a phone."""


def section(content: str, kind: str = "") -> str:
    """A card."""
    return (
        f'<section class="{kind}">{content}</section>' if kind else f"<section>{content}</section>"
    )


def both(draw: Callable[[int], str], wide: int) -> str:
    """A chart drawn for a screen and for a phone; the style sheet shows the one that fits."""
    return f'<div class="wide">{draw(wide)}</div><div class="narrow">{draw(NARROW)}</div>'


def columns(cards: Sequence[str]) -> str:
    """Cards two by two, on a phone one below the other; empty where there are none."""
    return f'<div class="columns">{"".join(cards)}</div>' if cards else ""


def table_card(table: Table) -> str:
    """A table with its title."""
    return section(f"<h2>{escape(table.title)}</h2>{grid(table)}")


def grid(table: Table) -> str:
    """The table alone; on a phone each row becomes a block."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = []
    for number, (name, *cells) in enumerate(table.rows):
        mark = ' class="marked"' if number == table.marked else ""
        data = "".join(
            f'<td data-label="{escape(column)}">{_cell(cell)}</td>'
            for column, cell in zip(table.columns[1:], cells, strict=True)
        )
        rows.append(f'<tr{mark}><th scope="row">{escape(name)}</th>{data}</tr>')
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cell(text: str) -> str:
    """What stands in brackets at the end is set small: the interval, Keras, the invocations."""
    figure, bracket, rest = escape(text).partition(" (" if " (" in text else " [")
    return f"<span>{figure} <small>{bracket.strip()}{rest}</small></span>" if rest else figure
