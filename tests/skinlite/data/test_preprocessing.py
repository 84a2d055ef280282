"""Crop, reduction and resize against a reference that computes pixel by pixel."""

import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from skinlite.data.preprocessing import (
    FRAME,
    Pixels,
    crop,
    fit,
    load_image,
    reduce_to_frame,
    resize_bilinear,
)
from skinlite.errors import InputError


def random_image(height: int, width: int) -> Pixels:
    shape = (height, width, 3)
    return np.random.default_rng(height * width).integers(0, 256, shape, dtype=np.uint8)


def naive_bilinear(image: Pixels, height: int, width: int) -> np.ndarray:
    """TFLite's reference kernel with half_pixel_centers, one output value at a time."""
    rows, columns = image.shape[:2]
    result = np.zeros((height, width, 3))
    for y in range(height):
        source_y = (y + 0.5) * rows / height - 0.5
        y0 = max(math.floor(source_y), 0)
        y1 = min(math.ceil(source_y), rows - 1)
        for x in range(width):
            source_x = (x + 0.5) * columns / width - 0.5
            x0 = max(math.floor(source_x), 0)
            x1 = min(math.ceil(source_x), columns - 1)
            dy, dx = source_y - y0, source_x - x0
            for channel in range(3):
                corners = [
                    (y0, x0, (1 - dy) * (1 - dx)),
                    (y0, x1, (1 - dy) * dx),
                    (y1, x0, dy * (1 - dx)),
                    (y1, x1, dy * dx),
                ]
                result[y, x, channel] = sum(
                    weight * float(image[row, column, channel]) for row, column, weight in corners
                )
    return result


@pytest.mark.parametrize(
    ("size", "target"),
    [
        ((5, 7), (11, 16)),
        ((23, 17), (8, 6)),
        ((9, 12), (9, 12)),
        ((30, 40), (7, 31)),
        ((1, 1), (3, 2)),
    ],
)
def test_bilinear_equals_the_naive_loop(size: tuple[int, int], target: tuple[int, int]) -> None:
    image = random_image(*size)
    np.testing.assert_allclose(
        resize_bilinear(image, *target), naive_bilinear(image, *target), atol=1e-2
    )


def test_no_antialias_and_half_pixel_centres() -> None:
    """Halving a row takes the mean of the two pixels astride each centre, nothing further out."""
    row = np.array([[0, 10, 200, 100, 50, 60, 7, 9]], np.uint8)
    image = np.repeat(row[..., None], 3, axis=2)
    assert resize_bilinear(image, 1, 4)[0, :, 0].tolist() == [5, 150, 55, 8]
    assert resize_bilinear(image, 1, 2)[0, :, 0].tolist() == [105, 33.5]


@pytest.mark.parametrize(
    ("size", "target", "kept", "corner"),
    [
        ((450, 600), (224, 224), (450, 450), (0, 75)),
        ((600, 450), (224, 224), (450, 450), (75, 0)),
        ((450, 600), (150, 200), (450, 600), (0, 0)),
        ((101, 50), (96, 96), (50, 50), (25, 0)),
        ((1, 900), (96, 96), (1, 1), (0, 449)),
    ],
)
def test_crop_is_the_largest_centred_region(
    size: tuple[int, int], target: tuple[int, int], kept: tuple[int, int], corner: tuple[int, int]
) -> None:
    image = random_image(*size)
    top, left = corner
    expected = image[top : top + kept[0], left : left + kept[1]]
    np.testing.assert_array_equal(crop(image, *target), expected)


def test_small_pictures_pass_the_reduction_and_large_ones_are_averaged() -> None:
    small = random_image(*FRAME)
    assert reduce_to_frame(small) is small
    large = random_image(2 * FRAME[0], 2 * FRAME[1])
    means = large.reshape(FRAME[0], 2, FRAME[1], 2, 3).mean(axis=(1, 3))
    reduced = reduce_to_frame(large)
    assert reduced.shape == (*FRAME, 3)
    np.testing.assert_allclose(reduced, means, atol=1)


def test_a_photo_and_its_small_copy_give_the_same_pixels() -> None:
    small = random_image(450, 600)
    photo = small.repeat(4, axis=0).repeat(4, axis=1)
    np.testing.assert_array_equal(fit(photo, 96, 96), fit(small, 96, 96))


