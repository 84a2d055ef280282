"""What a camera does to an image, at five strengths.

Corruptions and strengths are those of Hendrycks and Dietterich, "Benchmarking neural network
robustness to common corruptions and perturbations", ICLR 2019, as far as they may happen to an
image of a lesion. The choice is near that of MedMNIST-C for dermatoscopic images (Di Salvo,
Doerrich and Ledig, 2024), whose strengths are others. They were made for images of 224 pixels and
are applied to the image that the network takes, so that on a smaller one a blur is stronger. White
balance and dark corners aren't among theirs; their strengths are ours.
"""

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from skinlite.data.preprocessing import Pixels

STRENGTHS = (1, 2, 3, 4, 5)
Real = NDArray[np.float64]
"""An image (H, W, 3), 0-1."""


def shift(name: str, image: Pixels, strength: int) -> Pixels:
    """One image (H, W, 3) under one shift of `SHIFTS`; the same each time."""
    make = SHIFTS[name]
    random = np.random.default_rng([strength, *image[::7, ::7].ravel()[:8].tolist()])
    made = make(image.astype(np.float64) / 255, strength - 1, random)
    return np.rint(np.clip(made, 0, 1) * 255).astype(np.uint8)


def _gaussian_noise(image: Real, at: int, random: np.random.Generator) -> Real:
    return image + random.normal(0, (0.08, 0.12, 0.18, 0.26, 0.38)[at], image.shape)


def _shot_noise(image: Real, at: int, random: np.random.Generator) -> Real:
    photons = (60, 25, 12, 5, 3)[at]
    return np.asarray(random.poisson(image * photons) / photons)


def _speckle_noise(image: Real, at: int, random: np.random.Generator) -> Real:
    return image + image * random.normal(0, (0.15, 0.2, 0.35, 0.45, 0.6)[at], image.shape)


def _gaussian_blur(image: Real, at: int, random: np.random.Generator) -> Real:
    radius = (1, 2, 3, 4, 6)[at]
    return _with_pillow(image, lambda one: one.filter(ImageFilter.GaussianBlur(radius)))


def _brighter(image: Real, at: int, random: np.random.Generator) -> Real:
    return _lit(image, (0.1, 0.2, 0.3, 0.4, 0.5)[at])


def _darker(image: Real, at: int, random: np.random.Generator) -> Real:
    return _lit(image, -(0.1, 0.2, 0.3, 0.4, 0.5)[at])


def _lit(image: Real, by: float) -> Real:
    """Another value (the largest channel), the same hue and saturation."""
    value = image.max(axis=2, keepdims=True)
    return np.asarray(image * np.clip(value + by, 0, 1) / np.maximum(value, 1e-6))


def _contrast(image: Real, at: int, random: np.random.Generator) -> Real:
    means = image.mean(axis=(0, 1))
    return np.asarray((image - means) * (0.4, 0.3, 0.2, 0.1, 0.05)[at] + means)


def _jpeg(image: Real, at: int, random: np.random.Generator) -> Real:
    def stored(one: Image.Image) -> Image.Image:
        content = io.BytesIO()
        one.save(content, "JPEG", quality=(25, 18, 15, 10, 7)[at])
        return Image.open(content)

    return _with_pillow(image, stored)


def _pixelate(image: Real, at: int, random: np.random.Generator) -> Real:
    share = (0.6, 0.5, 0.4, 0.3, 0.25)[at]

    def small(one: Image.Image) -> Image.Image:
        size = [max(1, int(side * share)) for side in one.size]
        return one.resize((size[0], size[1]), Image.Resampling.BOX).resize(
            one.size, Image.Resampling.BOX
        )

    return _with_pillow(image, small)


def _warmer(image: Real, at: int, random: np.random.Generator) -> Real:
    gain = (0.04, 0.08, 0.12, 0.18, 0.25)[at]
    return image * [1 + gain, 1, 1 - gain]


def _cooler(image: Real, at: int, random: np.random.Generator) -> Real:
    gain = (0.04, 0.08, 0.12, 0.18, 0.25)[at]
    return image * [1 - gain, 1, 1 + gain]


def _vignette(image: Real, at: int, random: np.random.Generator) -> Real:
    """The dark corners of a tube: black from this distance on, the corner's being 1."""
    rows, columns = (np.linspace(-1, 1, size) for size in image.shape[:2])
    distance = np.hypot(rows[:, None], columns) / np.sqrt(2)
    seen = distance < (0.95, 0.9, 0.85, 0.8, 0.72)[at]
    return np.asarray(image * seen[:, :, None])


def _with_pillow(image: Real, change: Callable[[Image.Image], Image.Image]) -> Real:
    one = change(Image.fromarray(np.rint(image * 255).astype(np.uint8)))
    return np.asarray(one, np.float64) / 255


SHIFTS: dict[str, Callable[[Real, int, np.random.Generator], Real]] = {
    "gaussian noise": _gaussian_noise,
    "shot noise": _shot_noise,
    "speckle noise": _speckle_noise,
    "blur": _gaussian_blur,
    "brighter": _brighter,
    "darker": _darker,
    "less contrast": _contrast,
    "JPEG": _jpeg,
    "pixelated": _pixelate,
    "warmer": _warmer,
    "cooler": _cooler,
    "dark corners": _vignette,
}
"""By name."""
