"""What a model file takes and gives: each tensor's name, shape, number format and meaning."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict

from skinlite.vocabulary import AGE, ATTENTION, IMAGE, PATIENT, PROBABILITIES, SEX, SITE

Dtype = Literal["float32", "uint8", "int8", "int32"]

INPUTS = (IMAGE, PATIENT, AGE, SEX, SITE)
OUTPUTS = (PROBABILITIES, ATTENTION)

MEANINGS = {
    IMAGE: "RGB, 0-255, rows top to bottom, see geometry",
    PATIENT: "encoded metadata, in the columns of patient_encoding.json",
    AGE: "years; negative: unknown",
    SEX: "position in the sexes of patient_encoding.json",
    SITE: "position in the localizations of patient_encoding.json",
    PROBABILITIES: "softmax, in the order of labels.txt",
    ATTENTION: "attention map: weights of a coarse grid over the cropped square, rows top to "
    "bottom; divide by the largest to overlay",
}


class Record(BaseModel):
    """Base of the bundle's documents: immutable."""

    model_config = ConfigDict(frozen=True)


class Quantization(Record):
    """real = (stored - zero_point) * scale."""

    scale: float
    zero_point: int


class Tensor(Record):
    """One input or output; a runtime that reads signatures finds it by ``name``.

    Attributes:
        shape: batch first, always 1.
        quantization: of an integer tensor that stands for real numbers.
        meaning: range, order and units of the real numbers, in words.
        raw_name: in the file, for runtimes that read no signatures. None: an older manifest.
        position: among the file's inputs, or its outputs, from 0; files differ in it. None: as
            above.
    """

    name: str
    shape: tuple[int, ...]
    dtype: Dtype
    quantization: Quantization | None = None
    meaning: str
    raw_name: str | None = None
    position: int | None = None

    def pack(self, values: ArrayLike) -> NDArray[Any]:
        """Real numbers as this tensor stores them, in its shape."""
        real = np.asarray(values, np.float32).reshape(self.shape)
        kind = np.dtype(self.dtype)
        if self.quantization is None:
            return real.astype(kind)
        steps = np.rint(real / self.quantization.scale) + self.quantization.zero_point
        limits = np.iinfo(kind)
        return np.clip(steps, limits.min, limits.max).astype(kind)

    def unpack(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """The real numbers of what this tensor stores."""
        real = stored.astype(np.float32)
        if self.quantization is None:
            return real
        return (real - self.quantization.zero_point) * np.float32(self.quantization.scale)


class Signature(Record):
    """The inputs and outputs of one model file.

    The patient is either one tensor, ``patient``, encoded; or three, ``age``, ``sex`` and
    ``site``, as they were answered; or there is none.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def image(self) -> Tensor:
        """The image's tensor."""
        return self.inputs[0]

    @property
    def height_width(self) -> tuple[int, int]:
        """Of the image, in pixels."""
        return self.image.shape[1], self.image.shape[2]

    @property
    def input_order(self) -> str:
        """Names of the inputs as the file has them one after another; empty where not known."""
        return _in_order(self.inputs)

    @property
    def output_order(self) -> str:
        """Of the outputs, likewise."""
        return _in_order(self.outputs)

    @property
    def takes_answers(self) -> bool:
        """Whether the patient goes in as answered, and is encoded inside."""
        return any(tensor.name == AGE for tensor in self.inputs)

    @property
    def patient_width(self) -> int:
        """Numbers that make up a patient: age, sex and site, or the encoded columns; or none."""
        if len(self.inputs) == 1:
            return 0
        return 3 if self.takes_answers else self.inputs[1].shape[1]

    def pack(self, image: ArrayLike, patient: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Every input tensor by name.

        Args:
            image: (H, W, 3), RGB 0-255.
            patient: (patient_width,); see `skinlite.data.patient.PatientEncoder`.
        """
        answers = {AGE: patient[:1], SEX: patient[1:2], SITE: patient[2:3]}
        given = {IMAGE: image, PATIENT: patient, **answers}
        return {tensor.name: tensor.pack(given[tensor.name]) for tensor in self.inputs}


def _in_order(tensors: tuple[Tensor, ...]) -> str:
    placed = [(tensor.position, tensor.name) for tensor in tensors if tensor.position is not None]
    return ", ".join(name for _, name in sorted(placed)) if len(placed) == len(tensors) else ""
