"""A page of tables, as Markdown or as HTML that needs nothing else."""

from dataclasses import dataclass
from html import escape

STYLE = (
    "body{font:16px/1.4 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;font-size:14px}"
    "td,th{padding:.2em .7em;text-align:left;border-bottom:1px solid #ddd}"
)


@dataclass(frozen=True)
class Table:
    """A table of text cells."""

    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Page:
    """Tables under a title."""

    title: str
    preface: str
    tables: tuple[Table, ...]

    def to_markdown(self) -> str:
        """The page as Markdown."""
        parts = [f"# {self.title}\n\n{self.preface}\n"]
        for table in self.tables:
            lines = (table.header, ("---",) * len(table.header), *table.rows)
            cells = "\n".join("| " + " | ".join(map(_plain, line)) + " |" for line in lines)
            parts.append(f"## {table.title}\n\n{table.note}\n\n{cells}\n")
        return "\n".join(parts)

    def to_html(self) -> str:
        """The page as HTML."""
        parts = [f"<h1>{escape(self.title)}</h1><p>{escape(self.preface)}</p>"]
        for table in self.tables:
            rows = "".join(_row("td", row) for row in table.rows)
            parts.append(
                f"<h2>{escape(table.title)}</h2><p>{escape(table.note)}</p><table><thead>"
                f"{_row('th', table.header)}</thead><tbody>{rows}</tbody></table>"
            )
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style>"
            f"<body>{''.join(parts)}</body></html>\n"
        )


def _plain(cell: str) -> str:
    return cell.replace("|", "\\|")


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
