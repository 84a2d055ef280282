"""Values at the end of a calibrated range, and what is none of them."""

from collections.abc import Callable

import numpy as np
import pytest

from skinlite.data.preprocessing import load_image
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.bundle.golden import FOLDER, read_vectors
from skinlite_export.decision.saturation import BOUNDS, Saturation


@pytest.mark.slow
def test_what_calibration_never_saw_lies_at_the_ends(exported: Callable[..., Bundle]) -> None:
    bundle = exported()
    saturation = Saturation(bundle.path / TFLITE)
    assert saturation.watched > 10
    expected = read_vectors(bundle).vectors[0].models[TFLITE]
    image = load_image(bundle.path / FOLDER / expected.pixels)
    patient = np.array(expected.patient["patient"], np.float32)
    usual = saturation(image, patient)
    assert saturation(image, patient) == usual < 0.05
    noise = np.random.default_rng(0).integers(0, 2, image.shape, dtype=np.uint8) * 255
    assert saturation(noise, patient) > 2 * usual


@pytest.mark.slow
def test_a_bound_that_float_has_too_is_no_end(exported: Callable[..., Bundle]) -> None:
    saturation = Saturation(exported().path / TFLITE)
    tensors = {one["index"]: one for one in saturation._interpreter.get_tensor_details()}
    for index, ends in saturation._ends.items():
        scale, zero = tensors[index]["quantization"]
        for end in ends:
            assert all(abs((end - zero) * scale - bound) > scale / 2 for bound in BOUNDS)


@pytest.mark.slow
def test_a_file_in_float_has_no_ends(exported: Callable[..., Bundle]) -> None:
    assert Saturation(exported(quantize="none", onnx="float32").path / TFLITE).watched == 0
