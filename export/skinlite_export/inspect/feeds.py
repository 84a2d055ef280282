"""The ways in which images are fed to classifiers: hypotheses to be tried."""

from collections.abc import Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skinlite.data.preprocessing import Pixels as Levels
from skinlite.data.preprocessing import Shaping, crop, shape
from skinlite_export.inspect.record import Channels, Geometry, InspectedTensor, Pixels

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Means and standard deviations of ImageNet's RGB, 0-1: torchvision's, and Keras' ``torch``."""

CAFFE = (123.68, 116.779, 103.939)
"""Means of ImageNet's RGB, 0-255, which Caffe's networks (Keras' ``caffe``) subtract."""


def resize(image: Levels, geometry: Shaping, antialias: bool, height: int, width: int) -> Levels:
    """An image (h, w, 3) in the size of the input (height, width, 3), RGB 0-255."""
    if not antialias:
        return shape(image, height, width, geometry)
    whole = crop(image, height, width) if geometry == "crop" else image
    return np.asarray(Image.fromarray(whole).resize((width, height), Image.Resampling.BILINEAR))


RANGES: tuple[Pixels, ...] = get_args(Pixels)
"""The usual ones first."""

Three = tuple[float, float, float]


class Hypothesis(NamedTuple):
    """A way to feed images."""

    pixels: Pixels
    channels: Channels
    geometry: Geometry = "crop"
    antialias: bool = False

    @property
    def rarity(self) -> tuple[bool, bool, bool, int]:
        """Less of what is more usual."""
        bgr = self.channels == "BGR"
        return self.antialias, self.geometry != "crop", bgr, RANGES.index(self.pixels)


def hypotheses() -> list[Hypothesis]:
    """All ranges and orders of colours, the usual ones first."""
    channels: tuple[Channels, ...] = ("RGB", "BGR")
    return [Hypothesis(pixels, order) for pixels in RANGES for order in channels]


def _three(value: float) -> Three:
    return float(value), float(value), float(value)


def _times(values: Three, factor: float) -> Three:
    red, green, blue = (round(value * factor, 3) for value in values)
    return red, green, blue


AFFINE: dict[str, tuple[Three, Three]] = {
    "0-255": (_three(0), _three(1)),
    "0-1": (_three(0), _three(255)),
    "-1..1": (_three(127.5), _three(127.5)),
    "imagenet": (_times(IMAGENET[0], 255), _times(IMAGENET[1], 255)),
    "caffe": (CAFFE, _three(1)),
}
"""Mean and standard deviation of levels 0-255, RGB, of the ranges that need no image."""


class Scaling:
    """Means and standard deviations of each range of pixels.

    Args:
        images: a sample of the data (uint8, (H, W, 3) each), for ``z-score-data``.
    """

    def __init__(self, images: Sequence[Levels]) -> None:
        mean = np.mean([image.mean() for image in images])
        std = np.sqrt(np.mean([np.square(image - mean).mean() for image in images])) or 1.0
        of_data = _three(round(float(mean), 2)), _three(round(float(std), 2))
        self._affine = AFFINE | {"z-score-data": of_data}

    def of(self, pixels: str) -> tuple[Three | None, Three | None]:
        """Mean and standard deviation, RGB, of levels 0-255; None of ``z-score``."""
        return self._affine.get(pixels, (None, None))

    def apply(self, image: Levels, pixels: str, channels: str) -> NDArray[np.float32]:
        """The values (H, W, 3) of an image of levels, RGB 0-255."""
        return scale(image, *self.of(pixels), channels)


def scale(
    image: Levels, mean: Three | None, std: Three | None, channels: str
) -> NDArray[np.float32]:
    """The values (H, W, 3) of an image of levels, RGB 0-255.

    Args:
        image: (H, W, 3).
        mean: RGB, of levels; None: the image's own, of all channels.
        std: likewise.
        channels: order of the values' colours.
    """
    levels = image.astype(np.float32)
    if mean is None or std is None:
        mean, std = _three(levels.mean()), _three(levels.std() or 1.0)
    real = np.asarray((levels - np.array(mean)) / np.array(std), np.float32)
    return real if channels == "RGB" else real[..., ::-1]


def batch_of(tensor: InspectedTensor, values: NDArray[np.float32]) -> NDArray[Any]:
    """One image (H, W, 3) as the input tensor holds it; repeated where its batch isn't 1."""
    if tensor.layout == "NCHW":
        values = values.transpose(2, 0, 1)
    stored = tensor.store(values)[None]
    return np.ascontiguousarray(np.repeat(stored, tensor.shape[0] or 1, axis=0))


def size_of(tensor: InspectedTensor) -> tuple[int, int] | None:
    """Height and width in pixels of an image tensor; None where they aren't fixed."""
    height, width = tensor.shape[1:3] if tensor.layout == "NHWC" else tensor.shape[2:]
    return (height, width) if height and width else None
