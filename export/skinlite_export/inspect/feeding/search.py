"""The search for the way to feed a file: a few images for every hypothesis, more for the best.

Every hypothesis is tried on a few images; those that are beaten beyond doubt are dropped, and the
others are tried on more.
"""

import time

import numpy as np

from skinlite_export.inspect.feeding.assignment import best_totals, gains, resamples
from skinlite_export.inspect.feeding.labelled_images import LabelledImages
from skinlite_export.inspect.feeding.trials import Trials
from skinlite_export.inspect.feeds import Hypothesis, hypotheses
from skinlite_export.inspect.opened import THREADS
from skinlite_export.inspect.record import Margin

FIRST, FEWEST = 21, 2
"""Images after which hypotheses are dropped, and of them the fewest a class; each round has about
twice as many."""
RESAMPLES = 400
CERTAIN = 0.5
AHEAD = 0.1
"""Percentile of a margin's resamples that must be above so many nats to drop a hypothesis."""
CROPPED = 3
"""Hypotheses, the best, that are tried on cropped images too."""
SECONDS = 0.07
"""For each image asked for. What a heavy network can't be tried on in that time, it isn't, but for
the first round. What was left out is then a rival with few images, and often nothing can be told.
"""
SETTLING = 0.5
"""Times that, which may be spent besides on rivals that are near, where a part isn't told."""
SAME = 0.01
"""Difference of probabilities up to which two ways to feed are one."""