def test_fit_rounds_to_uint8_of_the_asked_shape() -> None:
    fitted = fit(random_image(225, 300), 112, 96)
    assert (fitted.shape, fitted.dtype) == ((112, 96, 3), np.uint8)
    white = np.full((450, 600, 3), 255, np.uint8)
    assert (fit(white, 224, 224) == 255).all()


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [("L", 77, (77, 77, 77)), ("RGBA", (10, 20, 30, 255), (10, 20, 30)), ("P", 0, (0, 0, 0))],
)
def test_every_mode_becomes_rgb(
    tmp_path: Path, mode: str, colour: int | tuple[int, ...], expected: tuple[int, int, int]
) -> None:
    Image.new(mode, (6, 4), colour).save(tmp_path / "image.png")
    image = load_image(tmp_path / "image.png")
    assert (image.shape, image.dtype) == ((4, 6, 3), np.uint8)
    assert tuple(image[2, 3]) == expected


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9])
def test_a_truncated_picture_is_named(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(random_image(60, 80)).save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match=rf"cut\.{suffix}"):
        load_image(path)


def test_a_missing_picture_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no .*absent\.jpg"):
        load_image(tmp_path / "absent.jpg")
    with pytest.raises(InputError, match=r"is a folder, not a regular file"):
        load_image(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_grey_is_scaled_and_not_cut_off(tmp_path: Path, suffix: str) -> None:
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    path = tmp_path / f"grey.{suffix}"
    Image.fromarray(levels * 257).save(path)
    with Image.open(path) as stored:
        assert stored.mode.startswith("I;16")
    np.testing.assert_array_equal(load_image(path), levels[..., None].repeat(3, axis=2))


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (np.full((6, 8), 4095, np.uint16), "nearly black"),  # a camera of 12 bits
        (np.full((6, 8), 200, np.int32), "32 bits, .* 8 bits"),
        (np.full((6, 8), 0.5, np.float32), "32 bits, .* 8 bits"),
    ],
)
def test_levels_that_nobody_can_scale_are_refused(
    tmp_path: Path, levels: np.ndarray, message: str
) -> None:
    Image.fromarray(levels).save(tmp_path / "levels.tif")
    with pytest.raises(InputError, match=rf"levels\.tif has .*{message}"):
        load_image(tmp_path / "levels.tif")


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("1", "png"), ("LA", "png"), ("CMYK", "jpg"), ("YCbCr", "jpg")]
    + [("RGB", suffix) for suffix in ("bmp", "tif", "webp")],
)
def test_every_other_mode_and_format_is_decoded(tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"image.{suffix}"
    Image.new("RGB", (6, 4), (255, 255, 255)).convert(mode).save(path)
    np.testing.assert_array_equal(load_image(path), np.full((4, 6, 3), 255, np.uint8))


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for path, kind in ((tmp_path / "pipe.jpg", "a pipe"), (Path("/dev/zero"), "a device")):
        with pytest.raises(InputError, match=f"{path} is {kind}, not a regular file"):
            load_image(path)


@pytest.fixture
def smooth() -> Image.Image:
    """48x64, no two pixels alike."""
    few = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(few).resize((64, 48), Image.Resampling.BICUBIC)


def test_a_progressive_jpeg_has_the_same_levels(smooth: Image.Image, tmp_path: Path) -> None:
    for name, progressive in (("baseline.jpg", False), ("progressive.jpg", True)):
        smooth.save(tmp_path / name, quality=95, progressive=progressive)
    assert np.array_equal(
        load_image(tmp_path / "baseline.jpg"), load_image(tmp_path / "progressive.jpg")
    )


def test_no_colour_profile_and_no_gamma_is_applied(smooth: Image.Image, tmp_path: Path) -> None:
    """A browser may; the levels are taken as they are stored (docs/bundle.md)."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    smooth.save(tmp_path / "profile.png", icc_profile=profile)
    chunks = PngInfo()
    chunks.add(b"gAMA", (100_000).to_bytes(4, "big"))  # 1: browsers show it much brighter
    smooth.save(tmp_path / "gamma.png", pnginfo=chunks)
    for name in ("profile.png", "gamma.png"):
        assert np.array_equal(load_image(tmp_path / name), np.asarray(smooth))


def test_cmyk_and_sixteen_bits_become_eight_bits_of_rgb(
    smooth: Image.Image, tmp_path: Path
) -> None:
    smooth.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=98, subsampling=0)
    off = np.abs(load_image(tmp_path / "cmyk.jpg").astype(int) - np.asarray(smooth))
    assert off.max() <= 3

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + name + content + check

    deep = np.asarray(smooth).astype(">u2") * 256 + 77  # the low byte is cut off
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    header = struct.pack(">IIBBBBB", 64, 48, 16, 2, 0, 0, 0)
    (tmp_path / "deep.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    assert np.array_equal(load_image(tmp_path / "deep.png"), np.asarray(smooth))
