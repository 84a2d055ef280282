"""`find_feed`: how a file wants to be fed, by what its predictions tell of labels.

Every hypothesis is tried on a few images; those that are beaten beyond doubt are dropped, and the
others are tried on more. What remains is judged part by part: the best hypothesis against the best
that differs in that part, with a bootstrap over lesions.
"""

import time
from pathlib import Path

import numpy as np

from skinlite.data.dataset import Dataset
from skinlite.errors import InputError
from skinlite_export.inspect.feeding.assignment import (
    assign,
    best_totals,
    chance,
    gains,
    resamples,
    without,
)
from skinlite_export.inspect.feeding.labelled_images import LabelledImages, draw_images
from skinlite_export.inspect.feeding.trials import Trials
from skinlite_export.inspect.feeds import Hypothesis, hypotheses
from skinlite_export.inspect.opened import THREADS, Opened
from skinlite_export.inspect.record import Choice, ClassChoice, Feed, Finding, Margin

IMAGES = 100
FIRST = 3
"""Images a class after which hypotheses are dropped; each round has about twice as many."""
RESAMPLES = 400
CERTAIN = 0.5
AHEAD = 0.1
"""Percentile of a margin's resamples that must be above so many nats to drop a hypothesis."""
SECONDS = 0.1
"""For each image asked for. What a heavy network can't be tried on in that time, it isn't, but for
the first round. What was left out is then a rival with few images, and often nothing can be told.
"""
SETTLING = 1.0
"""Times that, which may be spent besides on rivals that are near, where a part isn't told."""
SAME = 0.01
"""Difference of probabilities up to which two ways to feed are one."""


def find_feed(opened: Opened, source: Dataset | Path, images: int = IMAGES) -> Finding:
    """Try all hypotheses of `skinlite_export.inspect.feeds` on labelled images.

    Args:
        opened: the file.
        source: the labelled images, see `draw_images`.
        images: about how many are tried.

    Raises:
        InputError: the file can't be tried (`Opened.refusal`), or `draw_images` says so.
    """
    if reason := opened.refusal():
        raise InputError(f"{opened.inspection.file} can't be tried on images. {reason}")
    data = draw_images(source, images)
    return _Search(opened, data, Trials(opened, data), SECONDS * images).finding()


