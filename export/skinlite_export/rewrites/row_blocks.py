"""Blocks of pixels: a convolution that takes several pixels of a row as the channels of one.

In memory the channels of a pixel stand beside those of the next, so that seeing 56 pixels of 11
channels as 14 of 44 costs nothing (space-to-depth, along the row). The kernel makes as many pixels
of the output at once, with zeros where one of them doesn't see a pixel of the block.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinlite_export.graph.deploy_graph import Margins

MOST_PIXELS = 8
"""In a block; more were not tried."""

DEPTH, FILTERS = 8, 16
"""Channels that an int8 kernel takes and makes at a time (ARM's i8mm, x86's VNNI); it pads."""

FETCH = 32
"""What the address of a pixel costs, in channels taken: XNNPACK reads one for each pixel under the
kernel, and with few channels waits for those more than it multiplies."""

COPIED, STORED = 16, 64
"""What a byte costs in multiplications: copied once an image, or more of it in the file."""


@dataclass(frozen=True)
class Convolution:
    """The shape of one.

    Attributes:
        taken, made: (height, width, channels) of its input and output.
        kernel, strides: (rows, columns).
        same: whether TFLite pads the input, evenly and the odd one at the end.
    """

    taken: tuple[int, ...]
    made: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, int]
    same: bool

    def margins(self, axis: int) -> Margins:
        """What TFLite pads, of rows (axis 0) or of pixels in a row (1)."""
        needed = (self.made[axis] - 1) * self.strides[axis] + self.kernel[axis]
        total = max(needed - self.taken[axis], 0) if self.same else 0
        return total // 2, total - total // 2


@dataclass(frozen=True)
class Blocked:
    """How a convolution takes ``pixels`` of a row as one.

    Attributes:
        pixels, outputs: in a block of the input, and of the output.
        taps: columns of the kernel, in blocks; its stride along the row is one block.
        shift: pixels from the kernel's left edge to the first tap of the first output.
        padding: what has to be put around the input first, rows and pixels in a row; None where
            TFLite's own padding of the convolution, unchanged, does it.
    """

    pixels: int
    outputs: int
    taps: int
    shift: int
    padding: tuple[Margins, Margins] | None = None

    def kernel(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Weights (outputs * O, H, taps, pixels * I) for those of single pixels (O, H, W, I)."""
        filters, rows, columns, channels = weights.shape
        width = self.taps * self.pixels
        blocked = np.zeros((self.outputs, filters, rows, width, channels), weights.dtype)
        for output in range(self.outputs):
            first = self.shift + output * self.pixels // self.outputs
            blocked[output, :, :, first : first + columns] = weights
        return blocked.reshape(self.outputs * filters, rows, self.taps, self.pixels * channels)


def cheapest(convolution: Convolution) -> Blocked | None:
    """The blocks that cost least; None where single pixels do, as in any 1x1 convolution."""
    if convolution.kernel == (1, 1):
        return None
    single = Blocked(1, 1, convolution.kernel[1], 0)
    candidates = [single]
    for pixels in range(2, MOST_PIXELS + 1):
        blocked = in_blocks(convolution, pixels)
        candidates += [blocked] if blocked else []
    best = min(candidates, key=lambda blocked: _cost(convolution, blocked))
    return None if best is single else best


def in_blocks(convolution: Convolution, pixels: int) -> Blocked | None:
    """With blocks of so many pixels; None where they don't fill a row."""
    width, columns = convolution.taken[1], convolution.made[1]
    stride, left = convolution.strides[1], convolution.margins(1)[0]
    outputs, rest = divmod(pixels, stride)
    if rest or columns % outputs:
        return None
    made = columns // outputs
    seen = pixels - stride + convolution.kernel[1]  # by a block of outputs
    ahead = _ceil(left, pixels)
    shift = ahead * pixels - left
    taps = _ceil(shift + seen, pixels)
    padded = (made, (taps - 1) // 2) if convolution.same else (made + taps - 1, 0)
    if width % pixels == 0 and (width // pixels, ahead) == padded:
        return Blocked(pixels, outputs, taps, shift)
    taps = _ceil(seen, pixels)
    right = (made + taps - 1) * pixels - left - width
    if right < 0:
        return None
    return Blocked(pixels, outputs, taps, 0, (convolution.margins(0), (left, right)))


def _cost(convolution: Convolution, blocked: Blocked) -> int:
    """In multiplications an image; only comparisons mean something."""
    (height, width, channels), (rows, columns, filters) = convolution.taken, convolution.made
    channels, filters = channels * blocked.pixels, filters * blocked.outputs
    seen = convolution.kernel[0] * blocked.taps
    fetched = rows * columns // blocked.outputs * seen
    multiplied = fetched * (_up(channels, DEPTH) + FETCH) * _up(filters, FILTERS)
    copied = 0
    if blocked.padding:
        above_below, left_right = map(sum, blocked.padding)
        copied = (height + above_below) * (width + left_right) * convolution.taken[2]
    return multiplied + COPIED * copied + STORED * filters * seen * channels


def _ceil(number: int, step: int) -> int:
    return -(-number // step)


def _up(number: int, step: int) -> int:
    return _ceil(number, step) * step
