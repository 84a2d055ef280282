"""Whether two images show the same: matched features that one turn, zoom and shift explains."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinlite.data.duplicates.features import NORM, Features
from skinlite.data.geometry import Pixels

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
"""Sigmas (pixels at half of `SIDE`): what is finer is noise, what is coarser is the light."""


@dataclass(frozen=True)
class Match:
    """How image b follows from image a.

    Attributes:
        inliers: matches that the transform explains, at different points.
        spread: the narrower extent (standard deviation, pixels) of the inliers.
        ncc: normalised cross-correlation of the overlap, -1 to 1.
        overlap: the overlap's share of the smaller image.
        scale: pixels of b's file for one of a's.
        turn: degrees.
        mirrored: left and right are exchanged.
        moved: how far the corners of the frame are from b's, as a share of its longer side.
    """

    inliers: int
    spread: float
    ncc: float
    detail: float
    overlap: float
    scale: float
    turn: float
    mirrored: bool
    moved: float


def match(a: Features, b: Features, *, mirrored: bool = False) -> Match | None:
    """Match two images, the second one mirrored if so asked; None where nothing fits."""
    other = b.mirrored() if mirrored else b
    source, target = _matched(a, other)
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
    ncc, detail, overlap = _correlation(a.grey, other.grey, transform)
    return Match(
        inliers=inliers,
        spread=float(np.sqrt(max(0.0, np.linalg.eigvalsh(np.cov(target[chosen].T))[0]))),
        ncc=ncc,
        detail=detail,
        overlap=overlap,
        scale=zoom * a.zoom / b.zoom,
        turn=float(np.degrees(np.arctan2(transform[1, 0], transform[0, 0]))),
        mirrored=mirrored,
        moved=_moved(a.grey.shape, b.grey.shape, transform),
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


def _correlation(
    a: Pixels, b: Pixels, transform: NDArray[np.float64]
) -> tuple[float, float, float]:
    """NCC of the overlap after warping a onto b, and the overlap's share of the smaller one."""
    size = (b.shape[1], b.shape[0])
    half = transform * [[1, 1, 0.5], [1, 1, 0.5]]
    warped = cv2.warpAffine(a, half, size, flags=cv2.INTER_AREA)
    common = cv2.warpAffine(np.ones_like(a), half, size, flags=cv2.INTER_NEAREST) > 0
    covered = a.size * abs(np.linalg.det(half[:, :2]))
    overlap = float(common.sum() / min(covered, b.size))
    if overlap < OVERLAP:
        return 0.0, 0.0, overlap
    mask = common.astype(np.float32)
    fine = [_blurred(one.astype(np.float32), mask, BLUR) for one in (warped, b)]
    coarse = [_blurred(one.astype(np.float32), mask, SHADE) for one in (warped, b)]
    return _ncc(fine[0][common], fine[1][common]), _ncc((fine[0]-coarse[0])[common], (fine[1]-coarse[1])[common]), overlap

def _ncc(left,right):
    left = left - left.mean()
    right = right - right.mean()
    length = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / length if length > 0 else 0.0


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
