"""Real numbers to what a tensor stores and back: the nearest step, held to the limits."""

import numpy as np
import pytest

from skinlite.vocabulary import AGE, IMAGE, PATIENT, SEX, SITE
from skinlite_export.runtime.signature import Dtype, Quantization, Signature, Tensor


def tensor(dtype: Dtype, name: str = "x", width: int = 5, **quantization: float) -> Tensor:
    known = Quantization.model_validate(quantization) if quantization else None
    return Tensor(name=name, shape=(1, width), dtype=dtype, quantization=known, meaning="")


@pytest.mark.parametrize(
    ("dtype", "zero_point", "stored"),
    [("int8", -10, [-128, -11, -10, -9, 127]), ("uint8", 20, [0, 19, 20, 21, 255])],
)
def test_pack_rounds_to_the_nearest_step_and_holds_the_ends(
    dtype: Dtype, zero_point: int, stored: list[int]
) -> None:
    """A value beyond the range is its end: wrapped around it would be the other end."""
    one = tensor(dtype, scale=0.5, zero_point=zero_point)
    found = one.pack([-1e3, -0.7, 0.2, 0.3, 1e3])
    assert (found.dtype, found.shape) == (np.dtype(dtype), (1, 5))
    assert found[0].tolist() == stored


def test_unpack_gives_the_real_numbers() -> None:
    one = tensor("int8", width=3, scale=0.5, zero_point=-10)
    found = one.unpack(np.array([[-10, -9, 127]], np.int8))
    assert found.dtype == np.float32
    assert found[0].tolist() == [0, 0.5, 68.5]
    steps = np.arange(-126, 126, dtype=np.int8)[None]
    wide = tensor("int8", width=steps.shape[1], scale=0.013, zero_point=3)
    assert (wide.pack(wide.unpack(steps)) == steps).all()


def test_without_quantization_numbers_stay() -> None:
    one = tensor("float32", width=2)
    assert one.pack([0.1, -7]).tolist() == [[np.float32(0.1), -7]]
    assert one.unpack(np.float32([[0.1, -7]])).tolist() == [[np.float32(0.1), -7]]


def signature(*names: str) -> Signature:
    image = Tensor(name=IMAGE, shape=(1, 4, 6, 3), dtype="uint8", meaning="")
    width = {PATIENT: 20}
    others = (tensor("float32", name, width.get(name, 1)) for name in names)
    return Signature(inputs=(image, *others), outputs=())


def test_a_patient_as_answered_goes_to_three_inputs_by_name() -> None:
    one = signature(SITE, AGE, SEX)  # in whatever order the file has them
    assert (one.takes_answers, one.patient_width, one.height_width) == (True, 3, (4, 6))
    packed = one.pack(np.zeros((4, 6, 3)), np.float32([63, 1, 12]))
    assert {name: packed[name].item() for name in (AGE, SEX, SITE)} == {AGE: 63, SEX: 1, SITE: 12}


def test_an_encoded_patient_goes_to_one() -> None:
    one = signature(PATIENT)
    assert (one.takes_answers, one.patient_width) == (False, 20)
    packed = one.pack(np.full((4, 6, 3), 255.0), np.arange(20, dtype=np.float32))
    assert packed[IMAGE].dtype == np.uint8 and (packed[IMAGE] == 255).all()
    assert packed[PATIENT][0].tolist() == list(range(20))
