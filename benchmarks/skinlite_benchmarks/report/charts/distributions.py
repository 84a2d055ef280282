"""Charts as inline SVG: coloured by the page's style sheet, drawn for one width in pixels.

The page holds each chart twice, wide and narrow, and shows the one that fits: letters keep their
size on a phone.
"""

import math

import numpy as np

from skinlite.vocabulary import CLASS_NAMES, CLASSES
from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts.svg import EDGE, label, log_ticks, svg, tick
from skinlite_benchmarks.results.records import Accuracy
from skinlite_benchmarks.results.results import Results


def role(results: Results, name: str) -> str:
    """How a contestant is coloured, the same in every chart."""
    if name == results.reference:
        return "reference"
    return "headline" if name == wording.headline(results)[0].name else "other"


def latency_chart(results: Results, threads: int, width: int) -> str:
    """Distributions on a logarithmic axis: rounds as dots, quartiles as a box, p50 as a line."""
    measured = sorted(
        (m for m in results.measurements if m.threads == threads), key=lambda m: m.latency.p50
    )
    highest = max(m.latency.p99 for m in measured) * 1.15
    lowest = min(m.latency.min for m in measured) / 1.15
    scale = (width - 2 * EDGE) / math.log(highest / lowest)

    def x(value: float) -> float:
        return EDGE + min(max(0.0, math.log(value / lowest)), math.log(highest / lowest)) * scale

    row, parts = 52, []
    bottom = row * len(measured)
    for at in log_ticks(lowest, highest, width // 75):
        parts.append(tick(x(at), bottom, f"{at:g} ms", width))
    for index, one in enumerate(measured):
        top, middle = index * row, index * row + 33
        turns = np.array([np.median(turn) for turn in one.turns_ms])
        everything = np.concatenate(one.turns_ms)
        p25, p75 = np.percentile(everything, [25, 75]).tolist()
        # A seeded jitter, so that the same results give the same page.
        heights = np.random.default_rng(index).uniform(-8, 8, len(turns))
        dots = "".join(
            f'<circle cx="{x(turn):.1f}" cy="{middle + height:.1f}" r="1.6"/>'
            for turn, height in zip(turns.tolist(), heights.tolist(), strict=True)
        )
        box, centre = max(3.0, x(p75) - x(p25)), (x(p25) + x(p75)) / 2
        parts.append(
            label(one.contestant, wording.milliseconds(one.latency.p50), top + 16, width)
            + f'<g class="{role(results, one.contestant)}">'
            f'<line class="whisker" x1="{x(one.latency.min):.1f}" x2="{x(one.latency.p99):.1f}" '
            f'y1="{middle}" y2="{middle}"/><g class="dots">{dots}</g>'
            f'<rect class="box" x="{centre - box / 2:.1f}" y="{middle - 8}" width="{box:.1f}" '
            f'height="16" rx="2"/><line class="median" x1="{x(one.latency.p50):.1f}" '
            f'x2="{x(one.latency.p50):.1f}" y1="{middle - 11}" y2="{middle + 11}"/></g>'
        )
    return svg(parts, width, bottom + 24, f"Latency distributions, {wording.threads(threads)}")


def recall_chart(accuracy: Accuracy, width: int, title: str) -> str:
    """Recall of each class: a ring for Keras, a dot for the exported file."""
    row, parts = 40, []
    bottom = row * len(CLASSES)

    def x(value: float) -> float:
        return EDGE + value * (width - 2 * EDGE)

    for at in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(tick(x(at), bottom, f"{at:g}", width))
    for index, name in enumerate(CLASSES):
        top, middle = index * row, index * row + 29
        assert accuracy.keras is not None
        keras, exported = accuracy.keras.per_class[name], accuracy.exported.per_class[name]
        text = f"n = {exported.support:,}"
        if keras.recall is not None and exported.recall is not None:
            text = f"{keras.recall:.2f} → {exported.recall:.2f}, {text}"
            a, b = x(keras.recall), x(exported.recall)
            parts.append(
                f'<g class="headline"><line class="whisker" x1="{a:.1f}" x2="{b:.1f}" '
                f'y1="{middle}" y2="{middle}"/><circle class="ring" cx="{a:.1f}" cy="{middle}" '
                f'r="6"/><circle class="dot" cx="{b:.1f}" cy="{middle}" r="3.5"/></g>'
            )
        shown = name if width < 500 else f"{name} · {CLASS_NAMES[name]}"
        parts.append(label(shown, text, top + 16, width))
    return svg(parts, width, bottom + 24, title)
