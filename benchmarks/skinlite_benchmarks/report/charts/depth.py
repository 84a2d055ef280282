"""Signal to noise along the depth of an int8 network."""

from collections.abc import Sequence

from markupsafe import Markup

from skinlite_benchmarks.report.charts.svg import EDGE, HEIGHT, LEFT, level, shapes, svg, tick
from skinlite_export.manifest.measured import DepthError


def depth_chart(errors: Sequence[DepthError], width: int, title: str) -> Markup:
    """A line from the first layer to the last; rings are layers whose output is in float."""
    highest = max(10.0, max(error.sqnr for error in errors))
    lowest = min(0.0, min(error.sqnr for error in errors))

    def x(place: int) -> float:
        return LEFT + EDGE + place / max(1, len(errors) - 1) * (width - LEFT - 2 * EDGE)

    def y(decibels: float) -> float:
        return EDGE + (highest - decibels) / (highest - lowest) * (HEIGHT - 2 * EDGE)

    marks = [(x(place), y(error.sqnr)) for place, error in enumerate(errors)]
    steps = range(int(lowest // 10) * 10, int(highest) + 1, 10)
    parts = [level(y(step), f"{step}", width) for step in steps if step >= lowest]
    places = sorted({0, *range(19, len(errors), 20)})
    parts += [tick(x(place), HEIGHT, f"{place + 1}", width) for place in places]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in marks)
    parts.append(shapes(f'<g class="headline"><polyline class="run" points="{path}"/></g>'))
    for (a, b), error in zip(marks, errors, strict=True):
        parts.append(
            Markup(
                '<circle class="{kind}" cx="{a:.1f}" cy="{b:.1f}" r="{r}">'
                "<title>{layer}, {operator}: {sqnr:.1f} dB{where}</title></circle>"
            ).format(
                kind="baseline ring" if error.in_float else "headline dot",
                a=a,
                b=b,
                r=5 if error.in_float else 3,
                layer=error.layer,
                operator=error.operator,
                sqnr=error.sqnr,
                where=", in float" if error.in_float else "",
            )
        )
    return svg(parts, width, HEIGHT + 24, title)
