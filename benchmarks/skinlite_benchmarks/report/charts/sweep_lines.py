"""Latency over the size of the image, for a sweep."""

import math

from markupsafe import Markup

from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts.svg import HEIGHT, LEFT, ROW, label, level, shapes, svg, tick
from skinlite_benchmarks.report.view import View
from skinlite_benchmarks.results import naming


def sweep_chart(view: View, width: int, title: str) -> Markup:
    """Median latency over the image's size, one line for each network and width."""
    lines: dict[tuple[str, float, float], list[tuple[int, float]]] = {}
    for point, row in view.sweep:
        line = lines.setdefault((point.backbone, point.width, point.slim or 1), [])
        line.append((point.image_size, row.measured.latency.p50))
    every = [mark for line in lines.values() for mark in line]
    sizes = sorted({size for size, _ in every})
    low, high = sizes[0] - 16, sizes[-1] + 16
    longest = max(ms for _, ms in every) * 1.15

    def x(size: float) -> float:
        return LEFT + (size - low) / (high - low) * (width - LEFT)

    def y(ms: float) -> float:
        return 8 + (1 - ms / longest) * (HEIGHT - 8)

    # A size whose number would touch the one before goes without.
    shown: list[int] = []
    for size in sizes:
        if not shown or x(size) - x(shown[-1]) > 44:
            shown.append(size)
    parts = [tick(x(size), HEIGHT, f"{size} px", width) for size in shown]
    step = 10 ** math.floor(math.log10(longest / 2))
    step *= next(times for times in (1, 2, 5) if longest / (step * times) <= 8)
    parts += [level(y(step * n), f"{step * n:g}", width) for n in range(int(longest / step) + 1)]
    for number, ((backbone, channels, slim), line) in enumerate(sorted(lines.items()), 1):
        marks = [(x(size), y(ms)) for size, ms in sorted(line)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in marks)
        dots = "".join(f'<circle class="dot" cx="{a:.1f}" cy="{b:.1f}" r="4"/>' for a, b in marks)
        parts.append(
            shapes(
                f'<g class="line{number % 4}"><polyline class="run" points="{path}"/>{dots}</g>'
                f'<text class="number" x="{marks[-1][0] + 6:.1f}" y="{marks[-1][1] - 5:.1f}">'
                f"{number}</text>"
            )
        )
        span = f"{wording.three_digits(min(ms for _, ms in line))} to "
        span += wording.milliseconds(max(ms for _, ms in line))
        name = f"{number}  {naming.network(backbone)}, width {channels:g}"
        name += "" if slim == 1 else f", slim {slim:g}"
        parts.append(label(name, span, HEIGHT + 24 + ROW * number, width))
    return svg(parts, width, HEIGHT + 32 + ROW * len(lines), title)
