"""Whether an image's activations leave the ranges that an int8 file was calibrated for.

A value outside of its tensor's range is stored as the end of it. So the file itself tells: the
share of an image's int8 values that lie at an end. Some always do, for the ranges are of least
squared error and cut a little; an image has left them if more of its values do than of 95 % of
the images that are as they should be.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import Pixels
from skinlite_export.runtime.litert import SIGNATURE, LiteRTRunner, open_interpreter
from skinlite_export.tflite.execution_plan import executed_operators

ENDS = (-128, 127)
BOUNDS = (-0.375, 0.0, 1.0, 6.0)
"""Of hard swish, ReLU, sigmoid, softmax and ReLU6: what lies there lies there in float, too."""

USUAL = 0.95
"""Share of the images as they are that are called within the ranges."""


class Saturation:
    """Reads every int8 activation of a .tflite.

    Attributes:
        watched: tensors that are read; 0 where nothing is in int8.
    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            InputError: it isn't one of ours.
        """
        self._signature = LiteRTRunner(path).signature
        self._interpreter = open_interpreter(path.read_bytes())
        inputs = self._interpreter.get_signature_runner(SIGNATURE).get_input_details()
        self._inputs = {name: detail["index"] for name, detail in inputs.items()}
        self._ends = dict(_ends(self._interpreter))

    @property
    def watched(self) -> int:
        """See the class."""
        return len(self._ends)

    def __call__(self, image: Pixels, patient: NDArray[np.float32]) -> float:
        """Share of values (0-1) at an end of their tensor's range, as a mean over tensors.

        Args:
            image: (H, W, 3), levels 0-255 of the image tensor.
            patient: (patient_width,) as the file takes it.
        """
        for name, value in self._signature.pack(image, patient).items():
            self._interpreter.set_tensor(self._inputs[name], value)
        self._interpreter.invoke()
        return float(
            np.mean(
                [
                    np.isin(self._interpreter.get_tensor(index), ends).mean()
                    for index, ends in self._ends.items()
                ]
            )
        )


def _ends(interpreter: Any) -> Iterator[tuple[int, list[int]]]:
    """By tensor, the int8 values that stand for what is outside of its range, too."""
    tensors = {one["index"]: one for one in interpreter.get_tensor_details()}
    given = {one["index"] for one in interpreter.get_input_details()}
    for operator in executed_operators(interpreter):
        if given.issuperset(operator["inputs"]):
            given.update(operator["outputs"])  # the inputs once more, no activation
            continue
        for index in operator["outputs"]:
            tensor = tensors.get(index)
            if tensor is None or tensor["dtype"] is not np.int8:
                continue
            scale, zero = tensor["quantization"]
            ends = [end for end in ENDS if not _is_bound((end - zero) * scale, scale)]
            if scale and ends:
                yield index, ends


def _is_bound(value: float, scale: float) -> bool:
    return any(abs(value - bound) <= scale / 2 for bound in BOUNDS)
