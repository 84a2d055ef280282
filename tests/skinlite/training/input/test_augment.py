"""Augmentation: nothing in inference, one seeded stream in training."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (6, 24, 32, 3), dtype=np.uint8)


def augment(**settings: Any) -> Any:
    from skinlite.training.input.augment import Augment

    return Augment(**settings)


def test_identity_outside_of_training(images: NDArray[np.uint8]) -> None:
    found = np.asarray(augment()(images))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, images)


def test_training_keeps_shape_and_range_and_changes_every_picture(
    images: NDArray[np.uint8],
) -> None:
    found = np.asarray(augment(brightness=0.5)(images, training=True))
    assert (found.shape, found.dtype) == (images.shape, np.float32)
    assert found.min() >= 0 and found.max() <= 255
    assert (np.abs(found - images).mean(axis=(1, 2, 3)) > 5).all()


def test_brightness_is_clipped_not_wrapped() -> None:
    white = np.full((40, 8, 8, 3), 255, np.uint8)
    found = np.asarray(augment(brightness=0.5)(white, training=True))
    assert found.max() == 255
    assert 127 < found.min() < 200
    assert np.ptp(found, axis=(1, 2, 3)).max() < 1e-3  # one level an image


def test_same_seed_same_stream(images: NDArray[np.uint8]) -> None:
    first, second, other = augment(seed=3), augment(seed=3), augment(seed=4)
    for _ in range(2):
        expected = np.asarray(first(images, training=True))
        np.testing.assert_array_equal(np.asarray(second(images, training=True)), expected)
        assert np.abs(np.asarray(other(images, training=True)) - expected).max() > 1
    # ... and a stream moves on.
    assert np.abs(np.asarray(first(images, training=True)) - expected).max() > 1


def test_geometry_is_an_isometry_without_zoom_and_shift() -> None:
    """A disc about the centre looks the same however it is turned or flipped."""
    y, x = np.mgrid[:33, :33] - 16
    disc = np.where(np.hypot(x, y) < 10, 200, 50).astype(np.uint8)
    images = np.repeat(disc[None, :, :, None], 3, axis=3).repeat(8, axis=0)
    still = augment(zoom=0.0, shift=0.0, brightness=0.0)
    found = np.asarray(still(images, training=True))
    assert np.abs(found - images).mean() < 4
    zoomed = np.asarray(augment(zoom=0.5, shift=0.0, brightness=0.0, seed=1)(images, training=True))
    assert np.ptp((zoomed > 125).sum(axis=(1, 2, 3))) > 200


def test_config_round_trip() -> None:
    from skinlite.training.input.augment import Augment

    config = augment(zoom=0.2, shift=0.1, brightness=0.3, seed=5).get_config()
    again = Augment.from_config(config)
    assert again.get_config() == config
    assert (again.zoom, again.shift, again.brightness, again.seed) == (0.2, 0.1, 0.3, 5)
