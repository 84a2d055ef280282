"""The report as one HTML file: no network, no script, light and dark, phone and paper."""

from collections.abc import Callable
from html import escape
from importlib import resources

from skinlite_benchmarks import charts, tables, wording
from skinlite_benchmarks.results import Results
from skinlite_benchmarks.tables import Table

WIDE, HALF, NARROW = 980, 460, 320
"""Widths in pixels of a chart across the page, in one of two columns, and on a phone."""


def render_html(results: Results) -> str:
    """The whole page."""
    style = resources.files("skinlite_benchmarks").joinpath("report.css").read_text("utf-8")
    counts = results.settings.threads
    body = [
        _header(results),
        f"<h1>{escape(wording.summary(results))}</h1>",
        _tiles(results),
        _list("notices", results.notices),
        _verdicts(results),
        _section(_table(tables.overview(results))),
        *(_latency_chart(results, count) for count in counts),
        _bars(results),
        _recalls(results),
        *(_section(_table(tables.latencies(results, count))) for count in counts),
        _section(_table(tables.devices(results))) if results.devices else "",
        _facts(results),
        "<footer>Made by skinlite. results.json beside this page holds every timed invocation."
        "</footer>",
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>skinlite benchmark: {escape(wording.headline(results)[0].name)}</title>\n"
        f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _header(results: Results) -> str:
    badges = [(f"{results.host.kind.partition(' ')[2]}, not a phone", "badge")]
    if any(one.synthetic for one in results.contestants):
        badges.append(("synthetic pictures", "badge loud"))
    if wording.headline(results)[0].trained is False:
        badges.append(("untrained", "badge loud"))
    if results.interrupted:
        badges.append(("interrupted", "badge loud"))
    shown = "".join(f'<span class="{kind}">{escape(text)}</span>' for text, kind in badges)
    return f'<header><div class="brand"><span>skinlite</span> benchmark</div>{shown}</header>'


def _tiles(results: Results) -> str:
    contestant, best = wording.headline(results)
    tiles = [("Latency", wording.milliseconds(best.latency.p50), wording.threads(best.threads))]
    reference = results.reference and results.measurement(results.reference, best.threads)
    smaller = results.times_smaller(contestant.name)
    size = wording.megabytes(contestant.bytes / 1e6)
    if reference and best.ratio and smaller:
        median, low, high = wording.interval_digits(best.ratio)
        tiles = [
            (
                "Faster, " + wording.threads(best.threads),
                f"{median}{wording.TIMES}",
                f"95 % interval {low} to {high}",
            ),
            (
                "Latency, median",
                wording.milliseconds(best.latency.p50),
                f"reference {wording.milliseconds(reference.latency.p50)}",
            ),
            ("Smaller", wording.factor(smaller), f"{size} on disk"),
        ]
    else:
        tiles.append(("Size", size, "on disk"))
    if contestant.accuracy:
        exported, keras = contestant.accuracy.exported, contestant.accuracy.keras
        kind = "synthetic pictures" if contestant.synthetic else "pictures"
        note = f"{exported.images:,} {kind}"
        if keras is not None:
            note = f"Keras {keras.balanced_accuracy:.3f}, {note}"
        tiles.append(("Balanced accuracy", wording.share(exported.balanced_accuracy), note))
    else:
        tiles.append(("Accuracy", wording.NONE, wording.accuracy_status(contestant)))
    return '<dl class="tiles">' + "".join(_tile(*map(escape, tile)) for tile in tiles) + "</dl>"


def _tile(title: str, big: str, small: str) -> str:
    return f'<div><dt>{title}</dt><dd class="big">{big}</dd><dd class="small">{small}</dd></div>'


def _verdicts(results: Results) -> str:
    if not results.verdicts:
        return _section(
            "<p>The figures look stable: narrow spreads, enough rounds, a quiet machine.</p>",
            "stable",
        )
    items = "".join(
        f"<li>{escape(one.reason)} <em>{escape(one.advice)}</em></li>" for one in results.verdicts
    )
    return _section(f"<h2>These figures may be unstable</h2><ul>{items}</ul>", "verdicts")


def _latency_chart(results: Results, count: int) -> str:
    return _section(
        f"<h2>Latency of one picture, {wording.threads(count)}</h2>"
        '<p class="note">Logarithmic axis, further left is faster. Dots are rounds, the box is '
        "the middle half of all invocations, the line their median; the thin line runs from the "
        "minimum to p99.</p>"
        + _both(lambda width: charts.latency_chart(results, count, width), WIDE)
    )


def _bars(results: Results) -> str:
    count = results.settings.threads[0]
    parts = []
    if speeds := charts.speed_bars(results, count):
        title = f"Times faster than the reference, {wording.threads(count)}"
        drawn = _both(lambda width: charts.bar_chart(speeds, width, title), HALF)
        parts.append(_section(f"<h2>{title}</h2>{drawn}"))
    sizes = charts.size_bars(results)
    drawn = _both(lambda width: charts.bar_chart(sizes, width, "File size"), HALF)
    parts.append(_section(f"<h2>File size</h2>{drawn}"))
    return f'<div class="columns">{"".join(parts)}</div>'


def _recalls(results: Results) -> str:
    """One chart a .tflite that was judged; the .onnx repeats Keras and stays in the table."""
    parts = []
    for one in results.contestants:
        if one.accuracy is not None and one.accuracy.keras and one.runtime == "litert":
            accuracy, title = one.accuracy, f"Recall by class: {one.name}"
            kind = "synthetic " if one.synthetic else ""
            note = (
                f"Share of each class that is found, {accuracy.exported.images:,} held-out {kind}"
                "pictures. Ring: Keras. Dot: the exported file. n: pictures of the class."
            )

            def draw(width: int, accuracy: charts.Accuracy = accuracy, title: str = title) -> str:
                return charts.recall_chart(accuracy, width, title)

            parts.append(
                _section(f'<h2>{escape(title)}</h2><p class="note">{note}</p>{_both(draw, WIDE)}')
            )
    return "".join(parts)


def _both(draw: Callable[[int], str], wide: int) -> str:
    return f'<div class="wide">{draw(wide)}</div><div class="narrow">{draw(NARROW)}</div>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = []
    for number, (name, *cells) in enumerate(table.rows):
        mark = ' class="marked"' if number == table.marked else ""
        data = "".join(
            f'<td data-label="{escape(column)}">{_cell(cell)}</td>'
            for column, cell in zip(table.columns[1:], cells, strict=True)
        )
        rows.append(f'<tr{mark}><th scope="row">{escape(name)}</th>{data}</tr>')
    return (
        f"<h2>{escape(table.title)}</h2><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(text: str) -> str:
    """What stands in brackets at the end is set small: the interval, Keras, the invocations."""
    figure, bracket, rest = escape(text).partition(" (" if " (" in text else " [")
    return f"<span>{figure} <small>{bracket.strip()}{rest}</small></span>" if rest else figure


def _facts(results: Results) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        for name, value in tables.setting_rows(results)
    )
    command = f"<pre>{escape(results.settings.command)}</pre>" if results.settings.command else ""
    return _section(
        f'<h2>Host and settings</h2><dl class="facts">{rows}</dl>'
        f'<p class="note">{escape(tables.METHOD)}</p>{command}'
    )


def _list(kind: str, lines: tuple[str, ...]) -> str:
    return f'<ul class="{kind}">' + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _section(content: str, kind: str = "") -> str:
    return (
        f'<section class="{kind}">{content}</section>' if kind else f"<section>{content}</section>"
    )
