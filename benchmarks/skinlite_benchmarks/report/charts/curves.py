"""ROC and decision curves of a file's operating points."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from skinlite_benchmarks.report.charts.svg import (
    EDGE,
    HEIGHT,
    LEFT,
    ROW,
    label,
    level,
    shapes,
    svg,
    tick,
)
from skinlite_export.decision.curves import At, along
from skinlite_export.manifest.decision import OperatingPoint

Place = tuple[float, float]
LAST = 0.5
"""The decision curve's last threshold, unless a point has a larger one."""
STEPS = 5


class Curve(NamedTuple):
    """A point's line, and the point itself as a disc on it.

    Attributes:
        figure: of the point, in words.
        dashed: what it is compared with.
    """

    name: str
    figure: str
    line: Sequence[Place]
    disc: Place
    dashed: Sequence[Place] = ()


def has_curve(point: OperatingPoint) -> bool:
    """Whether there is something to draw."""
    return bool(_thresholds(point))


def roc_chart(points: Mapping[str, OperatingPoint], width: int, title: str) -> Markup:
    """Sensitivity over 1 - specificity."""
    curves = []
    for name, point in points.items():
        own = _own(point)
        line = [(1 - at.specificity, at.sensitivity) for at in _thresholds(point)]
        figure = f"{own.sensitivity:.2f} at specificity {own.specificity:.2f}"
        disc = (1 - own.specificity, own.sensitivity)
        curves.append(Curve(name, figure, [(1, 1), *line, (0, 0)], disc))
    return _chart(curves, width, title, (0, 1), 1)


def decision_chart(points: Mapping[str, OperatingPoint], width: int, title: str) -> Markup:
    """Net benefit over the threshold; dashed: the better one of acting always and never."""
    last = max(LAST, *(point.threshold or 0 for point in points.values()))
    curves = []
    for name, point in points.items():
        own, found = _own(point), [at for at in _thresholds(point) if at.threshold <= last]
        curves.append(
            Curve(
                name,
                f"{own.benefit:.3f} at {own.threshold:.3g}; of all {own.benefit_of_all:.3f}",
                [(at.threshold, at.benefit) for at in found],
                (own.threshold, own.benefit),
                [(at.threshold, max(0, at.benefit_of_all)) for at in found],
            )
        )
    every = [y for one in curves for _, y in (*one.line, *one.dashed)]
    return _chart(curves, width, title, (min(0, *every), max(0.01, *every)), last)


def _thresholds(point: OperatingPoint) -> list[At]:
    """Of the one file that a contestant is."""
    if point.threshold is None:
        return []
    (scores,) = point.files.values()
    return along(scores, point.threshold)


def _own(point: OperatingPoint) -> At:
    return next(at for at in _thresholds(point) if at.threshold == point.threshold)


def _chart(
    curves: Sequence[Curve], width: int, title: str, heights: tuple[float, float], last: float
) -> Markup:
    low, high = heights

    def at(place: Place) -> Place:
        return (
            LEFT + place[0] / last * (width - LEFT - EDGE),
            EDGE + (high - place[1]) / (high - low) * (HEIGHT - 2 * EDGE),
        )

    def path(places: Sequence[Place], kind: str) -> str:
        drawn = " ".join("{:.1f},{:.1f}".format(*at(place)) for place in places)
        return f'<polyline class="{kind}" points="{drawn}"/>'

    parts = []
    for step in range(STEPS + 1):
        across, up = last * step / STEPS, high * step / STEPS  # from 0, which may not be the lowest
        x, y = at((across, up))
        parts += [level(y, f"{up:.2f}", width), tick(x, HEIGHT, f"{across:.2g}", width)]
    for number, curve in enumerate(curves, 1):
        x, y = at(curve.disc)
        parts.append(
            shapes(
                f'<g class="line{number % 4}">{path(curve.line, "run")}'
                f'{path(curve.dashed, "run dashed")}<circle class="dot" cx="{x:.1f}" '
                f'cy="{y:.1f}" r="5"/><text class="number" x="{x + 8:.1f}" y="{y + 4:.1f}">'
                f"{number}</text></g>"
            )
        )
        parts.append(
            label(f"{number}  {curve.name}", curve.figure, HEIGHT + 24 + ROW * number, width)
        )
    return svg(parts, width, HEIGHT + 32 + ROW * len(curves), title)
