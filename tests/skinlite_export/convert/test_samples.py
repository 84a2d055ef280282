"""Calibration samples, several at a time."""

from typing import Any

import numpy as np
import pytest

from skinlite.vocabulary import IMAGE, PATIENT
from skinlite_export.convert.samples import batches, halves


def made(count: int, side: int) -> list[dict[str, Any]]:
    return [
        {
            IMAGE: np.full((1, side, side, 3), number, np.float32),
            PATIENT: np.full((1, 2), number, np.float32),
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("side", "count", "sizes"),
    [(128, 20, [8, 8, 4]), (128, 8, [8]), (224, 3, [2, 1]), (400, 2, [1, 1]), (32, 0, [])],
)
def test_a_batch_has_so_many_pixels_and_everything_comes_in_order(
    side: int, count: int, sizes: list[int]
) -> None:
    found = list(batches(made(count, side)))
    assert [len(batch[IMAGE]) for batch in found] == sizes
    for name in (IMAGE, PATIENT):
        numbers = [one.flat[0] for batch in found for one in batch[name]]
        assert numbers == list(range(count))


def test_halves_are_every_second_one() -> None:
    assert halves(range(5)) == [range(0, 5, 2), range(1, 5, 2)]
    assert halves(range(1)) == [range(0, 1, 2)]
    assert halves([]) == []
