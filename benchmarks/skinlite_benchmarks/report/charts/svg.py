"""What every chart is drawn with: the frame, axes and labels of an inline SVG.

Coloured by the page's style sheet, drawn for one width in pixels. Text goes into `Markup` by
``format``, which escapes it.
"""

import math
from collections.abc import Iterable

from markupsafe import Markup

EDGE = 8
"""Pixels left free at both sides, so that a mark at the end isn't cut."""
LEFT, HEIGHT, ROW = 44, 300, 24
"""Of a chart with two axes: room for the numbers of the y axis, height of the plot, and of a line
of the list below it."""


def log_ticks(lowest: float, highest: float, most: int) -> list[float]:
    """1, 2, 5, 10, ... within the range, thinned to the tens where they are too many."""
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    for steps in ((1, 2, 5), (1,)):
        ticks = [s * 10.0**d for d in decades for s in steps if lowest <= s * 10.0**d <= highest]
        if len(ticks) <= most:
            break
    return ticks


def tick(x: float, bottom: float, text: str, width: int) -> Markup:
    """A grid line over the whole height with its number below."""
    anchor = "start" if x < 20 else "end" if x > width - 20 else "middle"
    return Markup(
        '<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom}"/>'
        '<text class="tick" x="{x:.1f}" y="{below}" text-anchor="{anchor}">{text}</text>'
    ).format(x=x, bottom=bottom, below=bottom + 16, anchor=anchor, text=text)


def level(y: float, text: str, width: int) -> Markup:
    """A grid line over the whole width with its number at the left, in `LEFT` pixels."""
    return Markup(
        '<line class="grid" x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<text class="tick" x="{end}" y="{base:.1f}" text-anchor="end">{text}</text>'
    ).format(left=LEFT, width=width, y=y, end=LEFT - 6, base=y + 4, text=text)


def label(name: str, value: str, y: float, width: int) -> Markup:
    """A row's name at the left and its figure at the right."""
    # About 8 pixels a letter of a wide font at this size. A longer name loses its middle, since
    # namesakes differ at the end; the tooltip has the whole.
    room = max(6, int((width - 8 * len(value) - 16) / 7.5))
    shown = name if len(name) <= room else f"{name[: room // 3]}…{name[room // 3 + 1 - room :]}"
    return Markup(
        '<text class="name" x="0" y="{y}">{shown}<title>{name}</title></text>'
        '<text class="value" x="{width}" y="{y}" text-anchor="end">{value}</text>'
    ).format(y=y, shown=shown, name=name, width=width, value=value)


def shapes(drawing: str) -> Markup:
    """What is made of numbers and of our own class names, in which there is nothing to escape."""
    return Markup(drawing)


def svg(parts: Iterable[Markup], width: int, height: float, title: str) -> Markup:
    """The whole drawing."""
    return Markup(
        '<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">{parts}</svg>'
    ).format(width=width, height=height, title=title, parts=Markup().join(parts))
