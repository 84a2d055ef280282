"""Charts as inline SVG: coloured by the page's style sheet, drawn for one width in pixels.

The page holds each chart twice, wide and narrow, and shows the one that fits: letters keep their
size on a phone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from skinlite.vocabulary import CLASS_NAMES, CLASSES
from skinlite_benchmarks import wording
from skinlite_benchmarks.records import Accuracy
from skinlite_benchmarks.results import Results

EDGE = 8
"""Pixels left free at both sides, so that a mark at the end isn't cut."""


@dataclass(frozen=True)
class Bar:
    """One bar; ``role`` is a class of the style sheet: headline, other or reference."""

    label: str
    value: float
    text: str
    role: str


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
    for tick in _log_ticks(lowest, highest, width // 75):
        parts.append(_tick(x(tick), bottom, f"{tick:g} ms", width))
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
            _label(one.contestant, wording.milliseconds(one.latency.p50), top + 16, width)
            + f'<g class="{role(results, one.contestant)}">'
            f'<line class="whisker" x1="{x(one.latency.min):.1f}" x2="{x(one.latency.p99):.1f}" '
            f'y1="{middle}" y2="{middle}"/><g class="dots">{dots}</g>'
            f'<rect class="box" x="{centre - box / 2:.1f}" y="{middle - 8}" width="{box:.1f}" '
            f'height="16" rx="2"/><line class="median" x1="{x(one.latency.p50):.1f}" '
            f'x2="{x(one.latency.p50):.1f}" y1="{middle - 11}" y2="{middle + 11}"/></g>'
        )
    return _svg(parts, width, bottom + 24, f"Latency distributions, {wording.threads(threads)}")


def speed_bars(results: Results, threads: int) -> list[Bar]:
    """Times faster than the reference; empty without one."""
    bars = [
        Bar(m.contestant, m.ratio.median, wording.interval(m.ratio), role(results, m.contestant))
        for m in results.measurements
        if m.threads == threads and m.ratio is not None
    ]
    if bars and results.reference is not None:
        bars.append(Bar(results.reference, 1.0, "reference", "reference"))
    return bars


def size_bars(results: Results) -> list[Bar]:
    """Megabytes of each file."""
    return [
        Bar(one.name, one.bytes / 1e6, wording.megabytes(one.bytes / 1e6), role(results, one.name))
        for one in results.contestants
    ]


def bar_chart(bars: Sequence[Bar], width: int, title: str) -> str:
    """Horizontal bars from zero."""
    row, parts = 40, []
    longest = max(bar.value for bar in bars)
    for index, bar in enumerate(bars):
        top = index * row
        length = max(2.0, bar.value / longest * width)
        parts.append(
            _label(bar.label, bar.text, top + 16, width)
            + f'<rect class="track" x="0" y="{top + 23}" width="{width}" height="9" rx="4.5"/>'
            f'<g class="{bar.role}"><rect class="bar" x="0" y="{top + 23}" width="{length:.1f}" '
            f'height="9" rx="{min(4.5, length / 2):.1f}"/></g>'
        )
    return _svg(parts, width, row * len(bars), title)


def recall_chart(accuracy: Accuracy, width: int, title: str) -> str:
    """Recall of each class: a ring for Keras, a dot for the exported file."""
    row, parts = 40, []
    bottom = row * len(CLASSES)

    def x(value: float) -> float:
        return EDGE + value * (width - 2 * EDGE)

    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(_tick(x(tick), bottom, f"{tick:g}", width))
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
        parts.append(_label(shown, text, top + 16, width))
    return _svg(parts, width, bottom + 24, title)


def _log_ticks(lowest: float, highest: float, most: int) -> list[float]:
    """1, 2, 5, 10, ... within the range, thinned to the tens where they are too many."""
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    for steps in ((1, 2, 5), (1,)):
        ticks = [s * 10.0**d for d in decades for s in steps if lowest <= s * 10.0**d <= highest]
        if len(ticks) <= most:
            break
    return ticks


def _tick(x: float, bottom: float, text: str, width: int) -> str:
    anchor = "start" if x < 20 else "end" if x > width - 20 else "middle"
    return (
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom}"/>'
        f'<text class="tick" x="{x:.1f}" y="{bottom + 16}" text-anchor="{anchor}">{text}</text>'
    )


def _label(name: str, value: str, y: float, width: int) -> str:
    # About 6.5 pixels a letter at this size. A longer name loses its middle, since namesakes
    # differ at the end; the tooltip has the whole.
    room = max(6, int((width - 7.5 * len(value) - 16) / 6.5))
    shown = name if len(name) <= room else f"{name[: room // 3]}…{name[room // 3 + 1 - room :]}"
    return (
        f'<text class="name" x="0" y="{y}">{escape(shown)}<title>{escape(name)}</title></text>'
        f'<text class="value" x="{width}" y="{y}" text-anchor="end">{escape(value)}</text>'
    )


def _svg(parts: Sequence[str], width: int, height: float, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
