"""The ways in which apps get the image tensor wrong, each as the tensor that it gives."""

from collections.abc import Callable
from functools import cache, partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skinlite.data.preprocessing import Pixels, Shaping, crop, reduce_to_frame, resize_bilinear
from skinlite_export import decoding
from skinlite_export.runtime.signature import Tensor

Levels = NDArray[np.floating[Any]]
"""(h, w, 3), 0-255."""

Cut = Callable[[Pixels, int, int], Pixels]
"""The region that is resized: `crop`, or `whole`."""

Resize = Callable[[Pixels, int, int, Cut], Levels]


class Candidate(NamedTuple):
    """A tensor that an app may have made.

    Attributes:
        fault: in words; empty for the right one.
        stored: flat, as the tensor stores it, unrounded.
        level: how much one level of 0-255 is in it.
    """

    fault: str
    stored: NDArray[np.float64]
    level: float

    def distance(self, given: NDArray[np.float64], tensor: Tensor) -> NDArray[np.float64]:
        """From numbers as they were handed in, in levels; bytes may be signed or not."""
        off = np.abs(given - self.stored)
        if tensor.dtype != "float32":
            off = np.minimum(off % 256, -off % 256)
        return off / self.level


def whole(image: Pixels, height: int, width: int) -> Pixels:
    """All of it, whatever its aspect."""
    return image


def _unrounded(image: Pixels, height: int, width: int, cut: Cut) -> Levels:
    return resize_bilinear(reduce_to_frame(cut(image, height, width)), height, width)


def _right(image: Pixels, height: int, width: int, cut: Cut) -> Levels:
    return np.rint(_unrounded(image, height, width, cut)).astype(np.float64)


def _cut_off(image: Pixels, height: int, width: int, cut: Cut) -> Levels:
    return np.floor(_unrounded(image, height, width, cut))


def _squeezed(image: Pixels, height: int, width: int, cut: Cut) -> Levels:
    return _right(image, height, width, whole)


def _cropped(image: Pixels, height: int, width: int, cut: Cut) -> Levels:
    return _right(image, height, width, crop)


def _not_reduced(image: Pixels, height: int, width: int, cut: Cut) -> Levels:
    return np.rint(resize_bilinear(cut(image, height, width), height, width))


def _by_pillow(how: Image.Resampling, picture: Pixels, height: int, width: int, cut: Cut) -> Levels:
    seen = reduce_to_frame(cut(picture, height, width))
    return np.asarray(Image.fromarray(seen).resize((width, height), how), np.float64)


def _turned(turns: int, image: Pixels, height: int, width: int, cut: Cut) -> Levels:
    return _right(np.ascontiguousarray(np.rot90(image, turns)), height, width, cut)


