"""Statistics of the pixels, and the distance from those of training images."""

import numpy as np
import pytest

from skinlite_export.decision.familiarity import (
    STATISTICS,
    distance,
    gaussian_of,
    statistics_of,
)


def test_statistics_of_a_plain_and_of_a_striped_image() -> None:
    plain = statistics_of(np.full((64, 64, 3), (51, 102, 255), np.uint8))
    assert len(plain) == len(STATISTICS) == 13
    assert plain[:3] == pytest.approx([0.2, 0.4, 1.0])
    assert plain[3:6] == pytest.approx(np.log([0.01] * 3)) and plain[6:9] == pytest.approx(0)
    # Stripes as wide as a cell: every neighbour across is 1 away, none below; halved, all are gray.
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255
    assert statistics_of(stripes)[-2:] == pytest.approx(np.log([0.5 + 0.003, 0.003]))
    centre = np.zeros((16, 16, 3), np.uint8)
    centre[4:12, 4:12] = 255
    assert statistics_of(centre)[6:9] == pytest.approx(1)


def test_the_size_hardly_matters_and_only_the_central_square_counts() -> None:
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    large = small.repeat(14, axis=0).repeat(14, axis=1)
    assert statistics_of(large) == pytest.approx(statistics_of(small))
    wide = np.zeros((224, 300, 3), np.uint8)
    wide[:, 38:262] = large
    assert statistics_of(wide) == pytest.approx(statistics_of(small))
    assert np.isfinite(statistics_of(small[:9, :9])).all()  # fewer pixels than cells


def test_images_like_those_of_the_fit_are_near() -> None:
    random = np.random.default_rng(0)

    def skin() -> np.ndarray:
        colour = np.array([200, 150, 130]) + random.normal(0, 15, 3)
        return np.clip(colour + random.normal(0, 20, (32, 32, 3)), 0, 255).astype(np.uint8)

    known = gaussian_of(skin() for _ in range(200))
    near = [distance(skin(), *known) for _ in range(50)]
    assert np.mean(near) == pytest.approx(13, rel=0.25)  # a distance of 13 squared deviations
    noise = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert distance(noise, *known) > 10 * max(near)


@pytest.mark.parametrize("images", [1, 3])
def test_few_or_equal_images_are_borne(images: int) -> None:
    plain = np.full((16, 16, 3), 99, np.uint8)
    known = gaussian_of([plain] * images)
    assert distance(plain, *known) == pytest.approx(0)
    assert np.isfinite(distance(plain + 9, *known))
