"""Signal to noise along the depth of an int8 network."""

from collections.abc import Sequence

from markupsafe import Markup

from skinlite_benchmarks.report.charts.svg import EDGE, HEIGHT, LEFT, level, shapes, svg, tick
from skinlite_export.manifest.measured import DepthError


def depth_chart(
    errors: Sequence[DepthError], width: int, title: str, onnx: Sequence[DepthError] = ()
) -> Markup:
    """A line from the first layer to the last; rings are layers whose output is in float.

    Args:
        errors: of the .tflite.
        width: of the chart.
        title: of the chart.
        onnx: of the .onnx: a second line, each operator at the place of its layer.
    """
    ratios = [error.sqnr for error in (*errors, *onnx)]
    highest, lowest = max(10.0, *ratios), min(0.0, *ratios)

    def x(place: int) -> float:
        return LEFT + EDGE + place / max(1, len(errors) - 1) * (width - LEFT - 2 * EDGE)

    def y(decibels: float) -> float:
        return EDGE + (highest - decibels) / (highest - lowest) * (HEIGHT - 2 * EDGE)

    steps = range(int(lowest // 10) * 10, int(highest) + 1, 10)
    parts = [level(y(step), f"{step}", width) for step in steps if step >= lowest]
    places = sorted({0, *range(19, len(errors), 20)})
    parts += [tick(x(place), HEIGHT, f"{place + 1}", width) for place in places]
    at = {error.layer: place for place, error in enumerate(errors)}
    besides = [(x(at[one.layer]), y(one.sqnr), one) for one in onnx if one.layer in at]
    besides.sort(key=lambda mark: mark[0])
    own = [(x(place), y(error.sqnr), error) for place, error in enumerate(errors)]
    for kind, file, marks in (("other", ", .onnx", besides), ("headline", "", own)):
        if marks:
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in marks)
            parts.append(shapes(f'<g class="{kind}"><polyline class="run" points="{path}"/></g>'))
        parts += [_mark(a, b, error, kind, file) for a, b, error in marks]
    return svg(parts, width, HEIGHT + 24, title)


def _mark(a: float, b: float, error: DepthError, kind: str, file: str) -> Markup:
    return Markup(
        '<circle class="{kind}" cx="{a:.1f}" cy="{b:.1f}" r="{r}">'
        "<title>{layer}, {operator}{file}: {sqnr:.1f} dB{where}</title></circle>"
    ).format(
        kind="baseline ring" if error.in_float else f"{kind} dot",
        a=a,
        b=b,
        r=5 if error.in_float else 3,
        layer=error.layer,
        operator=error.operator,
        file=file,
        sqnr=error.sqnr,
        where=", in float" if error.in_float else "",
    )
