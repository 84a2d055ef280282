"""The JPEG of the golden set, and what decoders make of it that aren't the contract's.

``decoding.jpg`` is drawn by skinlite, so no patient is in it: 225x300 pixels, kept turned with the
EXIF orientation 6, colours halved both ways (4:2:0). Beside it lie its pixels, upright, as
libjpeg's settings give them; ``accurate.png`` is right. ``python -m skinlite_export.decoding`` made
all of it with TensorFlow's ``decode_jpeg``, whose default is the fast one; a test makes it anew.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from skinlite.data.preprocessing import Pixels, load_image

FOLDER = Path(__file__).parent
JPEG = FOLDER / "decoding.jpg"
TURNS = 3
"""Quarter turns to the left by which the pixels are kept otherwise than seen."""

OTHERS = {
    "fast": "JPEG decoded with the fast integer IDCT (TensorFlow's default; use "
    "dct_method='INTEGER_ACCURATE')",
    "plain": "JPEG decoded without fancy upsampling of its colours",
    "fast_plain": "JPEG decoded with the fast integer IDCT and without fancy upsampling",
}
"""Words for the other decodings that lie here, by name."""

UNTURNED = "EXIF orientation not applied"
HALVED = "JPEG decoded at half its size (inSampleSize, draft mode)"

COMBINED = tuple(f"{words}; {UNTURNED}" for words in OTHERS.values())
"""Two faults at once, as TensorFlow's decode_jpeg has them."""

FAULTS = (UNTURNED, HALVED, *OTHERS.values(), *COMBINED)
"""Every known fault of a decoder, in words."""


def decoded(name: str) -> Pixels:
    """The pixels of `JPEG`, upright, (225, 300, 3): ``accurate``, or one of `OTHERS`."""
    return load_image(FOLDER / f"{name}.png")


def decodings(path: Path) -> dict[str, Pixels]:
    """What each of `FAULTS` makes of a golden image; right under "".

    A PNG has one decoding only, and so has a JPEG of another version of skinlite.
    """
    right = load_image(path)
    if path.read_bytes() != JPEG.read_bytes():
        return dict.fromkeys(("", *FAULTS), right)
    images = {"": right, UNTURNED: np.rot90(right, -TURNS), HALVED: _halved(path)}
    for name, words in OTHERS.items():
        images[words] = decoded(name)
        images[f"{words}; {UNTURNED}"] = np.rot90(images[words], -TURNS)
    return {words: np.ascontiguousarray(image) for words, image in images.items()}


def _halved(path: Path) -> Pixels:
    """By the DCT, as Pillow's draft mode and Android's inSampleSize do."""
    with Image.open(path) as image:
        image.draft("RGB", (image.width // 2, image.height // 2))
        return np.rot90(np.asarray(image.convert("RGB")), TURNS)
