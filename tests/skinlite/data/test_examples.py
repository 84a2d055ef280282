"""`Examples`: images from the disk, of which few are in memory at once."""

import tracemalloc
from pathlib import Path

import numpy as np

from skinlite.data.examples import AT_ONCE, Examples


def test_each_image_holds_few_of_them(tmp_path: Path) -> None:
    shape = (20 * AT_ONCE, 32, 32, 3)
    pixels = np.lib.format.open_memmap(tmp_path / "pixels.npy", "w+", np.uint8, shape)
    pixels[:] = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    rows = np.random.default_rng(1).permutation(len(pixels) - 5)
    examples = Examples(
        pixels, rows, np.zeros((len(rows), 0), np.float32), np.zeros(len(rows), int)
    )
    tracemalloc.start()
    sums = [int(image.sum()) for image in examples.each_image()]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sums == pixels[rows].sum(axis=(1, 2, 3), dtype=int).tolist()
    assert peak < pixels.nbytes / 5
