"""Bar charts as inline SVG: speed, size, the share of the limit, the most expensive operators."""

from collections.abc import Sequence
from dataclasses import dataclass

from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts.distributions import role
from skinlite_benchmarks.report.charts.svg import label, svg
from skinlite_benchmarks.results.records import Profile
from skinlite_benchmarks.results.results import Results


@dataclass(frozen=True)
class Bar:
    """One bar; ``role`` is a class of the style sheet: headline, other or reference."""

    label: str
    value: float
    text: str
    role: str


def speed_bars(results: Results, threads: int) -> list[Bar]:
    """Times faster than the reference; empty without one."""
    bars = [
        Bar(m.contestant, m.ratio.median, wording.interval(m.ratio), role(results, m.contestant))
        for m in results.measurements
        if m.threads == threads and m.ratio is not None
    ]
    if bars and results.reference is not None:
        bars.append(Bar(results.reference, 1.0, "reference", "reference"))
    return bars


def size_bars(results: Results) -> list[Bar]:
    """Megabytes of each file."""
    return [
        Bar(one.name, one.bytes / 1e6, wording.megabytes(one.bytes / 1e6), role(results, one.name))
        for one in results.contestants
    ]


def limit_bars(results: Results, threads: int) -> list[Bar]:
    """How much of the host's limit each contestant reaches; empty where that isn't known."""
    return [
        Bar(
            m.contestant,
            min(1.0, m.limit.share),
            f"{m.limit.share:.0%}, {wording.milliseconds(m.limit.ms)} possible",
            role(results, m.contestant),
        )
        for m in results.measurements
        if m.threads == threads and m.limit is not None
    ]


def profile_bars(profile: Profile, tone: str) -> list[Bar]:
    """The most expensive operators, and the rest in one bar."""
    bars = [
        Bar(
            one.operator,
            one.ms,
            f"{wording.milliseconds(one.ms)}, {wording.percent(one.share)}, "
            f"{one.count}{wording.TIMES}",
            tone,
        )
        for one in profile.operators
    ]
    rest = profile.total_ms - sum(one.ms for one in profile.operators)
    share = rest / profile.total_ms if profile.total_ms else 0.0
    if share >= 0.005:
        bars.append(
            Bar("all others", rest, f"{wording.milliseconds(rest)}, {share:.0%}", "reference")
        )
    return bars


def bar_chart(bars: Sequence[Bar], width: int, title: str, full: float | None = None) -> str:
    """Horizontal bars from zero to ``full``, or to the longest of them."""
    row, parts = 40, []
    longest = full or max(bar.value for bar in bars)
    for index, bar in enumerate(bars):
        top = index * row
        length = max(2.0, bar.value / longest * width)
        parts.append(
            label(bar.label, bar.text, top + 16, width)
            + f'<rect class="track" x="0" y="{top + 23}" width="{width}" height="9" rx="4.5"/>'
            f'<g class="{bar.role}"><rect class="bar" x="0" y="{top + 23}" width="{length:.1f}" '
            f'height="9" rx="{min(4.5, length / 2):.1f}"/></g>'
        )
    return svg(parts, width, row * len(bars), title)
