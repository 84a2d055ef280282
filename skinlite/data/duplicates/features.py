"""Local features of an image: where something stands out, and what it looks like there.

SIFT (Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004) as OpenCV
computes it, its descriptors as RootSIFT (Arandjelovic and Zisserman, CVPR 2012).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import Pixels, load_image

SIDE = 300
"""Longer side (pixels) that each image is brought to, so that sets of any size meet."""

KEYPOINTS = 400
CONTRAST = 0.01
"""SIFT's own 0.04 leaves a pale lesion with hardly a keypoint."""

NORM = 255
"""Length of a descriptor, so that it fits into bytes."""

_MIRRORED = np.arange(128).reshape(4, 4, 8)[::-1, :, -np.arange(8)].ravel()
"""Where a descriptor's numbers go when the image is mirrored: rows and angles turn round."""


@dataclass(frozen=True)
class Features:
    """What is kept of an image.

    Attributes:
        points: float32 (n, 2), x and y in pixels of the image at `SIDE`; the strongest first.
        descriptors: uint8 (n, 128), each of length `NORM`.
        grey: uint8 (rows, columns), the image at half of `SIDE`.
        zoom: pixels at `SIDE` for one of the file's.
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    grey: Pixels
    zoom: float

    def mirrored(self) -> "Features":
        """The features of the image with left and right exchanged, without computing them anew."""
        flipped = np.ascontiguousarray(self.grey[:, ::-1])
        points = self.points.copy()
        points[:, 0] = 2 * flipped.shape[1] - 1 - points[:, 0]
        return replace(self, points=points, descriptors=mirrored(self.descriptors), grey=flipped)


def mirrored(descriptors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Descriptors (n, 128) as the mirrored image has them."""
    return descriptors[:, _MIRRORED]


def read_features(path: Path) -> Features:
    """Decode an image and describe it.

    Raises:
        InputError: it can't be decoded.
    """
    return features_of(load_image(path))


def features_of(image: Pixels) -> Features:
    """Describe an image, uint8 RGB of shape (rows, columns, 3)."""
    zoom = SIDE / max(image.shape[:2])
    # Even, so that the half has the same aspect.
    rows, columns = (max(2, 2 * round(length * zoom / 2)) for length in image.shape[:2])
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (columns, rows), interpolation=way)
    sift = cv2.SIFT.create(nfeatures=KEYPOINTS, contrastThreshold=CONTRAST)
    keypoints, values = sift.detectAndCompute(grey, None)
    # OpenCV gives more where the last ones are equally strong.
    order = np.argsort([-keypoint.response for keypoint in keypoints], kind="stable")[:KEYPOINTS]
    points = np.array([keypoints[i].pt for i in order], np.float32).reshape(-1, 2)
    values = np.zeros((0, 128), np.float32) if values is None else values[order]
    root = np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1e-6))
    half = cv2.resize(grey, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
    return Features(points, np.rint(root * NORM).astype(np.uint8), half, zoom)