def _nearest(image: Pixels, height: int, width: int, cut: Cut) -> Levels:
    """At the corner of each target, rounded down, as most hand-written loops do."""
    seen = reduce_to_frame(cut(image, height, width))
    rows, columns = seen.shape[:2]
    return seen[np.arange(height) * rows // height][:, np.arange(width) * columns // width] * 1.0


RESIZES: dict[str, Resize] = {
    "": _right,
    "wrong resize: levels are truncated instead of rounded": _cut_off,
    "wrong resize: levels are not rounded": _unrounded,
    "wrong resize: to the nearest pixel": partial(_by_pillow, Image.Resampling.NEAREST),
    "wrong resize: to the nearest pixel, rounded down": _nearest,
    "wrong resize: with antialias, like Pillow and almost like a canvas": partial(
        _by_pillow, Image.Resampling.BILINEAR
    ),
    "wrong resize: bicubic": partial(_by_pillow, Image.Resampling.BICUBIC),
    "wrong resize: averaged by area": partial(_by_pillow, Image.Resampling.BOX),
    "wrong resize: not reduced to the frame by averaging first": _not_reduced,
    "wrong crop: stretched instead of cropped to the aspect": _squeezed,
    "wrong crop: cropped to the aspect instead of stretched": _cropped,
    "rotated 90° to the left (EXIF orientation?)": partial(_turned, 1),
    "rotated 180° (EXIF orientation?)": partial(_turned, 2),
    "rotated 90° to the right (EXIF orientation?)": partial(_turned, 3),
}

ORDERS: dict[str, Callable[[Levels], Levels]] = {
    "": lambda levels: levels,
    "wrong channel order: BGR instead of RGB": lambda levels: levels[:, :, ::-1],
    "channels come first (CHW) instead of last": lambda levels: levels.transpose(2, 0, 1),
    "transposed: rows and columns are exchanged": lambda levels: levels.transpose(1, 0, 2),
    "mirrored left to right": lambda levels: levels[:, ::-1],
    "mirrored top to bottom": lambda levels: levels[::-1],
}

IMAGENET = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
"""Mean and standard deviation of the channels, 0-1, by which many networks want theirs."""

SCALES: dict[str, tuple[Callable[[Levels], Levels], float]] = {
    "": (lambda levels: levels, 1.0),
    "wrong scale: 0-1 instead of 0-255": (lambda levels: levels / 255, 1 / 255),
    "wrong scale: -1..1 instead of 0-255": (lambda levels: levels / 127.5 - 1, 1 / 127.5),
    "wrong scale: ImageNet's mean and deviation instead of 0-255": (
        lambda levels: (levels / 255 - IMAGENET[0]) / IMAGENET[1],
        1 / 57,
    ),
    "shifted by 128: 128 was subtracted, or the zero point was left out": (
        lambda levels: levels - 128,  # in a byte the same as 128 too much
        1.0,
    ),
    "bytes read as signed: levels above 127 became negative": (
        lambda levels: np.where(levels > 127, levels - 256, levels),
        1.0,
    ),
}


class Way(NamedTuple):
    """How an image tensor is made: a key of each of the tables, "" where it is right."""

    order: str = ""
    scale: str = ""
    resize: str = ""
    decoding: str = ""

    @property
    def faults(self) -> list[str]:
        """In words."""
        return [fault for fault in self if fault]


RIGHT = Way()


@cache
def ways(most: int) -> tuple[Way, ...]:
    """Every way with at most so many faults; the right one first, then those with one fault.

    Of as many faults those of a decoder first: the JPEG unturned is the JPEG turned wrongly.
    """
    every = product(ORDERS, SCALES, RESIZES, ("", *decoding.FAULTS))
    few = [way for way in map(Way._make, every) if len(way.faults) <= most]
    return tuple(sorted(few, key=lambda way: (len(way.faults), not way.decoding)))


class Candidates:
    """The tensors that apps may have made of one image.

    Args:
        decodings: of the image, see `skinlite_export.decoding.decodings`.
        tensor: the file's.
        shaping: how images get its size.
    """

    def __init__(
        self, decodings: dict[str, Pixels], tensor: Tensor, shaping: Shaping = "crop"
    ) -> None:
        self._decodings, self._tensor = decodings, tensor
        self._cut = crop if shaping == "crop" else whole
        self._resized: dict[tuple[str, str], Levels] = {}

    def made(self, way: Way = RIGHT) -> Candidate:
        """The tensor that a way makes."""
        key, tensor = (way.decoding, way.resize), self._tensor
        if key not in self._resized:
            image = self._decodings[way.decoding]
            self._resized[key] = RESIZES[way.resize](
                image, tensor.shape[1], tensor.shape[2], self._cut
            )
        change, level = SCALES[way.scale]
        zero = tensor.quantization.zero_point if tensor.quantization else 0
        # The channels' own mean and deviation are subtracted while they come last.
        levels = ORDERS[way.order](change(self._resized[key]))
        stored = levels.ravel().astype(np.float64) + zero
        return Candidate("; ".join(way.faults), stored, level if tensor.dtype == "float32" else 1.0)
