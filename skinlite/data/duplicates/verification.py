"""Whether two images show the same: matched features that one turn, zoom and shift explains."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinlite.data.duplicates.features import NORM, Features
from skinlite.data.preprocessing import Pixels

RATIO = 0.85
"""A match has to be nearer than this share of the second nearest (Lowe's ratio test)."""

TOLERANCE = 4.0
"""Pixels by which an inlier may be off."""

ZOOMS = (0.25, 4.0)
FEWEST = 4
"""Two points give a transform, two more confirm it."""

OVERLAP = 0.1
BLUR = 1.0
SHADE = 12.0
"""Sigmas (pixels at half of `SIDE`): what is finer is noise, what is coarser is the light, or that
a lesion is dark and in the middle, as each is."""


@dataclass(frozen=True)
class Match:
    """What brings image b onto image a.

    Attributes:
        inliers: matches that the transform explains, at different places.
        spread: the inliers' narrower extent (standard deviation, pixels at `SIDE`).
        ncc: normalised cross-correlation of the overlap's structure, -1 to 1; 0 without overlap.
        scale: pixels of a's file for one of b's.
        turn: degrees clockwise.
        mirrored: b has to be mirrored first.
        moved: how far the corners of the frame move, as a share of its longer side.
    """

    inliers: int
    spread: float
    ncc: float
    scale: float
    turn: float
    mirrored: bool
    moved: float


def match(a: Features, b: Features, *, mirrored: bool = False) -> Match | None:
    """Match two images, the second one mirrored if so asked; None where nothing fits."""
    other = b.mirrored() if mirrored else b
    target, source = _matched(a, other)
    if len(source) < FEWEST:
        return None
    transform, inside = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE, maxIters=2000
    )
    if transform is None:
        return None
    zoom = float(np.hypot(transform[0, 0], transform[1, 0]))
    chosen = inside.ravel().astype(bool)
    inliers = min(_places(source[chosen]), _places(target[chosen]))
    if inliers < FEWEST or not ZOOMS[0] < zoom < ZOOMS[1]:
        return None
    return Match(
        inliers=inliers,
        spread=float(np.sqrt(max(0.0, np.linalg.eigvalsh(np.cov(target[chosen].T))[0]))),
        ncc=_correlation(a.grey, other.grey, transform),
        scale=zoom * b.zoom / a.zoom,
        turn=float(np.degrees(np.arctan2(transform[1, 0], transform[0, 0]))),
        mirrored=mirrored,
        moved=_moved(other.grey.shape, a.grey.shape, transform),
    )


def _matched(a: Features, b: Features) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The points of a, and those of b that look most alike and pass the ratio test."""
    nothing = np.zeros((0, 2), np.float32)
    if min(len(a.points), len(b.points)) < FEWEST:
        return nothing, nothing
    likeness = a.descriptors.astype(np.float32) @ b.descriptors.astype(np.float32).T
    rows = np.arange(len(likeness))
    nearest = likeness.argmax(axis=1)
    best = likeness[rows, nearest]
    likeness[rows, nearest] = 0
    square = 2.0 * NORM**2
    clear = square - 2 * best < RATIO**2 * (square - 2 * likeness.max(axis=1))
    return a.points[clear], b.points[nearest[clear]]


def _places(points: NDArray[np.float32]) -> int:
    """Points that are a pixel apart: SIFT gives a place one keypoint for each direction it has."""
    return len(np.unique(np.rint(points), axis=0))


def _correlation(a: Pixels, b: Pixels, transform: NDArray[np.float64]) -> float:
    """NCC of what a and b, warped onto it, have in common."""
    size = (a.shape[1], a.shape[0])
    half = transform * [[1, 1, 0.5], [1, 1, 0.5]]
    warped = cv2.warpAffine(b, half, size, flags=cv2.INTER_LINEAR)
    common = cv2.warpAffine(np.ones_like(b), half, size, flags=cv2.INTER_NEAREST) > 0
    smaller = min(a.size, b.size * abs(np.linalg.det(half[:, :2])))
    if common.sum() < OVERLAP * smaller:
        return 0.0
    left, right = (_structure(image, common) for image in (a, warped))
    length = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / length if length > 0 else 0.0


def _structure(image: Pixels, common: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The levels in the mask, without noise and light, of mean 0."""
    mask, levels = common.astype(np.float32), image.astype(np.float32)
    inside = (_blurred(levels, mask, BLUR) - _blurred(levels, mask, SHADE))[common]
    return inside - inside.mean()


def _blurred(
    image: NDArray[np.float32], mask: NDArray[np.float32], sigma: float
) -> NDArray[np.float32]:
    """Gaussian blur that takes nothing from outside of the mask."""
    weight = cv2.GaussianBlur(mask, (0, 0), sigma)
    return cv2.GaussianBlur(image * mask, (0, 0), sigma) / np.maximum(weight, 1e-6)


def _moved(a: tuple[int, ...], b: tuple[int, ...], transform: NDArray[np.float64]) -> float:
    """How far a's corners land from b's, as a share of b's longer side."""
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    landed = corners * [2 * a[1], 2 * a[0]] @ transform[:, :2].T + transform[:, 2]
    wanted = corners * [2 * b[1], 2 * b[0]]
    return float(np.abs(landed - wanted).max() / (2 * max(b)))
