"""Error over latency: how far a file is from its float model, and what it costs in time.

Marks carry numbers and a list below names them, as in `pareto`.
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
from skinlite_benchmarks.report.view import ErrorPoint

RADIUS = 5


def unbeaten(points: Iterable[ErrorPoint]) -> list[ErrorPoint]:
    """Those that no other beats: none is as fast and closer to the float model."""
    best: list[ErrorPoint] = []
    for point in sorted(points, key=lambda point: (point.ms, _shown(point))):
        if not best or _shown(point) < _shown(best[-1]):
            best.append(point)
    return best


def error_chart(points: Sequence[ErrorPoint], width: int, title: str) -> Markup:
    """Both axes logarithmic; an error that is only rounding lies on the lowest line."""
    lowest, highest = points[0].ms / 1.5, points[-1].ms * 1.5
    top = 10.0 ** math.ceil(math.log10(max(map(_shown, points)) * 1.5))

    def x(ms: float) -> float:
        return LEFT + math.log(ms / lowest) / math.log(highest / lowest) * (width - LEFT)

    def y(error: float) -> float:
        whole = math.log(top / wording.LEAST_ERROR)
        return 8 + math.log(top / error) / whole * (HEIGHT - 20)

    ticks = log_ticks(lowest, highest, (width - LEFT) // 60) or [float(f"{lowest * 1.5:.2g}")]
    parts = [tick(x(at), HEIGHT, f"{at:g} ms", width) for at in ticks]
    parts += [
        level(y(at), "0" if at == wording.LEAST_ERROR else f"{at:g}", width) for at in _decades(top)
    ]
    line = " ".join(f"{x(point.ms):.1f},{y(_shown(point)):.1f}" for point in unbeaten(points))
    parts.append(shapes(f'<polyline class="front" points="{line}"/>'))
    for number, point in enumerate(points, 1):
        at, middle = x(point.ms), y(_shown(point))
        # Neighbours' numbers stand above and below in turn, or they would cover each other.
        beside = middle - RADIUS - 1 if number % 2 else middle + RADIUS + 11
        shape = "ring" if point.wrong else "disc"
        parts.append(
            shapes(
                f'<g class="{point.role}">'
                f'<circle class="{shape}" cx="{at:.1f}" cy="{middle:.1f}" r="{RADIUS}"/></g>'
                f'<text class="number" x="{at + RADIUS + 2:.1f}" y="{beside:.1f}">{number}</text>'
            )
        )
        figures = f"{wording.time_or_wrong(point.ms, point.wrong)}, {wording.error(point.error)}"
        parts.append(label(f"{number}  {point.name}", figures, HEIGHT + 24 + ROW * number, width))
    return svg(parts, width, HEIGHT + 32 + ROW * len(points), title)


def _shown(point: ErrorPoint) -> float:
    return max(point.error, wording.LEAST_ERROR)


def _decades(top: float) -> list[float]:
    """Of the axis, upwards from `LEAST_ERROR`."""
    count = round(math.log10(top / wording.LEAST_ERROR))
    return [float(f"{wording.LEAST_ERROR * 10**n:.0e}") for n in range(count + 1)]
