"""Find the pairs of images that show the same, within a set or between two."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations, count
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from skinlite.data.duplicates.candidates import propose
from skinlite.data.duplicates.features import Features, read_features
from skinlite.data.duplicates.images import Image
from skinlite.data.duplicates.pairs import COPY, RELATIONS, SAME_FILE, SAME_LESION, Pair, judge
from skinlite.data.duplicates.verification import Match, match
from skinlite.errors import InputError
from skinlite.files.read_write import sha256_of
from skinlite.process.threads import in_threads
from skinlite.progress import Report, silent

LARGEST_GROUP = 40
"""Of a larger group of images that show the same, not each is matched with each."""

T = TypeVar("T")
R = TypeVar("R")
Key = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """The pairs, the best first, and what is wrong with the images that were left out."""

    pairs: list[Pair]
    images: int
    undecodable: list[str]


def find_pairs(
    images: Sequence[Image],
    others: Sequence[Image] | None = None,
    report: Report = silent,
) -> Found:
    """Find equal files, re-encoded copies and images of the same lesion.

    Args:
        images: the set.
        others: a second one; pairs are then between the two only.
        report: told what is done, how much of it and of how much.
    """
    everyone = [*images, *(others or ())]
    sides = np.repeat([0, 1], [len(images), len(others or ())])
    with _one_thread_each():
        read = _in_threads(_read, everyone, "describing images", report)
        undecodable = [str(result) for result in read if isinstance(result, InputError)]
        by_content: dict[tuple[int, str], list[int]] = defaultdict(list)
        for index, result in enumerate(read):
            if not isinstance(result, InputError):
                by_content[int(sides[index]) if others is not None else 0, result[0]].append(index)
        equal = set(_equal(by_content, others is not None))
        pairs = [Pair(everyone[a], everyone[b], SAME_FILE, None) for a, b in equal]
        # Equal files would propose each other; one of them stands for all.
        kept = sorted(indices[0] for indices in by_content.values())
        features = [
            result[1] for index in kept if not isinstance(result := read[index], InputError)
        ]
        del read
        matches = _matches(features, sides[kept] if others is not None else None, report)
    for (a, b), (relation, how) in matches.items():
        if (kept[a], kept[b]) not in equal:
            pairs.append(Pair(everyone[kept[a]], everyone[kept[b]], relation, how))
    return Found(sorted(pairs, key=_rank), len(everyone) - len(undecodable), undecodable)


def _matches(
    features: Sequence[Features], sides: NDArray[np.intp] | None, report: Report
) -> dict[Key, tuple[str, Match]]:
    """What each pair of images is that shows the same, by their places."""

    def matched(pair: tuple[int, int, bool]) -> Match | None:
        a, b, mirrored = pair
        return match(features[a], features[b], mirrored=mirrored)

    def best(proposed: list[tuple[int, int, bool]], what: str) -> dict[Key, Match]:
        matches: dict[Key, Match] = {}
        results = _in_threads(matched, proposed, what, report)
        for (a, b, _), pair_match in zip(proposed, results, strict=True):
            if pair_match and ((a, b) not in matches or pair_match.inliers > matches[a, b].inliers):
                matches[a, b] = pair_match
        return matches

    matches = best(propose(features, sides, report), "matching pairs of images")
    sure = [key for key, pair_match in matches.items() if judge(pair_match) in (COPY, SAME_LESION)]
    related = {
        (a, b)
        for group in _groups(sure)
        if len(group) <= LARGEST_GROUP
        for a, b in combinations(group, 2)
        if sides is None or sides[a] != sides[b]
    }
    more = [
        (a, b, mirrored) for a, b in sorted(related - set(matches)) for mirrored in (False, True)
    ]
    matches |= best(more, "matching images of one group")
    return {
        key: (relation, pair_match)
        for key, pair_match in matches.items()
        if (relation := judge(pair_match, related=key in related))
    }


def _groups(pairs: Sequence[Key]) -> list[list[int]]:
    """What hangs together, each group sorted."""
    group_of: dict[int, list[int]] = {}
    for a, b in pairs:
        left, right = group_of.setdefault(a, [a]), group_of.setdefault(b, [b])
        if left is not right:
            left += right
            group_of.update(dict.fromkeys(right, left))
    return [sorted(group) for group in {id(group): group for group in group_of.values()}.values()]


def _read(image: Image) -> tuple[str, Features] | InputError:
    try:
        return sha256_of(image.path), read_features(image.path)
    except InputError as error:
        return error
    except OSError as error:
        return InputError(f"{image.path} can't be read: {error.strerror or error}.")


def _equal(by_content: dict[tuple[int, str], list[int]], two_sets: bool) -> Iterator[Key]:
    """Enough pairs of equal files to tie them all."""
    for (side, content), indices in by_content.items():
        if not two_sets:
            yield from ((indices[0], other) for other in indices[1:])
        elif side == 0 and (across := by_content.get((1, content))):
            yield from ((indices[0], other) for other in across)
            yield from ((other, across[0]) for other in indices[1:])


def _rank(pair: Pair) -> tuple[int, int, float, str, str]:
    inliers, ncc = (pair.match.inliers, pair.match.ncc) if pair.match else (0, 1.0)
    return RELATIONS.index(pair.relation), -inliers, -ncc, pair.a.image_id, pair.b.image_id


def _in_threads(task: Callable[[T], R], items: Sequence[T], what: str, report: Report) -> list[R]:
    done = count(1)  # next() of it is one step, whichever thread asks

    def one(item: T) -> R:
        try:
            return task(item)
        finally:
            report(what, next(done), len(items))

    return in_threads(one, items, os.cpu_count())


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Work is shared by images; OpenCV's and BLAS' own threads would be in each other's way."""
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(before)
