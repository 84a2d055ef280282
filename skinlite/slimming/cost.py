"""What the layers of a network cost a phone's processor in int8, as arithmetic.

XNNPACK's int8 kernels on a Cortex-A76 work in tiles: a matrix product makes 4 pixels by 16
channels at a time and takes 4 channels a step, a depthwise convolution computes 16 channels of a
pixel. A channel that empties no tile saves nothing. Cycles a tile are fitted to those that
``skinlite benchmark cycles`` counted and modelled for six networks
(``benchmarks/results/phone-cycles``); a test compares the sums with the counted ones. It is a model
to choose by, of one processor: never a time.
"""

import math

import keras

from skinlite.models.soft_attention import SoftAttention
from skinlite.slimming.channels import Channels, Use

ROWS, COLUMNS, STEP = 4, 16, 4
"""Of a tile of ``qs8_qc8w_gemm_..._4x16c4__asm_aarch64_neondot_ld128``: pixels, channels made, and
channels taken at once."""

TILE, TILE_STEP, TAP = 84.0, 7.8, 7.8
"""Cycles of a tile, of a step in it, and of a tap of a kernel that is larger than 1x1."""

DEPTHWISE, DEPTHWISE_TAP = 14.5, 3.7
"""Cycles of 16 channels of a pixel; for each tap more: a tap is there of 9 or of 25."""

TAPS = (9, 25)
"""What XNNPACK has depthwise kernels for; larger ones are cut into rows of 25 taps."""

NUMBER = {"Add": 1.47, "Multiply": 0.86, "hard": 0.86}
"""Cycles of a number that is computed from one or two others."""

INPUT = 1.4
"""Cycles of a value of the image, for its conversion."""

CALL = 1000.0
"""Cycles of an operator, whatever it computes."""


def cycles_of(use: Use, taken: int, made: int) -> float:
    """Cycles of one layer, int8 on a Cortex-A76, for an image; 0: it costs nothing of its own.

    Args:
        use: the layer.
        taken: channels (of a flattened tensor: numbers) that it is given.
        made: channels that it gives.
    """
    layer, shape = use.layer, use.output.shape
    pixels = math.prod(shape[:-1])
    if use.kind == "InputLayer":
        return INPUT * math.prod(shape)
    if isinstance(layer, SoftAttention):
        return _product(math.prod(use.inputs[0].shape[:-1]), 9, taken, layer.maps)
    if use.kind == "Dense":
        return _product(pixels, 1, taken, made)
    if use.kind == "Conv2D":
        return _product(pixels, math.prod(layer.kernel_size), taken, made)
    if use.kind == "DepthwiseConv2D":
        return _depthwise(pixels, math.prod(layer.kernel_size), made)
    if use.kind == "SeparableConv2D":
        first = _depthwise(pixels, math.prod(layer.kernel_size), taken)
        return first + _product(pixels, 1, taken, made)
    if use.kind == "AveragePooling2D" and max(layer.strides) == 1:  # it is exported as one
        return _depthwise(pixels, math.prod(layer.pool_size), made)
    function = getattr(getattr(layer, "activation", None), "__name__", "")
    rate = NUMBER["hard"] if function.startswith("hard") else NUMBER.get(use.kind, 0.0)
    return CALL + rate * pixels * made if rate else 0.0


def model_cycles(model: keras.Model, channels: Channels | None = None) -> float:
    """Modelled cycles of a whole network."""
    uses = (channels or Channels(model)).uses
    return sum(cycles_of(use, _taken(use), len(use.output.ids)) for use in uses)


def _taken(use: Use) -> int:
    return len(use.inputs[0].ids) if use.inputs else 0


def _product(pixels: int, taps: int, taken: int, made: int) -> float:
    tiles = -(-pixels // ROWS) * -(-made // COLUMNS)
    steps = taps * -(-taken // STEP)
    return CALL + tiles * (TILE + TILE_STEP * steps + (TAP * taps if taps > 1 else 0))


def _depthwise(pixels: int, taps: int, made: int) -> float:
    largest = TAPS[-1]
    parts = -(-taps // largest) if taps > largest else 1
    if taps > largest:  # 7x7: rows of 3, 3 and 1
        parts, taps = 3, largest
    taps = next(one for one in TAPS if taps <= one)
    return CALL + parts * pixels * -(-made // COLUMNS) * (DEPTHWISE + DEPTHWISE_TAP * taps)
