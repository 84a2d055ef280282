"""Lay an attention map over the image, as far as the network saw it."""

import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import Pixels, crop, reduce_to_frame, resize_bilinear

COLOUR = np.array([255, 40, 0], np.float32)
"""Of the heat: orange red, which no skin has."""

OPACITY = 0.6
"""Of the heat where the attention is largest; the lesion stays visible."""


def overlay(
    image: Pixels, attention: NDArray[np.float32], taken: tuple[int, int], seen: tuple[int, int]
) -> Pixels:
    """Colour an image by the attention of its parts.

    Args:
        image: (h, w, 3), as it was decoded.
        attention: (rows, columns) of the map.
        taken: height and width of the image tensor.
        seen: height and width that the network computes on; another aspect crops once more.

    Returns:
        The part of the image that the network saw, coloured; (h, w, 3).
    """
    part = reduce_to_frame(crop(crop(image, *taken), *seen))
    levels = np.rint(255 * attention / max(float(attention.max()), 1e-6)).astype(np.uint8)
    heat = resize_bilinear(levels[:, :, None], *part.shape[:2])
    weight = OPACITY * heat / 255
    mixed = part * (1 - weight) + COLOUR * weight
    return np.asarray(np.rint(mixed), np.uint8)
