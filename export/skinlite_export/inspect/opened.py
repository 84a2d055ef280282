"""`Opened`: a model file that was read, and that runs where it can."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from skinlite.vocabulary import PROBABILITIES
from skinlite_export.inspect.record import InspectedTensor, Inspection

THREADS = min(2, os.cpu_count() or 1)
"""Images that are computed at once, one thread each."""

Arrays = list[NDArray[Any]]


@dataclass
class Opened:
    """See the module.

    Attributes:
        inspection: what was found so far.
        run: the outputs as real numbers, by the inputs as the tensors hold them; both in the
            file's order, batch first; from several threads at once. None where the file doesn't
            run here.
        network: the Keras network, of a Keras file that runs.
        batches: whether any batch goes through `run`, not only the file's own.
    """

    inspection: Inspection
    run: Callable[[Arrays], Arrays] | None = None
    batches: bool = False
    network: Any = None

    @property
    def images(self) -> list[InspectedTensor]:
        """The inputs that can take an image."""
        return [tensor for tensor in self.inspection.inputs if tensor.layout]

    @property
    def scores(self) -> list[int]:
        """Places of the outputs that can be scores of classes."""
        outputs = self.inspection.outputs
        named = [i for i, tensor in enumerate(outputs) if tensor.name == PROBABILITIES]
        return named or [i for i, tensor in enumerate(outputs) if is_vector(tensor)]

    @property
    def single(self) -> bool:
        """Whether one number says it all: how likely the second of two classes is."""
        return [self.inspection.outputs[i].shape[-1] for i in self.scores] == [1]

    def refusal(self) -> str:
        """Why images can't be tried on it, in a sentence; empty: they can."""
        found, images = self.inspection, self.images
        if self.run is None:
            return found.runs or "It can't be run."
        if len(images) != 1:
            return f"It has {len(images)} inputs that could take an image, where one is needed."
        (image,) = images
        if (image.shape[3] if image.layout == "NHWC" else image.shape[1]) != 3:
            return f"{image.name!r} takes grey images, and only colour ones can be tried."
        if image.dtype.startswith("int") and image.quantization is None:
            return (
                f"{image.name!r} is {image.dtype} without a scale: which level stands for which "
                "number isn't in the file. Convert it again, with quantization parameters."
            )
        if is_detector(found):
            return "It looks like an object detector: its outputs are boxes, not classes."
        if not self.scores:
            shapes = ", ".join(
                f"{one.name!r} is {' x '.join('?' if n is None else str(n) for n in one.shape)}"
                for one in found.outputs
            )
            return (
                f"None of its outputs is a row of scores, one for each class ({shapes}), so that "
                "it is no image classifier: an object detector or a segmentation network?"
            )
        if len(self.scores) != 1:
            names = ", ".join(repr(tensor.name) for tensor in found.outputs)
            return (
                f"{len(self.scores)} of its outputs ({names}) could be the scores of classes, "
                "where one is needed. Save it with that one alone."
            )
        scores = found.outputs[self.scores[0]]
        if scores.dtype.startswith(("int", "uint")) and scores.quantization is None:
            return (
                f"{scores.name!r} is {scores.dtype} without a scale: which level stands for which "
                "score isn't in the file. Convert it again, with quantization parameters."
            )
        return ""


def is_vector(tensor: InspectedTensor) -> bool:
    """Whether an output is one row of numbers an image."""
    return len(tensor.shape) > 1 and bool(tensor.shape[-1]) and set(tensor.shape[1:-1]) <= {1}


def is_detector(found: Inspection) -> bool:
    """Whether a file gives boxes: a tensor (batch, boxes, 4), or an operator for them."""
    boxes = any(len(one.shape) == 3 and one.shape[-1] == 4 for one in found.outputs)
    return boxes or any("Detection" in name or "NonMax" in name for name in found.operators)


def concrete(shape: Sequence[int | None], missing: int = 1) -> tuple[int, ...]:
    """A shape without lengths that aren't fixed."""
    return tuple(missing if length is None else length for length in shape)
