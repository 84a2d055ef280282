"""Accuracy against latency, and which models nothing else beats.

Marks carry numbers and a list below names them: names would cover each other on a phone.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts.distributions import role
from skinlite_benchmarks.report.charts.svg import (
    HEIGHT,
    LEFT,
    ROW,
    label,
    level,
    log_ticks,
    svg,
    tick,
)
from skinlite_benchmarks.results.records import Share
from skinlite_benchmarks.results.results import Results


@dataclass(frozen=True)
class Point:
    """One contestant; ``role`` is a class of the style sheet."""

    name: str
    ms: float
    accuracy: Share
    bytes: int
    role: str


def pareto_points(results: Results, threads: int) -> list[Point]:
    """The contestants whose accuracy is known, the fastest first."""
    found = []
    for one in results.contestants:
        measured = results.measurement(one.name, threads)
        if measured is not None and one.accuracy is not None:
            accuracy = one.accuracy.balanced_accuracy
            tone = role(results, one.name)
            found.append(Point(one.name, measured.latency.p50, accuracy, one.bytes, tone))
    return sorted(found, key=lambda point: point.ms)


def front(points: Iterable[Point]) -> list[Point]:
    """Those that no other one beats: none is as fast and more accurate."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (point.ms, -point.accuracy.value)):
        if not best or point.accuracy.value > best[-1].accuracy.value:
            best.append(point)
    return best


def pareto_chart(points: Sequence[Point], width: int, title: str) -> str:
    """Balanced accuracy with its interval over latency, area as the size of the file."""
    lowest, highest = points[0].ms / 1.5, points[-1].ms * 1.5
    bottom_value = math.floor(min(one.accuracy.low for one in points) * 20) / 20
    top_value = math.ceil(max(one.accuracy.high for one in points) * 20) / 20
    largest, widest = max(one.bytes for one in points), 26 if width > 500 else 17

    def x(ms: float) -> float:
        return LEFT + math.log(ms / lowest) / math.log(highest / lowest) * (width - LEFT)

    def y(value: float) -> float:
        return 8 + (top_value - value) / (top_value - bottom_value) * (HEIGHT - 16)

    parts = [tick(x(at), HEIGHT, f"{at:g} ms", width) for at in _ticks(lowest, highest, width)]
    parts += [level(y(value), f"{value:.2f}", width) for value in _levels(bottom_value, top_value)]
    line = " ".join(f"{x(one.ms):.1f},{y(one.accuracy.value):.1f}" for one in front(points))
    parts.append(f'<polyline class="front" points="{line}"/>')
    for number, one in enumerate(points, 1):
        at, middle = x(one.ms), y(one.accuracy.value)
        radius = max(4.0, math.sqrt(one.bytes / largest) * widest)
        # Neighbours' numbers stand above and below in turn, or they would cover each other.
        beside = middle - radius - 1 if number % 2 else middle + radius + 11
        parts.append(
            f'<g class="{one.role}"><line class="whisker" x1="{at:.1f}" x2="{at:.1f}" '
            f'y1="{y(one.accuracy.low):.1f}" y2="{y(one.accuracy.high):.1f}"/>'
            f'<circle class="disc" cx="{at:.1f}" cy="{middle:.1f}" r="{radius:.1f}"/></g>'
            f'<text class="number" x="{at + radius + 3:.1f}" y="{beside:.1f}">'
            f"{number}</text>"
        )
        figures = f"{wording.milliseconds(one.ms)}, {wording.share(one.accuracy.value)}"
        if width > 500:  # on a phone the name needs the room
            figures += f", {wording.megabytes(one.bytes / 1e6)}"
        parts.append(label(f"{number}  {one.name}", figures, HEIGHT + 24 + ROW * number, width))
    return svg(parts, width, HEIGHT + 32 + ROW * len(points), title)


def _ticks(lowest: float, highest: float, width: int) -> list[float]:
    """A narrow range may lie between 1, 2 and 5: then its ends are better than nothing."""
    ticks = log_ticks(lowest, highest, (width - LEFT) // 60)
    return ticks or [float(f"{lowest * 1.1:.2g}"), float(f"{highest / 1.1:.2g}")]


def _levels(lowest: float, highest: float) -> list[float]:
    step = 0.05 if highest - lowest <= 0.35 else 0.1 if highest - lowest <= 0.7 else 0.2
    first = math.ceil(lowest / step - 1e-9)
    return [n * step for n in range(first, math.floor(highest / step + 1e-9) + 1)]
