"""Accuracy against latency, and which models nothing else beats.

Marks carry numbers and a list below names them: names would cover each other on a phone.
"""

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts.svg import (
    HEIGHT,
    LEFT,
    ROW,
    label,
    level,
    log_ticks,
    shapes,
    svg,
    tick,
)
from skinlite_benchmarks.report.view import Point


def front(points: Iterable[Point]) -> list[Point]:
    """Those that no other beats: none is as fast and more accurate."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (point.ms, -point.accuracy.value)):
        if not best or point.accuracy.value > best[-1].accuracy.value:
            best.append(point)
    return best


def pareto_chart(points: Sequence[Point], width: int, title: str) -> Markup:
    """Balanced accuracy with its interval over latency, area as the size of the file."""
    lowest, highest = points[0].ms / 1.5, points[-1].ms * 1.5
    bottom_value = math.floor(min(point.accuracy.low for point in points) * 20) / 20
    top_value = math.ceil(max(point.accuracy.high for point in points) * 20) / 20
    if top_value == bottom_value:  # all the same, such as 1 on few images
        bottom_value, top_value = max(0.0, bottom_value - 0.05), min(1.0, top_value + 0.05)
    largest, widest = max(point.bytes for point in points), 26 if width > 500 else 17

    def x(ms: float) -> float:
        return LEFT + math.log(ms / lowest) / math.log(highest / lowest) * (width - LEFT)

    def y(value: float) -> float:
        return 8 + (top_value - value) / (top_value - bottom_value) * (HEIGHT - 16)

    parts = [tick(x(at), HEIGHT, f"{at:g} ms", width) for at in _ticks(lowest, highest, width)]
    parts += [level(y(value), f"{value:.2f}", width) for value in _levels(bottom_value, top_value)]
    line = " ".join(f"{x(point.ms):.1f},{y(point.accuracy.value):.1f}" for point in front(points))
    parts.append(shapes(f'<polyline class="front" points="{line}"/>'))
    for number, point in enumerate(points, 1):
        at, middle = x(point.ms), y(point.accuracy.value)
        radius = max(4.0, math.sqrt(point.bytes / largest) * widest)
        # Neighbours' numbers stand above and below in turn, or they would cover each other.
        beside = middle - radius - 1 if number % 2 else middle + radius + 11
        parts.append(
            shapes(
                f'<g class="{point.role}"><line class="whisker" x1="{at:.1f}" x2="{at:.1f}" '
                f'y1="{y(point.accuracy.low):.1f}" y2="{y(point.accuracy.high):.1f}"/>'
                f'<circle class="disc" cx="{at:.1f}" cy="{middle:.1f}" r="{radius:.1f}"/></g>'
                f'<text class="number" x="{at + radius + 3:.1f}" y="{beside:.1f}">'
                f"{number}</text>"
            )
        )
        figures = f"{wording.milliseconds(point.ms)}, {wording.share(point.accuracy.value)}"
        if width > 500:  # on a phone the name needs the room
            figures += f", {wording.megabytes(point.bytes / 1e6)}"
        parts.append(label(f"{number}  {point.name}", figures, HEIGHT + 24 + ROW * number, width))
    return svg(parts, width, HEIGHT + 32 + ROW * len(points), title)


def _ticks(lowest: float, highest: float, width: int) -> list[float]:
    """A narrow range may lie between 1, 2 and 5: then its ends are better than nothing."""
    ticks = log_ticks(lowest, highest, (width - LEFT) // 60)
    return ticks or [float(f"{lowest * 1.1:.2g}"), float(f"{highest / 1.1:.2g}")]


def _levels(lowest: float, highest: float) -> list[float]:
    step = 0.05 if highest - lowest <= 0.35 else 0.1 if highest - lowest <= 0.7 else 0.2
    first = math.ceil(lowest / step - 1e-9)
    return [n * step for n in range(first, math.floor(highest / step + 1e-9) + 1)]
