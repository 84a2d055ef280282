"""Which channels go: those that are worth least for the cycles that they cost."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from skinlite.errors import InputError
from skinlite.slimming.channels import Channels, Ids
from skinlite.slimming.cost import cycles_of
from skinlite.slimming.cut import Kept
from skinlite.slimming.importance import Worth

STEP = 8
"""Widths are multiples of it: kernels take 4 channels a step and make 8 or 16 at a time."""

LEAST = 8
"""A group keeps an eighth of its channels, and so many at least."""

AHEAD = 4
"""How many widths further down are looked at: one that empties a tile of 16 may pay."""


@dataclass
class Group:
    """Channels that the same layers make and take, so that which of them goes costs the same.

    Attributes:
        channels: the numbers of its channels, the least worth first.
        lost: what is lost with the first 0, 1, 2, ... of them.
        width: how many stay.
        uses: by layer, how often it is given, and gives, each of them.
    """

    channels: Ids
    lost: list[float]
    width: int
    uses: dict[int, tuple[int, int]]


def groups_of(channels: Channels, worth: Worth) -> list[Group]:
    """The groups of all channels that can be cut."""
    placed = defaultdict[int, list[tuple[int, int, int]]](list)
    for place, use in enumerate(channels.uses):
        taken = Counter(channels.of(use.inputs[0]).tolist() if use.inputs else [])
        made = Counter(channels.of(use.output).tolist())
        for channel in taken | made:
            placed[channel].append((place, taken[channel], made[channel]))
    alike = defaultdict[tuple[tuple[int, int, int], ...], list[int]](list)
    for channel, uses in placed.items():
        if channel not in channels.pinned:
            alike[tuple(uses)].append(channel)
    groups = []
    for places, numbers in alike.items():
        order = np.array(sorted(numbers, key=lambda one: worth[one]), np.intp)
        lost = [0.0, *np.cumsum(worth[order]).tolist()]
        groups.append(
            Group(order, lost, len(order), {at: (taken, made) for at, taken, made in places})
        )
    return groups


class Narrowing:
    """Takes the channels away that are worth least for their cycles, until few enough are left.

    Attributes:
        cycles: modelled, of what stays.
    """

    def __init__(self, channels: Channels, worth: Worth) -> None:
        self._channels = channels
        self._groups = groups_of(channels, worth)
        self._counts = [
            [len(use.inputs[0].ids) if use.inputs else 0, len(use.output.ids)]
            for use in channels.uses
        ]
        self._costs = [self._cost(place, 0, 0) for place in range(len(channels.uses))]
        self.cycles = sum(self._costs)

    def until(self, cycles: float) -> None:
        """Go on until no more cycles than these are left, or nothing can go."""
        users = defaultdict[int, set[int]](set)
        for number, group in enumerate(self._groups):
            for place in group.uses:
                users[place].add(number)
        best = {number: self._best(group) for number, group in enumerate(self._groups)}
        while best and self.cycles > cycles:
            number = min(best, key=lambda one: best[one][0])
            if best[number][0] == float("inf"):
                return
            group, width = self._groups[number], best[number][1]
            gone, group.width = group.width - width, width
            for place, (taken, made) in group.uses.items():
                self._counts[place][0] -= taken * gone
                self._counts[place][1] -= made * gone
                before, self._costs[place] = self._costs[place], self._cost(place, 0, 0)
                self.cycles += self._costs[place] - before
            touched = set().union(*(users[place] for place in group.uses))
            best |= {one: self._best(self._groups[one]) for one in touched}

    @property
    def kept(self) -> Kept:
        """By the number of a channel: whether it stays."""
        kept = np.ones(len(self._channels.roots), np.bool_)
        for group in self._groups:
            kept[group.channels[: len(group.channels) - group.width]] = False
        return kept[self._channels.roots]

    def _cost(self, place: int, fewer_taken: int, fewer_made: int) -> float:
        taken, made = self._counts[place]
        return cycles_of(self._channels.uses[place], taken - fewer_taken, made - fewer_made)

    def _best(self, group: Group) -> tuple[float, int]:
        """Loss per cycle of the best next width, and that width; infinite where there is none."""
        least = max(LEAST, -(-len(group.channels) // 8))
        best, width = (float("inf"), group.width), group.width
        for _ in range(AHEAD):
            width = -(-width // STEP) * STEP - STEP
            if width < least:
                break
            gone = group.width - width
            saved = sum(
                self._costs[place] - self._cost(place, taken * gone, made * gone)
                for place, (taken, made) in group.uses.items()
            )
            count = len(group.channels)
            lost = group.lost[count - width] - group.lost[count - group.width]
            if saved > 0:
                best = min(best, (lost / saved, width))
        return best


def check_reachable(channels: Channels, share: float) -> None:
    """Refuse a share of the cycles that is less than the narrowest network's.

    Raises:
        InputError: names that one's.
    """
    least = least_share(channels)
    if least > share:
        raise unreachable(share, least)


def least_share(channels: Channels) -> float:
    """What is left of the cycles with an eighth of the channels that can be cut."""
    narrowing = Narrowing(channels, np.zeros(len(channels.roots)))
    before = narrowing.cycles
    narrowing.until(0)
    return narrowing.cycles / before


def unreachable(share: float, least: float) -> InputError:
    """What is said where no less than another share of the cycles can be reached."""
    advice = f"Use `cycles={least + 0.01:.2f}` or more, or slim" if least < 0.98 else "Slim"
    return InputError(
        f"`cycles={share:g}` can't be reached: with an eighth of the channels that can be cut "
        f"{least:.2f} of the modelled cycles are left. {advice} a run that was trained with a "
        "smaller image size."
    )
