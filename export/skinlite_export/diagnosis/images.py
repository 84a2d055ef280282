"""Which fault the image tensors of a phone have."""

from collections.abc import Mapping, Sequence

import numpy as np

from skinlite_export.decoding import FAULTS
from skinlite_export.diagnosis.findings import UNKNOWN_CAUSE, Finding, Handed
from skinlite_export.diagnosis.image_faults import RIGHT, Candidates, Way, ways

ROUNDED = 0.6
"""Levels: a mean distance below is no more than another rounding."""
NEAR = 0.1
"""Levels: the mean distance of a right tensor, of which no number is off by more than 1."""


def image(handed: Handed) -> Finding:
    """The image tensors; the cause is looked for where they are wrong."""
    rows = handed.rows("image")
    made = {
        row: Candidates(handed.decodings[row], handed.signature.image, handed.runner.shaping)
        for row in rows
    }
    wrong = [row for row in rows if not _is_right(handed, row, made[row])]
    if not wrong:
        return Finding(stage="image", checked=len(rows))
    images = Images(handed, made)
    # Of PNG files first, because there no decoder is a cause.
    png = [row for row in rows if not handed.levels[row]]
    statement: str | None = None
    way: Way | None = RIGHT
    if not png or set(wrong) & set(png):
        way, statement = images.cause([row for row in wrong if row in png] or wrong)
    if png and way is not None:
        for row in set(wrong) - set(png):
            statement = images.decoder(row, way, statement)
    return handed.finding("image", rows, wrong, statement)


def _is_right(handed: Handed, row: int, made: Candidates) -> bool:
    tensor = handed.signature.image
    distance = made.made().distance(np.asarray(handed.given[row].image), tensor)
    if handed.levels[row]:  # decoders may differ
        return bool(distance.max() <= handed.levels[row])
    return bool(distance.max() <= 1 and distance.mean() <= NEAR)


class Images:
    """The image tensors that were handed in, beside those that apps may have made.

    Args:
        handed: everything.
        made: by the row of an image.
    """

    def __init__(self, handed: Handed, made: Mapping[int, Candidates]) -> None:
        self._handed, self._made = handed, made

    def distance(self, row: int, way: Way = RIGHT) -> float:
        """Levels, on average, between what was handed in and what a way makes."""
        view, tensor = self._made[row].made(way), self._handed.signature.image
        return float(view.distance(np.asarray(self._handed.given[row].image), tensor).mean())

    def cause(self, rows: Sequence[int]) -> tuple[Way | None, str]:
        """The way that makes all rows what they are, and its words; None where none is known."""
        off = [self.distance(row) for row in rows]
        first = rows[0]
        # Of equals the first, which has the fewest faults.
        nearest, _, way = min(
            (round(self.distance(first, way), 6), place, way) for place, way in enumerate(ways(2))
        )
        fault = "; ".join(way.faults)
        if nearest < min(ROUNDED, off[0] * 0.9) and all(
            self.distance(row, way) < ROUNDED for row in rows
        ):
            return way, fault
        statement = f"{UNKNOWN_CAUSE}: by {max(off):.1f} levels on average"
        if nearest < off[0] / 2:
            statement += f"; most similar, but {nearest:.1f} off: {fault}"
        return None, statement

    def decoder(self, row: int, way: Way, statement: str | None) -> str | None:
        """What is told of the JPEG besides the faults of a way, which all images have."""
        off = self.distance(row, way)
        nearest, words = min(
            (self.distance(row, way._replace(decoding=words)), words) for words in FAULTS
        )
        known = [statement] if statement else []
        if nearest < off / 3:
            return "; ".join([*known, words])
        if off < ROUNDED and known:  # the faults of all images explain it
            return statement
        cause = f"{UNKNOWN_CAUSE}: the JPEG differs by {off:.2g} levels on average"
        return "; ".join([*known, cause + ("" if known else ", but the PNG files are right")])