class Search:
    """The hypotheses that are left, best first, and what is known of all.

    Attributes:
        trials: of the file on the images.
        data: the labelled images.
        notes: sentences about what couldn't be tried.
    """

    def __init__(self, data: LabelledImages, trials: Trials, seconds: float) -> None:
        self.trials, self.data = trials, data
        self.notes: list[str] = []
        self._seconds = seconds
        self._weights: dict[int, np.ndarray] = {}
        self._totals: dict[tuple[Hypothesis, int], np.ndarray] = {}
        self._ends = self._per_prediction = 0.0

    def resamples(self, count: int) -> np.ndarray:
        """Weights of the first images: the whole, and each resample of the bootstrap."""
        if count not in self._weights:
            self._weights[count] = resamples(self.data.labels[:count], RESAMPLES)
        return self._weights[count]

    def totals(self, hypothesis: Hypothesis, count: int) -> np.ndarray:
        """Nats that it tells on the first images, and on each resample of them."""
        key = hypothesis, count
        if key not in self._totals:
            labels, weights = self.data.labels[:count], self.resamples(count)
            predictions = self.trials.predictions(hypothesis, count)
            self._totals[key] = best_totals(gains(predictions, labels, weights))
        return self._totals[key]

    def best(self) -> Hypothesis:
        """What is left in the end."""
        done, *later = self._rounds()
        left = self._first_round(done)
        for number, count in enumerate(later):
            affordable = self._affordable(left, (count - done) * (len(later) - number))
            if not affordable:
                self.notes.append(
                    f"It is slow: only {done} images were tried. More `images` give it more time."
                )
                break
            left, done = self._survivors(affordable, count), count
        best = left[0]
        smooth = best._replace(antialias=True)
        return self._settled(self._survivors([best, smooth], done)[0], done)

    def _first_round(self, count: int) -> list[Hypothesis]:
        """What a few images leave, best first.

        Whole images first, as most networks were trained; then the best of them cropped, and, where
        that is better, all that differ from it in one part: its nearest rivals.
        """
        start = _now()
        ways = [one._replace(geometry="stretch") for one in hypotheses()]
        left = self._survivors(ways, count)
        self._ends = start + self._seconds
        self._per_prediction = (_now() - start) / (count * len(ways))
        cropped = [one._replace(geometry="crop") for one in left[:CROPPED]]
        left = self._survivors([*left, *cropped], count)
        best = left[0]
        if best.geometry == "stretch":
            return left
        near = [
            one
            for one in hypotheses()
            if (one.pixels == best.pixels) != (one.channels == best.channels)
        ]
        return self._survivors([*left, *self._affordable(near, count)], count)

    def _settled(self, best: Hypothesis, done: int) -> Hypothesis:
        """The best, after rivals that are near were tried on more images, as long as they are.

        For some of them no time was left, and on few images a margin is wide.
        """
        ends = _now() + SETTLING * self._seconds
        tried, open_parts = [best], ["channels", "pixels", "geometry"]
        while open_parts and _now() < ends:
            part = open_parts.pop(0)
            _, others = self.compared(best, part)
            rival, margin = min(others, key=lambda one: one[1].low, default=(best, None))
            more = [count for count in self._rounds() if margin and margin.images < count <= done]
            if margin and margin.low <= 0 and more:
                self.totals(rival, more[0])
                tried.append(rival)
                open_parts.append(part)
        tried = [one for one in tried if self.trials.tried(one) >= done]
        return self._survivors(tried, done)[0]

    def _rounds(self) -> list[int]:
        """How many images each has: of seven classes 3 of every one, 7, 15, ..., all."""
        every, each = len(self.data.labels), max(FEWEST, -(-FIRST // len(self.data.names)))
        counts = []
        while (count := self.data.first(each)) < every:
            counts.append(count)
            each = 2 * each + 1
        return [*counts, every]

    def _affordable(self, tried: list[Hypothesis], images: int) -> list[Hypothesis]:
        """The best of them: as many as can be tried on so many images in the time that is left."""
        seconds = max(self._ends - _now(), 0)
        return tried[: int(seconds / (self._per_prediction * images))]

    def _survivors(self, tried: list[Hypothesis], count: int) -> list[Hypothesis]:
        """Best first; of equal ones the first. Those that are beaten beyond doubt are gone."""
        totals = {one: self.totals(one, count) for one in tried}
        ranked = sorted(tried, key=lambda one: -totals[one][0])
        equals = [one for one in tried if self._same(one, ranked[0], count)]
        best = min(equals, key=lambda one: one.rarity)
        ranked.sort(key=lambda one: one != best)
        return [
            one
            for one in ranked
            if one == best or np.percentile(totals[best] - totals[one], CERTAIN) <= AHEAD
        ]

    def _same(self, one: Hypothesis, other: Hypothesis, count: int) -> bool:
        predictions = [self.trials.predictions(each, count) for each in (one, other)]
        return bool(np.abs(predictions[0] - predictions[1]).max() <= SAME)

    def compared(
        self, best: Hypothesis, part: str
    ) -> tuple[set[str | bool], list[tuple[Hypothesis, Margin]]]:
        """Of what differs in a part: values that predict the same, and how far the others are."""
        others = [one for _, one in self._rivals(best, part)]
        same = [one for one in others if self._same(one, best, self.trials.tried(one))]
        equal = {getattr(one, part) for one in same}
        rivals = []
        for one in others:
            if getattr(one, part) not in equal:
                count = min(self.trials.tried(one), self.trials.tried(best))
                margin = margin_of(self.totals(best, count) - self.totals(one, count), count)
                rivals.append((one, margin))
        return equal, rivals

    def _rivals(self, best: Hypothesis, part: str) -> list[tuple[int, Hypothesis]]:
        every = {one for one, _ in self._totals}
        found = [one for one in every if getattr(one, part) != getattr(best, part)]
        return sorted((-self.trials.tried(one), one) for one in found)


def _now() -> float:
    """Seconds of computing: on a busy machine the search takes longer, and finds the same."""
    return time.process_time() / THREADS


def margin_of(totals: np.ndarray, images: int) -> Margin:
    """Of the totals of the whole and of its resamples, nats: the first with a 95 % interval."""
    # Each resample has its own best assignment, which may lift all of them above the whole.
    nats = float(totals[0])
    low, high = np.percentile(totals[1:], (2.5, 97.5))
    return Margin(nats=nats, low=min(float(low), nats), high=max(float(high), nats), images=images)
