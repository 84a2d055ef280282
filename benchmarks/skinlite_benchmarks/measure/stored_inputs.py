"""`Takes`: what a file of somebody else's takes, and noise to feed it while it is timed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from skinlite_export.inspect.feeds import batch_of, scale, size_of
from skinlite_export.inspect.opened import concrete
from skinlite_export.inspect.record import Feed, InspectedTensor
from skinlite_export.inspect.scores import USUAL_SIZE

COLOURS = 3
UNIT = (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)
LEVELS = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
"""Mean and deviation of images whose feed isn't known: 0-1, or levels where integers have no scale.
"""


class Takes(BaseModel):
    """The inputs of a file.

    Attributes:
        tensors: in the file's order.
        feed: of its image; None where it isn't known.
    """

    model_config = ConfigDict(frozen=True)

    tensors: tuple[InspectedTensor, ...]
    feed: Feed | None = None

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Rows, columns and channels of the first image; empty where there is none."""
        for tensor in self.tensors:
            if tensor.layout:
                channels = tensor.shape[3 if tensor.layout == "NHWC" else 1]
                return (*self._size(tensor), channels or COLOURS)
        return ()

    def draw(self, random: np.random.Generator) -> list[NDArray[Any]]:
        """Noise for each input, as its tensor holds it: networks do the same whatever it is."""
        return [self._drawn(tensor, random) for tensor in self.tensors]

    def _drawn(self, tensor: InspectedTensor, random: np.random.Generator) -> NDArray[Any]:
        integer = np.dtype(tensor.dtype).kind in "iub" and tensor.quantization is None
        if tensor.layout and self.image_shape[2] == COLOURS:
            levels = random.integers(0, 256, (*self._size(tensor), COLOURS), np.uint8)
            if self.feed:
                return batch_of(tensor, scale(levels, *_of(self.feed)))
            return batch_of(tensor, scale(levels, *(LEVELS if integer else UNIT), "RGB"))
        shape = concrete(tensor.shape)
        if integer:  # such as positions in a list, of which the first two are there in each
            return random.integers(0, 2, shape).astype(tensor.dtype)
        return tensor.store(random.uniform(0, 1, shape))

    def _size(self, tensor: InspectedTensor) -> tuple[int, int]:
        known = (self.feed.height, self.feed.width) if self.feed else (USUAL_SIZE, USUAL_SIZE)
        return size_of(tensor) or known


def _of(feed: Feed) -> tuple[Any, Any, str]:
    return feed.mean, feed.std, feed.channels
