"""What another JPEG decoder costs: counted against Pillow's levels and the model's own answers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from skinlite.data.patient import PatientEncoder
from skinlite.data.preprocessing import Pixels, load_image
from skinlite_benchmarks.studies.decoders import compare, resizes, table
from skinlite_export.runtime.signature import Signature, Tensor


class Reddest:
    """A model that answers the first class as far as the image is red, else the second."""

    shaping = "crop"

    def __init__(self) -> None:
        image = Tensor(name="image", shape=(1, 32, 32, 3), dtype="float32", meaning="")
        patient = Tensor(name="patient", shape=(1, 20), dtype="float32", meaning="")
        answer = Tensor(name="probabilities", shape=(1, 7), dtype="float32", meaning="")
        self.signature = Signature(inputs=(image, patient), outputs=(answer,))
        self._red = 0.0

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        self._red = float(image[..., 0].mean()) / 255

    def invoke(self) -> None:
        pass

    def probabilities(self) -> NDArray[np.float32]:
        return np.array([self._red, 1 - self._red, *[0] * 5], np.float32)


def darker(path: Path) -> Pixels:
    return load_image(path) // 2


def test_a_decoder_is_compared_with_pillow(tiny_data: Path) -> None:
    encoder = PatientEncoder(age_mean=50, age_std=15)
    ways = {"same": load_image, "darker": darker}
    found = compare(Reddest(), encoder, tiny_data, 10, ways)  # type: ignore[arg-type]
    same, other = found["same"], found["darker"]
    assert not same.levels.any() and not same.probabilities.any() and same.flips == 0
    assert len(other.levels) == 10 and (other.levels[:, 0] > 50).all()
    # Skin has levels of red about 200: half of it makes the second class the answer.
    assert other.flips == 10 and other.probabilities == pytest.approx(0.4, abs=0.1)
    rows = table(found).rows
    assert [row[:2] for row in rows] == [("same", "0 of 10"), ("darker", "10 of 10")]


def test_another_resize_is_compared_with_the_networks_pixels(tiny_data: Path) -> None:
    encoder, model = PatientEncoder(age_mean=50, age_std=15), Reddest()
    ways = resizes(model)  # type: ignore[arg-type]
    assert {"resized, nearest", "resized, bilinear", "resized, lanczos"} <= ways.keys()
    found = compare(model, encoder, tiny_data, 5, ways)  # type: ignore[arg-type]
    nearest = found["resized, nearest"]
    assert (nearest.levels[:, 0] > 0).any() and nearest.levels[:, 1].max() < 20
    assert nearest.probabilities.max() < 0.05 and nearest.flips == 0
