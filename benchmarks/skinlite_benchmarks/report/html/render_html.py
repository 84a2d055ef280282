"""The report as one HTML file: no network, no script, light and dark, phone and paper."""

from html import escape
from importlib import resources

from skinlite_benchmarks.report import detail_tables, tables, wording
from skinlite_benchmarks.report.html import chart_sections as html_charts
from skinlite_benchmarks.report.html.parts import section, table_card
from skinlite_benchmarks.results.results import Results


def render_html(results: Results) -> str:
    """The whole page."""
    style = (
        resources.files("skinlite_benchmarks.report.html").joinpath("report.css").read_text("utf-8")
    )
    body = [
        _header(results),
        f"<h1>{escape(wording.summary(results))}</h1>",
        _tiles(results),
        _list("notices", results.notices),
        _verdicts(results),
        table_card(tables.overview(results)),
        html_charts.tradeoff(results),
        *(html_charts.latencies(results, count) for count in results.settings.threads),
        html_charts.speed_and_size(results),
        html_charts.sweep(results),
        html_charts.recalls(results),
        html_charts.limits(results),
        html_charts.profiles(results),
        *map(table_card, detail_tables.details(results)),
        _facts(results),
        "<footer>Made by skinlite, research software. results.json beside this page holds every "
        "timed invocation, report.csv the tables' figures.</footer>",
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
        badges.append(("synthetic images", "badge loud"))
    states = {one.accuracy.leaks.state for one in results.contestants if one.accuracy}
    for state, told in (("found", "leaky split"), ("unknown", "leaks unknown")):
        if state in states:
            badges.append((told, "badge loud"))
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
        kind = "synthetic images" if contestant.synthetic else "pictures"
        note = f"{exported.images:,} {kind}{wording.leak(contestant.accuracy)}"
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
        return section(
            "<p>The figures look stable: narrow spreads, enough rounds, a quiet machine.</p>",
            "stable",
        )
    items = "".join(
        f"<li>{escape(one.reason)} <em>{escape(one.advice)}</em></li>" for one in results.verdicts
    )
    return section(f"<h2>These figures may be unstable</h2><ul>{items}</ul>", "verdicts")


def _facts(results: Results) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        for name, value in tables.setting_rows(results)
    )
    command = f"<pre>{escape(results.settings.command)}</pre>" if results.settings.command else ""
    return section(
        f'<h2>Host and settings</h2><dl class="facts">{rows}</dl>'
        f'<p class="note">{escape(tables.METHOD)}</p>{command}'
    )


def _list(kind: str, lines: tuple[str, ...]) -> str:
    return f'<ul class="{kind}">' + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
