"""A product as a waterfall: each factor's bar begins where the one before ended."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts.svg import EDGE, label, log_ticks, shapes, svg, tick
from skinlite_benchmarks.report.factors import Factor

ROW = 40


def waterfall_chart(factors: Sequence[Factor], total: str, width: int, title: str) -> Markup:
    """Logarithmic: equal lengths are equal factors. The last bar is the whole, ``total``."""
    ends = [1.0]
    for one in factors:
        ends.append(ends[-1] * one.times)
    lowest, highest = min(ends), max(*ends, min(ends) * 1.01)  # all may be 1
    bottom = ROW * (len(factors) + 1)

    def x(times: float) -> float:
        share = math.log(times / lowest) / math.log(highest / lowest)
        return EDGE + share * (width - 2 * EDGE)

    rows = [
        (one.gain, wording.factor(one.times), start, end, "other")
        for one, start, end in zip(factors, ends, ends[1:], strict=False)
    ]
    rows.append(("together", total, 1.0, ends[-1], "headline"))
    parts = [
        tick(x(at), bottom, f"{at:g}{wording.TIMES}", width)
        for at in log_ticks(lowest, highest, width // 60)
    ]
    for number, (name, value, start, end, role) in enumerate(rows):
        left, right = sorted((x(start), x(end)))
        parts.append(label(name, value, ROW * number + 16, width))
        parts.append(
            shapes(
                f'<g class="{role}"><rect class="bar" x="{left:.1f}" y="{ROW * number + 23}" '
                f'width="{max(2.0, right - left):.1f}" height="9" rx="2"/></g>'
            )
        )
    return svg(parts, width, bottom + 24, title)
