"""Bar charts as inline SVG: speed, size, the share of the limit, the most expensive operators."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts.svg import label, shapes, svg
from skinlite_benchmarks.report.view import Role, View
from skinlite_benchmarks.results.records import Profile


@dataclass(frozen=True)
class Bar:
    """One bar."""

    label: str
    value: float
    text: str
    role: Role


def speed_bars(view: View) -> list[Bar]:
    """Times faster than the baseline; empty without one."""
    return [
        Bar(row.name, ratio.median, wording.interval(ratio), row.role)
        if (ratio := row.measured.ratio)
        else Bar(row.name, 1.0, "baseline", row.role)
        for row in view.speeds
    ]


def size_bars(view: View) -> list[Bar]:
    """Megabytes of each file."""
    return [
        Bar(
            contestant.name,
            contestant.bytes / 1e6,
            wording.megabytes(contestant.bytes / 1e6),
            view.roles[contestant.name],
        )
        for contestant in view.results.contestants
    ]


def limit_bars(view: View) -> list[Bar]:
    """How much of the host's limit each contestant reaches; empty where that isn't known."""
    return [
        Bar(
            row.name,
            min(1.0, limit.share),
            f"{limit.share:.0%}, {wording.milliseconds(limit.ms)} possible",
            row.role,
        )
        for row in view.limits
        if (limit := row.measured.limit)
    ]


def profile_bars(profile: Profile, role: Role) -> list[Bar]:
    """The most expensive operators, and the rest in one bar."""
    bars = [
        Bar(
            timed.operator,
            timed.ms,
            f"{wording.milliseconds(timed.ms)}, {wording.percent(timed.share)}, "
            f"{timed.count}{wording.TIMES}",
            role,
        )
        for timed in profile.operators
    ]
    rest = profile.total_ms - sum(timed.ms for timed in profile.operators)
    share = rest / profile.total_ms if profile.total_ms else 0.0
    if share >= 0.005:
        bars.append(
            Bar("all others", rest, f"{wording.milliseconds(rest)}, {share:.0%}", "baseline")
        )
    return bars


def bar_chart(bars: Sequence[Bar], width: int, title: str, full: float | None = None) -> Markup:
    """Horizontal bars from zero to ``full``, or to the longest of them."""
    row, parts = 40, []
    longest = full or max(bar.value for bar in bars) or 1.0
    for index, bar in enumerate(bars):
        top = index * row
        length = max(2.0, bar.value / longest * width)
        parts.append(
            label(bar.label, bar.text, top + 16, width)
            + shapes(
                f'<rect class="track" x="0" y="{top + 23}" width="{width}" height="9" rx="4.5"/>'
                f'<g class="{bar.role}"><rect class="bar" x="0" y="{top + 23}" '
                f'width="{length:.1f}" height="9" rx="{min(4.5, length / 2):.1f}"/></g>'
            )
        )
    return svg(parts, width, row * len(bars), title)