class _Search:
    """The hypotheses that are left, best first, and what is known of all."""

    def __init__(
        self, opened: Opened, data: LabelledImages, trials: Trials, seconds: float
    ) -> None:
        self._opened, self._data, self._trials = opened, data, trials
        self._seconds = seconds
        self._weights: dict[int, np.ndarray] = {}
        self._totals: dict[tuple[Hypothesis, int], np.ndarray] = {}
        self._ends = self._per_prediction = 0.0
        self.notes: list[str] = []
        if trials.unfed:
            names = ", ".join(map(repr, trials.unfed))
            self.notes.append(
                f"It takes {names} besides, which were 0: nobody knows their meaning."
            )

    def finding(self) -> Finding:
        """Of the whole search."""
        best = self._best()
        count = self._trials.tried(best)
        labels = self._data.labels[:count]
        predictions = self._trials.predictions(best)
        luck = chance(predictions, labels, 1000)
        informed = bool(self.totals(best, count)[0] > max(luck, SAME))
        if not informed:
            self.notes.append(
                "Its predictions tell no more of these labels than labels drawn by lot would: it "
                "wasn't trained for them, or is fed in a way that isn't tried here."
            )
        classes = self._classes(best, informed)
        choices = {part: self._choice(best, part, informed) for part in Hypothesis._fields}
        self._outputs_left(classes, predictions.shape[1])
        return Finding(
            feed=self._feed(best, choices, classes, predictions.shape[1]),
            information=_margin(self.totals(best, count), count),
            chance=luck,
            labels=self._data.names,
            images=count,
            classes=classes,
            notes=tuple(self.notes),
            **choices,
        )

    def totals(self, hypothesis: Hypothesis, count: int) -> np.ndarray:
        """Nats that it tells on the first images, and on each resample of them."""
        key = hypothesis, count
        if key not in self._totals:
            labels = self._data.labels[:count]
            if count not in self._weights:
                self._weights[count] = resamples(labels, RESAMPLES)
            predictions = self._trials.predictions(hypothesis, count)
            self._totals[key] = best_totals(gains(predictions, labels, self._weights[count]))
        return self._totals[key]

    def _best(self) -> Hypothesis:
        first, *later = self._rounds()
        start = _now()
        cropped = sorted(hypotheses(), key=lambda one: -self.totals(one, first)[0])
        self._ends = start + self._seconds
        self._per_prediction = (_now() - start) / (first * len(cropped))
        stretched = [one._replace(geometry="stretch") for one in cropped]
        left = self._survivors([*cropped, *self._affordable(stretched, first)], first)
        done = first
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

    def _settled(self, best: Hypothesis, done: int) -> Hypothesis:
        """The best, after rivals that are near were tried on as many images as it was itself.

        For some of them no time was left, and on few images a margin is wide.
        """
        ends = _now() + SETTLING * self._seconds
        tried, open_parts = [best], ["channels", "pixels", "geometry"]
        while open_parts and _now() < ends:
            part = open_parts.pop(0)
            _, others = self._compared(best, part)
            rival, margin = min(others, key=lambda one: one[1].low, default=(best, None))
            if margin and margin.low <= 0 and margin.images < done:
                self.totals(rival, done)
                tried.append(rival)
                open_parts.append(part)
        return self._survivors(tried, done)[0]

    def _rounds(self) -> list[int]:
        """How many images each has: 3 of every class, 7, 15, ..., all."""
        every, each = len(self._data.labels), FIRST
        counts = []
        while (count := self._data.first(each)) < every:
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
        predictions = [self._trials.predictions(each, count) for each in (one, other)]
        return bool(np.abs(predictions[0] - predictions[1]).max() <= SAME)

    def _choice(self, best: Hypothesis, part: str, informed: bool) -> Choice:
        """The best against the others that differ in a part; the nearest is the runner-up."""
        value = getattr(best, part)
        equal, rivals = self._compared(best, part)
        same_words = tuple(_word(one) for one in sorted(equal))
        if not rivals:  # all others are the same, or no time was left for any
            told = informed and bool(same_words)
            return Choice(value=_word(value), told=told, same=same_words)
        runner_up, nearest = min(rivals, key=lambda one: one[1].low)
        return Choice(
            value=_word(value),
            told=informed and nearest.low > 0,
            runner_up=_word(getattr(runner_up, part)),
            margin=nearest,
            same=same_words,
        )

    def _compared(
        self, best: Hypothesis, part: str
    ) -> tuple[set[str | bool], list[tuple[Hypothesis, Margin]]]:
        """Of what differs in a part: values that predict the same, and how far the others are."""
        others = [one for _, one in self._rivals(best, part)]
        same = [one for one in others if self._same(one, best, self._trials.tried(one))]
        equal = {getattr(one, part) for one in same}
        rivals = []
        for one in others:
            if getattr(one, part) not in equal:
                count = min(self._trials.tried(one), self._trials.tried(best))
                margin = _margin(self.totals(best, count) - self.totals(one, count), count)
                rivals.append((one, margin))
        return equal, rivals

    def _rivals(self, best: Hypothesis, part: str) -> list[tuple[int, Hypothesis]]:
        every = {one for one, _ in self._totals}
        found = [one for one in every if getattr(one, part) != getattr(best, part)]
        return sorted((-self._trials.tried(one), one) for one in found)

    def _classes(self, best: Hypothesis, informed: bool) -> tuple[ClassChoice, ...]:
        """Of each label its output, against the best assignment that gives it another."""
        count = self._trials.tried(best)
        predictions = self._trials.predictions(best)
        gained = gains(predictions, self._data.labels[:count], self._weights[count])
        assigned, totals = assign(gained[0]), self.totals(best, count)
        choices = []
        for label, (name, output) in enumerate(zip(self._data.names, assigned, strict=True)):
            if output < 0:
                choices.append(ClassChoice(label=name, value="", told=False, output=None))
                continue
            others = np.array([without(gain, label, output) for gain in gained])
            margin = _margin(totals - others, count)
            told = informed and margin.low > 0
            choices.append(
                ClassChoice(
                    label=name, value=str(output), told=told, margin=margin, output=int(output)
                )
            )
        return tuple(choices)

    def _outputs_left(self, classes: tuple[ClassChoice, ...], outputs: int) -> None:
        left = sorted(set(range(outputs)) - {one.output for one in classes})
        if left:
            places = ", ".join(map(str, left))
            first = " (labels that begin with 1 leave the first one over)" if left == [0] else ""
            self.notes.append(
                f"It has {outputs} outputs for {len(classes)} labels: output {places} is no label "
                f"of this data{first}."
            )
        elif outputs < len(classes):
            self.notes.append(
                f"It has {outputs} outputs for {len(classes)} labels: some labels share an output, "
                "or have none."
            )

    def _feed(
        self,
        best: Hypothesis,
        choices: dict[str, Choice],
        classes: tuple[ClassChoice, ...],
        outputs: int,
    ) -> Feed:
        mean, std = self._trials.scaling.of(best.pixels)
        (image,) = self._opened.images
        assert image.layout
        return Feed(
            pixels=best.pixels,
            mean=mean,
            std=std,
            channels=best.channels,
            layout=image.layout,
            geometry=best.geometry,
            antialias=best.antialias,
            height=self._trials.size[0],
            width=self._trials.size[1],
            classes=tuple(
                "+".join(one.label for one in classes if one.output == place)
                for place in range(outputs)
            ),
            logits=self._opened.inspection.scores == "logits",
            untold=tuple(part for part, choice in choices.items() if not choice.told),
            sha256=self._opened.inspection.sha256,
        )


def _now() -> float:
    """Seconds of computing: on a busy machine the search takes longer, and finds the same."""
    return time.process_time() / THREADS


def _margin(totals: np.ndarray, images: int) -> Margin:
    # Each resample has its own best assignment, which may lift all of them above the whole.
    nats = float(totals[0])
    low, high = np.percentile(totals[1:], (2.5, 97.5))
    return Margin(nats=nats, low=min(float(low), nats), high=max(float(high), nats), images=images)


def _word(value: str | bool) -> str:
    return str(value) if isinstance(value, str) else "yes" if value else "no"
