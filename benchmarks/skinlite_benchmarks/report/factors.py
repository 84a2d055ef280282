"""The headline taken apart: its ratio as a product, each factor between two of the contestants.

From the baseline in float32 to its own int8, to the headline's network at equal pixels, to fewer
pixels (unless they are the baseline's), each by the stock converter, to skinlite's file. A rung
that took no part leaves its two gains as one factor; nothing is taken from another race.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from skinlite_benchmarks.candidates.peers.tool import STOCK
from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.tables import Table
from skinlite_benchmarks.report.view import Row, View
from skinlite_benchmarks.results.results import Contestant

PIXELS = "fewer pixels"
GAINS: tuple[str, ...] = (
    "int8 in place of float32",
    "a smaller network at equal pixels",
    PIXELS,
    "skinlite's int8 in place of the stock converter's",
)
"""Each between two rungs; there is one rung more."""


@dataclass(frozen=True)
class Factor:
    """Times faster, from one contestant to another.

    Attributes:
        gain: what made it, in words.
        times: the ratio of their ratios to the baseline, so that the product is the headline's.
        slower: name of the contestant without the gain.
        faster: name of the one with it.
    """

    gain: str
    times: float
    slower: str
    faster: str


def factors_of(view: View) -> list[Factor]:
    """From the baseline to the headline; empty where no rung between them was measured."""
    rungs, gains = _rungs(view), GAINS
    if len(rungs) == len(GAINS):  # the headline is at the baseline's pixels
        gains = tuple(gain for gain in GAINS if gain != PIXELS)
    placed = [(place, row) for place, row in enumerate(rungs) if row is not None]
    if len(placed) < 3:
        return []
    return [
        Factor(
            " and ".join(gains[start:end]),
            _ratio(faster, view) / _ratio(slower, view),
            slower.name,
            faster.name,
        )
        for (start, slower), (end, faster) in pairwise(placed)
    ]


def in_words(factors: Sequence[Factor]) -> str:
    """The product as a sentence; empty without factors."""
    if not factors:
        return ""
    parts = [f"{wording.factor(one.times)} {one.gain}" for one in factors]
    merged = [one.gain for one in factors if " and " in one.gain]
    apart = f" Not measured apart in this race: {'; '.join(merged)}." if merged else ""
    return f"The ratio is a product: {', '.join(parts)}.{apart}"


def table(factors: Sequence[Factor]) -> Table:
    """Which contestants each factor lies between."""
    rows = [(one.gain, wording.factor(one.times), one.slower, one.faster) for one in factors]
    return Table("What makes it faster", ["Gain", "Times", "From", "To"], rows)


def _rungs(view: View) -> list[Row | None]:
    """One more than `GAINS`, and one less where the headline has the baseline's pixels.

    None where a contestant is missing, or isn't the only one. Empty of what has no product.
    """
    top, bottom = view.baseline, view.headline
    known = top is not None and top.contestant.format == "float32" and bottom.measured.ratio
    if not known or top is None or not (bottom.contestant.format or "").startswith("int8"):
        return []
    if bottom.wrong:
        return []
    stock = [
        row
        for row in view.rows
        if row.contestant.tool == STOCK
        and row.contestant.format == "int8"
        and row.measured.ratio is not None
    ]

    def rung(network: Contestant, shape: tuple[int, ...]) -> Row | None:
        found = [
            row
            for row in stock
            if _network(row.contestant) == _network(network) and row.measured.image_shape == shape
        ]
        return found[0] if len(found) == 1 else None

    own, full, pixels = bottom.contestant, top.measured.image_shape, bottom.measured.image_shape
    smaller = [rung(own, full)] if full != pixels else []
    return [top, rung(top.contestant, full), *smaller, rung(own, pixels), bottom]


def _network(contestant: Contestant) -> tuple[str | None, float | None, float | None]:
    return contestant.backbone, contestant.width, contestant.slim


def _ratio(row: Row, view: View) -> float:
    return row.measured.ratio.median if row.measured.ratio is not None else 1.0
