"""Draw the golden JPEG, and decode it in every way; needs the extra ``export``."""

import numpy as np
import tensorflow as tf
from PIL import Image

from skinlite.data.synthetic.lesions import draw, photograph
from skinlite_export.decoding import FOLDER, JPEG, TURNS

WAYS = {
    "accurate": ("INTEGER_ACCURATE", True),
    "fast": ("INTEGER_FAST", True),
    "plain": ("INTEGER_ACCURATE", False),
    "fast_plain": ("INTEGER_FAST", False),
}
"""``dct_method`` and ``fancy_upscaling`` of `tf.io.decode_jpeg`, by the PNG's name."""

TURNED = 6
"""EXIF orientation: what is kept has to be turned by a quarter to the right."""


def main() -> None:
    """Write every file of the folder anew."""
    random = np.random.default_rng(0)
    upright = photograph(draw("vasc", random), random)
    exif = Image.Exif()
    exif[0x0112] = TURNED
    kept = upright.transpose(Image.Transpose.ROTATE_90)
    kept.save(JPEG, quality=95, subsampling="4:2:0", exif=exif)
    for name, (method, fancy) in WAYS.items():
        pixels = tf.io.decode_jpeg(JPEG.read_bytes(), dct_method=method, fancy_upscaling=fancy)
        seen = np.rot90(pixels.numpy(), TURNS)
        Image.fromarray(seen).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
