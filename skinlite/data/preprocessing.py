"""The one definition of how an image becomes the network's pixels.

0. Decode: a JPEG by libjpeg's accurate integer IDCT (ISLOW) with fancy upsampling, as Pillow's own
   wheels, OpenCV and Java's ImageIO do, and TensorFlow with ``dct_method="INTEGER_ACCURATE"`` only.
   Levels are taken as stored: no ICC profile, no gamma. CMYK becomes RGB without a profile.
1. Centre crop to the aspect of the network's input (`fit`); or none (`stretch`).
2. A crop larger than the 450x600 frame that HAM10000 comes in is first reduced into that frame
   by area averaging (so that a 12-megapixel photo and its small copy look alike).
3. Bilinear resize with half-pixel centres and without antialiasing: what TFLite's
   RESIZE_BILINEAR (``half_pixel_centers``) computes, so that a file that resizes inside and a
   phone that resizes outside can agree.

Training cache, evaluation, predict and golden vectors all come through here.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from skinlite.data.packed import open_image
from skinlite.errors import InputError

FRAME = (450, 600)
"""Height and width (pixels) that larger images are reduced into before the resize."""

ENDS = {"JPEG": b"\xff\xd9", "PNG": b"\0\0\0\0IEND\xaeB`\x82"}
"""Last bytes of a whole file, by Pillow's name of the format."""

DARKEST = 1 << 12
"""Levels of 16 bits below this are those of a camera of 12 bits that nobody scaled."""

Pixels = NDArray[np.uint8]

Shaping = Literal["crop", "stretch"]
"""What becomes of an image of another aspect than the network's input: `fit` or `stretch`. Runs of
skinlite train crop; an adopted network may want the whole image."""


def load_image(path: Path) -> Pixels:
    """Decode an image to RGB, upright as its EXIF orientation says (phones rely on it).

    16-bit grey is scaled to 8 bits, as Pillow scales 16-bit colour: the higher byte. Transparency
    is left out, what is under it stays.

    Returns:
        uint8 array of shape (height, width, 3), 0-255.

    Raises:
        InputError: the file is missing, truncated, no regular file, or not an image; its levels
            have no range that could be scaled.
    """
    with _opened(path) as (image, _):
        upright = ImageOps.exif_transpose(image)
        return np.asarray(_eight_bits(upright, path).convert("RGB"))


def check_decoding_of(path: Path) -> None:
    """Refuse what `load_image` refuses, in less time.

    A JPEG is decoded at an eighth of its size: libjpeg then reads every byte of it, and leaves out
    most of the arithmetic.

    Raises:
        InputError: as of `load_image`.
    """
    with _opened(path) as (image, _):
        if image.format == "JPEG":
            image.draft(None, (image.width // 8, image.height // 8))
            ImageOps.exif_transpose(image)
            return
    load_image(path)


def is_whole_by_header(path: Path) -> bool:
    """Whether an image has a header, of a kind that `load_image` takes, and its format's end.

    What lies between isn't looked at. Of formats that have no such end it is False.

    Raises:
        InputError: it is missing, or its header is no image's.
    """
    with _opened(path) as (image, stream):
        end = ENDS.get(image.format or "")
        if end is None or image.mode.startswith(("I", "F")):
            return False
        stream.seek(-len(end), os.SEEK_END)
        return stream.read() == end


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image, BinaryIO]]:
    try:
        with open_image(path) as stream, Image.open(stream) as image:
            yield image, stream
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is not an image that can be decoded.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} can't be decoded: {error}.") from error


def _eight_bits(image: Image.Image, path: Path) -> Image.Image:
    """Levels of more than eight bits; Pillow would cut off at 255 what is above."""
    if image.mode in ("I", "F"):
        raise InputError(
            f"{path} has levels of 32 bits, and the level of white is unknown. Save it as RGB "
            "with 8 bits."
        )
    if not image.mode.startswith("I;16"):
        return image
    levels = np.asarray(image)
    if levels.max() < DARKEST:
        raise InputError(
            f"{path} has 16 bits, but the highest four are never used: its levels "
            f"(up to {levels.max()} of 65535) would be nearly black. Scale them "
            "and save it as RGB with 8 bits."
        )
    return Image.fromarray((levels >> 8).astype(np.uint8))


def fit(image: Pixels, height: int, width: int) -> Pixels:
    """Crop and resize one image to the network's input.

    Args:
        image: uint8, shape (h, w, 3).
        height: rows of the result, pixels.
        width: columns of the result, pixels.

    Returns:
        uint8 array of shape (height, width, 3), rounded to the nearest level.
    """
    return np.rint(
        resize_bilinear(reduce_to_frame(crop(image, height, width)), height, width)
    ).astype(np.uint8)


def stretch(image: Pixels, height: int, width: int) -> Pixels:
    """Resize one whole image, whatever its aspect: what networks of other programs often take.

    Steps 2 and 3 of `fit` without the crop; the same arguments and result.
    """
    return np.rint(resize_bilinear(reduce_to_frame(image), height, width)).astype(np.uint8)


def shape(image: Pixels, height: int, width: int, shaping: Shaping) -> Pixels:
    """`fit` or `stretch`; the same arguments and result."""
    return (fit if shaping == "crop" else stretch)(image, height, width)


def crop(image: Pixels, height: int, width: int) -> Pixels:
    """Cut the largest centred region with the aspect ``height : width``."""
    rows, columns = image.shape[:2]
    kept_rows = min(rows, max(1, columns * height // width))
    kept_columns = min(columns, max(1, rows * width // height))
    top, left = (rows - kept_rows) // 2, (columns - kept_columns) // 2
    return image[top : top + kept_rows, left : left + kept_columns]


def reduce_to_frame(image: Pixels) -> Pixels:
    """Area-average an image that exceeds `FRAME` until it fits; smaller ones pass through."""
    rows, columns = image.shape[:2]
    scale = max(rows / FRAME[0], columns / FRAME[1])
    if scale <= 1:
        return image
    size = (max(1, round(columns / scale)), max(1, round(rows / scale)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


def resize_bilinear(image: Pixels, height: int, width: int) -> NDArray[np.float32]:
    """Bilinear interpolation with half-pixel centres, no antialias; float32 (height, width, 3)."""
    top, bottom, row_weight = _taps(image.shape[0], height)
    left, right, column_weight = _taps(image.shape[1], width)
    upper, lower = image[top].astype(np.float32), image[bottom].astype(np.float32)
    rows = upper + (lower - upper) * row_weight[:, None, None]
    return rows[:, left] + (rows[:, right] - rows[:, left]) * column_weight[:, None]


def _taps(size: int, target: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The two source indices of each target index, and the weight of the second."""
    centre = (np.arange(target, dtype=np.float32) + 0.5) * np.float32(size / target) - 0.5
    centre = np.clip(centre, 0, size - 1)
    first = centre.astype(np.intp)
    return first, np.minimum(first + 1, size - 1), (centre - first).astype(np.float32)
