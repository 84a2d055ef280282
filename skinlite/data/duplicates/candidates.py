"""Which pairs of images are worth matching: those that share rare local features.

Comparing each image with each takes N²/2 matchings. Here all descriptors of all images are sorted
into cells (an inverted file: Sivic and Zisserman, "Video Google", ICCV 2003); each looks for its
nearest neighbours within its cell, and the neighbours' images get its votes.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from skinlite.data.duplicates.features import NORM, Features, mirrored
from skinlite.progress import Report

CELLS = 4096
DESCRIPTORS_PER_CELL = 400
"""Fewer cells where there are fewer descriptors."""

NEIGHBOURS = 8
"""The nearest are asked; what they are nearer than the last of them is the strength of a vote."""

NEARER = 0.85
"""A neighbour has a vote where its distance is below this share of the last neighbour's."""

PER_IMAGE = 6
"""Pairs that an image proposes at most, plain and mirrored ones each."""

FEW = 16
"""Of so few images, each is proposed with each."""

BLOCK = 4096
AT_ONCE = 4_000_000
"""Descriptors to be sorted, and distances to be computed, at once; so that memory stays bounded."""

SEED = 0

Pair = tuple[int, int, bool]


def propose(
    features: Sequence[Features], sides: NDArray[np.intp] | None, report: Report
) -> list[Pair]:
    """Pairs of images to match, each once.

    Args:
        features: of N images.
        sides: of which of two sets each image is; pairs are then across the sets only.
        report: told how far it is.

    Returns:
        (a, b, mirrored) with a < b, sorted; an image pair may be proposed plain and mirrored.
    """
    if len(features) <= FEW:
        return [
            (a, b, flip)
            for a, b in combinations(range(len(features)), 2)
            if sides is None or sides[a] != sides[b]
            for flip in (False, True)
        ]
    descriptors = np.concatenate([image.descriptors for image in features])
    owner = np.repeat(
        np.arange(len(features), dtype=np.int32), [len(image.descriptors) for image in features]
    )
    if len(owner) < NEIGHBOURS:
        return []
    words = _words(descriptors)
    first, second = _nearest_words(descriptors, words, report)
    # Bytes of the same length: the scalar product is exact in float32, the distance follows.
    kinds = {False: _Votes(len(features)), True: _Votes(len(features))}
    members = _by_cell(first, len(words))
    seconds = _by_cell(second, len(words))
    half = len(words) // 2
    for cell in range(len(words)):
        inside = members[cell]
        values = descriptors[inside].astype(np.float32)
        plain = np.concatenate([inside, seconds[cell]])
        turned = members[(cell + half) % len(words)]
        for flip, rows in ((False, plain), (True, turned)):
            for asking in np.array_split(rows, 1 + len(rows) * len(inside) // AT_ONCE):
                asked = mirrored(descriptors[asking]) if flip else descriptors[asking]
                likeness = asked.astype(np.float32) @ values.T
                known = owner[asking][:, None] == owner[inside]
                if sides is not None:
                    known |= sides[owner[asking]][:, None] == sides[owner[inside]]
                likeness[known] = 0
                kinds[flip].add(owner[asking], owner[inside], likeness)
        report("searching for neighbours", cell + 1, len(words))
    return sorted((a, b, flip) for flip, votes in kinds.items() for a, b in votes.best())


class _Votes:
    """Votes of images for images."""

    def __init__(self, images: int) -> None:
        self._images = images
        self._keys: list[NDArray[np.int64]] = []
        self._weights: list[NDArray[np.float32]] = []

    def add(
        self, asking: NDArray[np.int32], asked: NDArray[np.int32], likeness: NDArray[np.float32]
    ) -> None:
        """Let each row vote for its nearest columns; 0 is a likeness that doesn't count."""
        if likeness.shape[1] < NEIGHBOURS:
            return
        nearest = np.argpartition(likeness, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
        near = np.take_along_axis(likeness, nearest, axis=1)
        distance = np.sqrt(np.maximum(2.0 * NORM**2 - 2 * near, 1.0))
        weight = 1 - distance / distance.max(axis=1, keepdims=True)
        rows, columns = np.nonzero((weight > 1 - NEARER) & (near > 0))
        a, b = asking[rows], asked[nearest[rows, columns]]
        self._keys.append(np.minimum(a, b).astype(np.int64) * self._images + np.maximum(a, b))
        self._weights.append(weight[rows, columns].astype(np.float32))

    def best(self) -> list[tuple[int, int]]:
        """The pairs that an image has most votes for, and two at least."""
        if not self._keys:
            return []
        keys, place, count = np.unique(
            np.concatenate(self._keys), return_inverse=True, return_counts=True
        )
        weight = np.bincount(place, np.concatenate(self._weights))
        several = count > 1
        keys, weight = keys[several], weight[several]
        low, high = keys // self._images, keys % self._images
        kept = np.zeros(len(keys), bool)
        for ends in (low, high):
            order = np.lexsort((keys, -weight, ends))
            begin = np.searchsorted(ends[order], ends[order])
            kept[order[np.arange(len(order)) - begin < PER_IMAGE]] = True
        return list(zip(low[kept].tolist(), high[kept].tolist(), strict=True))


def _words(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The cells' centres: descriptors drawn at random, then the same mirrored.

    So the cell of a mirrored descriptor is half of the words further, and isn't searched for.
    """
    count = max(1, min(CELLS, len(descriptors) // DESCRIPTORS_PER_CELL) // 2)
    drawn = np.random.default_rng(SEED).choice(len(descriptors), count, replace=False)
    words = descriptors[np.sort(drawn)]
    return np.concatenate([words, mirrored(words)]).astype(np.float32)


def _nearest_words(
    descriptors: NDArray[np.uint8], words: NDArray[np.float32], report: Report
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The nearest and the second nearest cell of each descriptor."""
    first = np.empty(len(descriptors), np.int32)
    second = np.empty(len(descriptors), np.int32)
    for start in range(0, len(descriptors), BLOCK):
        block = slice(start, start + BLOCK)
        likeness = descriptors[block].astype(np.float32) @ words.T
        first[block] = likeness.argmax(axis=1)
        likeness[np.arange(len(likeness)), first[block]] = -1
        second[block] = likeness.argmax(axis=1)
        report("sorting local features", min(start + BLOCK, len(descriptors)), len(descriptors))
    return first, second


def _by_cell(cells: NDArray[np.int32], count: int) -> list[NDArray[np.intp]]:
    """The descriptors in each cell, in order."""
    order = np.argsort(cells, kind="stable")
    return np.split(order, np.searchsorted(cells[order], np.arange(1, count)))
