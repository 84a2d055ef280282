"""The report as one HTML file: no network, no script, light and dark, phone and paper.

``report.html.jinja`` is the page; whatever comes into it is escaped, but the charts' `Markup`.
"""

from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from skinlite_benchmarks.report import detail_tables, tables, wording
from skinlite_benchmarks.report.factors import factors_of, in_words
from skinlite_benchmarks.report.html.chart_sections import chart_groups
from skinlite_benchmarks.report.view import View
from skinlite_benchmarks.results import naming


def render_html(view: View) -> str:
    """The whole page."""
    style = resources.files(__package__).joinpath("report.css").read_text("utf-8")
    results = view.results
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            title=view.headline.name,
            style=Markup(style),  # ours, as it is
            badges=_badges(view),
            summary=wording.summary(view),
            factors=in_words(factors_of(view)),
            tiles=_tiles(view),
            notices=results.notices,
            verdicts=results.verdicts,
            overview=tables.overview(view),
            groups=chart_groups(view),
            details=detail_tables.details(view),
            settings=tables.setting_rows(results),
            method=tables.method(results),
            command=results.settings.command,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("skinlite_benchmarks.report.html", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["split_detail"] = split_detail
    return environment


def split_detail(text: str) -> tuple[str, str]:
    """A cell's figure, and what stands in brackets behind it: interval, Keras, invocations.

    The page sets the second small; it is empty where there is none.
    """
    figure, bracket, detail = text.partition(" (" if " (" in text else " [")
    return (figure, bracket.strip() + detail) if detail else (text, "")


def _badges(view: View) -> list[tuple[str, bool]]:
    """Words, and whether they are a warning."""
    results = view.results
    badges = [(f"{results.host.kind.partition(' ')[2]}, not a phone", False)]
    if any(contestant.synthetic for contestant in results.contestants):
        badges.append(("synthetic images", True))
    states = {
        contestant.accuracy.leaks.state for contestant in results.contestants if contestant.accuracy
    }
    for state, words in (("found", "leaky split"), ("unknown", "leaks unknown")):
        if state in states:
            badges.append((words, True))
    if view.headline.contestant.trained is False:
        badges.append(("untrained", True))
    if view.headline.contestant.rejected:
        badges.append(("failed its gates", True))
    if results.interrupted:
        badges.append(("interrupted", True))
    return badges


def _tiles(view: View) -> list[tuple[str, str, str]]:
    """The headline's figures: what it is, the figure, a remark."""
    best, baseline, ratio = view.headline, view.baseline, view.headline.measured.ratio
    where = naming.threads(view.threads)
    latency = wording.milliseconds(best.measured.latency.p50)
    size = wording.megabytes(best.contestant.bytes / 1e6)
    if best.wrong:
        tiles = [("Latency", wording.time_or_wrong(0.0, best.wrong), where)]
        tiles.append(("Size", size, "on disk"))
    elif baseline and ratio and best.times_smaller:
        median, low, high = wording.interval_digits(ratio)
        slower = wording.milliseconds(baseline.measured.latency.p50)
        tiles = [
            (f"Faster, {where}", f"{median}{wording.TIMES}", f"95 % interval {low} to {high}"),
            ("Latency, median", latency, f"baseline {slower}"),
            ("Smaller", wording.factor(best.times_smaller), f"{size} on disk"),
        ]
    else:
        tiles = [("Latency", latency, where), ("Size", size, "on disk")]
    accuracy = best.contestant.accuracy
    if accuracy is None:
        status = wording.accuracy_status(best.contestant)
        return [*tiles, ("Accuracy", wording.NONE, status)]
    kind = "synthetic images" if best.contestant.synthetic else "images"
    note = f"{accuracy.exported.images:,} {kind}{wording.leak(accuracy)}"
    if accuracy.keras is not None:
        note = f"Keras {accuracy.keras.balanced_accuracy:.3f}, {note}"
    balanced = wording.share(accuracy.exported.balanced_accuracy)
    return [*tiles, ("Balanced accuracy", balanced, note)]
