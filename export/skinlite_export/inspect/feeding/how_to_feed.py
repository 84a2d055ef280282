"""`find_feed`: how a file wants to be fed, by what its predictions tell of labels.

What the search leaves is judged part by part: the best hypothesis against the best that differs in
that part, with a bootstrap over lesions.
"""

from pathlib import Path

import numpy as np

from skinlite.data.dataset import Dataset
from skinlite.errors import InputError
from skinlite_export.inspect.feeding.assignment import assign, chance, gains, without
from skinlite_export.inspect.feeding.labelled_images import draw_images
from skinlite_export.inspect.feeding.search import SAME, SECONDS, Search, margin_of
from skinlite_export.inspect.feeding.trials import Trials
from skinlite_export.inspect.feeds import Hypothesis
from skinlite_export.inspect.opened import Opened
from skinlite_export.inspect.record import Choice, ClassChoice, Feed, Finding

UNINFORMED = (
    "Its predictions tell no more of these labels than labels drawn by lot would: it wasn't "
    "trained for them, or is fed in a way that isn't tried here."
)
"""A note of a `Finding`."""

IMAGES = 100


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
    return _Judged(opened, Search(data, Trials(opened, data), SECONDS * images)).finding()


class _Judged:
    """The best of a search, judged part by part."""

    def __init__(self, opened: Opened, search: Search) -> None:
        self._opened, self._search, self._data = opened, search, search.data
        self._trials, self.notes = search.trials, search.notes
        if self._trials.unfed:
            names = ", ".join(map(repr, self._trials.unfed))
            self.notes.append(
                f"It takes {names} besides, which were 0: nobody knows their meaning."
            )

    def finding(self) -> Finding:
        """Of the whole search."""
        best = self._search.best()
        count = self._trials.tried(best)
        labels = self._data.labels[:count]
        predictions = self._trials.predictions(best)
        luck = chance(predictions, labels, 1000)
        informed = bool(self._search.totals(best, count)[0] > max(luck, SAME))
        if not informed:
            self.notes.append(UNINFORMED)
        classes = self._classes(best, informed)
        choices = {part: self._choice(best, part, informed) for part in Hypothesis._fields}
        untold = [one for one in (choices["pixels"], choices["channels"]) if not one.told]
        seen = [count, *(one.margin.images for one in untold if one.margin)]
        self._outputs_left(classes, predictions.shape[1])
        self._own_lists(classes)
        return Finding(
            feed=self._feed(best, choices, classes, predictions.shape[1]),
            information=margin_of(self._search.totals(best, count), count),
            chance=luck,
            labels=self._data.names,
            images=count,
            every=self._data.every and min(seen) == len(self._data.labels),
            classes=classes,
            notes=tuple(self.notes),
            **choices,
        )

    def _choice(self, best: Hypothesis, part: str, informed: bool) -> Choice:
        """The best against the others that differ in a part; the nearest is the runner-up."""
        value = getattr(best, part)
        equal, rivals = self._search.compared(best, part)
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

    def _classes(self, best: Hypothesis, informed: bool) -> tuple[ClassChoice, ...]:
        """Of each label its output, against the best assignment that gives it another."""
        count = self._trials.tried(best)
        predictions = self._trials.predictions(best)
        gained = gains(predictions, self._data.labels[:count], self._search.resamples(count))
        assigned, totals = assign(gained[0]), self._search.totals(best, count)
        choices = []
        for label, (name, output) in enumerate(zip(self._data.names, assigned, strict=True)):
            if output < 0:
                choices.append(ClassChoice(label=name, value="", told=False, output=None))
                continue
            others = np.array([without(gain, label, output) for gain in gained])
            margin = margin_of(totals - others, count)
            told = informed and margin.low > 0
            choices.append(
                ClassChoice(
                    label=name, value=str(output), told=told, margin=margin, output=int(output)
                )
            )
        return tuple(choices)

    def _own_lists(self, classes: tuple[ClassChoice, ...]) -> None:
        """Of each list of these labels in the file, such as TFLite's, whether it is wrong."""
        told = {one.label: one.output for one in classes if one.told}
        for name, text in self._opened.inspection.metadata.items():
            lines = [line.strip().lower() for line in text.strip().splitlines()]
            if self._opened.single and len(lines) == 1:  # here output 1 stands for the only one
                lines = ["", *lines]
            wrong = [one for one in told if one in lines and lines.index(one) != told[one]]
            if wrong and len(lines) == len(set(lines)):
                label = wrong[0]
                outputs = f"output {lines.index(label)}", f"output {told[label]} is"
                if self._opened.single:
                    outputs = "its output", "it is the other's"
                self.notes.append(
                    f"{name} in the file says that {outputs[0]} is {label}; by these images "
                    f"{outputs[1]}. An app that reads that list is wrong."
                )

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
            number = "one output" if self._opened.single else f"{outputs} outputs"
            self.notes.append(
                f"It has {number} for {len(classes)} labels: some labels share an output, "
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


def _word(value: str | bool) -> str:
    return str(value) if isinstance(value, str) else "yes" if value else "no"
