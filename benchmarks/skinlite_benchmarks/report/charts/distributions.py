"""Distributions of latency, and the recall of each class with its interval."""

import math

import numpy as np
from markupsafe import Markup

from skinlite.classes import NAMES
from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts.svg import EDGE, label, log_ticks, shapes, svg, tick
from skinlite_benchmarks.report.view import View
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.records import Accuracy


def latency_chart(view: View, threads: int, width: int) -> Markup:
    """Distributions on a logarithmic axis: rounds as dots, quartiles as a box, p50 as a line."""
    fastest_first = view.fastest_first[threads]
    highest = max(timed.latency.p99 for timed in fastest_first) * 1.15
    lowest = min(timed.latency.min for timed in fastest_first) / 1.15
    scale = (width - 2 * EDGE) / math.log(highest / lowest)

    def x(value: float) -> float:
        return EDGE + min(max(0.0, math.log(value / lowest)), math.log(highest / lowest)) * scale

    row, parts = 52, []
    bottom = row * len(fastest_first)
    for at in log_ticks(lowest, highest, width // 75):
        parts.append(tick(x(at), bottom, f"{at:g} ms", width))
    for index, timed in enumerate(fastest_first):
        top, middle = index * row, index * row + 33
        turns = np.array([np.median(turn) for turn in timed.turns_ms])
        everything = np.concatenate(timed.turns_ms)
        p25, p75 = np.percentile(everything, [25, 75]).tolist()
        # A seeded jitter, so that the same results give the same page.
        heights = np.random.default_rng(index).uniform(-8, 8, len(turns))
        dots = "".join(
            f'<circle cx="{x(turn):.1f}" cy="{middle + height:.1f}" r="1.6"/>'
            for turn, height in zip(turns.tolist(), heights.tolist(), strict=True)
        )
        name, latency = timed.contestant, timed.latency
        box, centre = max(3.0, x(p75) - x(p25)), (x(p25) + x(p75)) / 2
        parts.append(
            label(name, wording.milliseconds(latency.p50), top + 16, width)
            + shapes(
                f'<g class="{view.roles[name]}"><line class="whisker" x1="{x(latency.min):.1f}" '
                f'x2="{x(latency.p99):.1f}" y1="{middle}" y2="{middle}"/>'
                f'<g class="dots">{dots}</g>'
                f'<rect class="box" x="{centre - box / 2:.1f}" y="{middle - 8}" width="{box:.1f}" '
                f'height="16" rx="2"/><line class="median" x1="{x(latency.p50):.1f}" '
                f'x2="{x(latency.p50):.1f}" y1="{middle - 11}" y2="{middle + 11}"/></g>'
            )
        )
    return svg(parts, width, bottom + 24, f"Latency distributions, {naming.threads(threads)}")


def recall_chart(accuracy: Accuracy, width: int, title: str) -> Markup:
    """Recall of each class: a ring for Keras, a dot for the exported file."""
    row, parts = 40, []
    bottom = row * len(accuracy.exported.per_class)

    def x(value: float) -> float:
        return EDGE + value * (width - 2 * EDGE)

    for at in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(tick(x(at), bottom, f"{at:g}", width))
    for index, name in enumerate(accuracy.exported.per_class):
        top, middle = index * row, index * row + 29
        assert accuracy.keras is not None
        keras, exported = accuracy.keras.per_class[name], accuracy.exported.per_class[name]
        text = f"n = {exported.support:,}"
        if keras.recall is not None and exported.recall is not None:
            text = f"{keras.recall:.2f} → {exported.recall:.2f}, {text}"
            a, b = x(keras.recall), x(exported.recall)
            parts.append(
                shapes(
                    f'<g class="headline"><line class="whisker" x1="{a:.1f}" x2="{b:.1f}" '
                    f'y1="{middle}" y2="{middle}"/><circle class="ring" cx="{a:.1f}" cy="{middle}" '
                    f'r="6"/><circle class="dot" cx="{b:.1f}" cy="{middle}" r="3.5"/></g>'
                )
            )
        shown = name if width < 500 else f"{name} · {NAMES.get(name, name)}"
        parts.append(label(shown, text, top + 16, width))
    return svg(parts, width, bottom + 24, title)
