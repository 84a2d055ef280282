"""A model file that isn't skinlite's: whether it can be timed, and whether a feed fits it."""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from skinlite.classes import HAM10000
from skinlite.errors import InputError
from skinlite_export.inspect.feeds import size_of
from skinlite_export.inspect.open_model import open_model
from skinlite_export.inspect.opened import Opened
from skinlite_export.inspect.record import Feed, Inspection
from skinlite_export.inspect.scores import USUAL_SIZE
from skinlite_export.runtime.runner import load_runner


@cache
def inspection_of(path: Path, runtime: str, sha256: str) -> Inspection | None:
    """What a file of somebody else's is; None of one that skinlite's own runner takes.

    Args:
        path: .tflite or .onnx.
        runtime: that runs it.
        sha256: of its content, so that a changed file is looked at again.

    Raises:
        InputError: no model, damaged, a part missing, or nothing that can be timed.
    """
    try:
        load_runner(path, runtime=runtime)
    except InputError:
        found = open_model(path).inspection
        if reason := _untimed(found):
            raise InputError(f"{path} can't be timed. {reason}") from None
        return found
    return None


def _untimed(found: Inspection) -> str:
    if found.runs:
        return found.runs
    for tensor in found.inputs:
        try:
            np.dtype(tensor.dtype)
        except TypeError:
            return f"Its input {tensor.name!r} is {tensor.dtype}, which no number can fill."
        if tensor.layout and tensor.shape[0] not in (None, 1):
            return (
                f"{tensor.name!r} takes batches of {tensor.shape[0]}, and what is timed is one "
                "image. Save it with a batch of 1."
            )
    return ""


def check_feed(path: Path, found: Inspection, feed: Feed) -> None:
    """Refuse a feed that can't be this file's.

    Raises:
        InputError: the file can't be fed images, or has another size, layout or number of outputs;
            a class comes twice, or a number is none.
    """
    opened = Opened(found, lambda values: values)
    if reason := opened.refusal():
        raise InputError(f"{path} can't be judged by images. {reason}")
    (image,) = opened.images
    size = size_of(image) or (feed.height, feed.width)
    if (image.layout, size) != (feed.layout, (feed.height, feed.width)):
        raise InputError(
            f"{path} takes {image.layout} images of {_pixels(*size)}, and its feed is "
            f"{feed.layout} of {_pixels(feed.height, feed.width)}: that is another file's. Write "
            "one for it with skinlite inspect."
        )
    if min(size) < 1 or not all(0 < abs(one) < math.inf for one in feed.std or (1,)):
        raise InputError(f"The feed of {path} has a size or a deviation that no image can have.")
    outputs = outputs_of(opened)
    if len(feed.classes) != outputs:
        raise InputError(
            f"{path} has {outputs} outputs, and {len(feed.classes)} classes are named "
            f"({', '.join(feed.classes)}). Name one for each output, in the file's order."
        )
    named = [name for joined in feed.classes for name in joined.split("+") if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise InputError(
            f"The classes of {path} name {', '.join(twice)} twice: each output has its own."
        )


def check_classes(path: Path, feed: Feed, codes: Sequence[str] = HAM10000.codes) -> None:
    """Refuse to judge a file whose classes aren't those of the images.

    Raises:
        InputError: it has other classes, some joined, or more.
    """
    if sorted(feed.classes) != sorted(codes):
        names = ", ".join(name or "(none)" for name in feed.classes)
        raise InputError(
            f"{path} has the classes {names}, and these images {', '.join(codes)}: accuracies of "
            "different classes don't compare. Leave its feed out to measure all but its accuracy."
        )


def notices_on(name: str, file: str, found: Inspection, feed: Feed | None) -> Iterator[str]:
    """What a reader has to know of a file before its figures."""
    made_by = f", made by {found.made_by.rstrip('.')}" if found.made_by else ""
    if feed is None:
        yield f"{name} is somebody else's file ({file}{made_by}); it was timed with random numbers."
    else:
        classes = ", ".join(one or "-" for one in feed.classes)
        yield (
            f"{name} is somebody else's file ({file}{made_by}), fed as declared: {feed.channels} "
            f"{feed.pixels}, {feed.geometry}, {feed.layout}; its outputs are {classes}."
        )
    if any(tensor.layout and size_of(tensor) is None for tensor in found.inputs):
        size = _pixels(feed.height, feed.width) if feed else f"{USUAL_SIZE} px"
        yield f"{name} takes images of any size; it was timed at {size}."
    besides = [repr(tensor.name) for tensor in found.inputs if not tensor.layout]
    if feed and besides:
        yield (
            f"{name} takes {', '.join(besides)} besides the image, which were 0 for its accuracy: "
            "nobody knows their meaning."
        )
    for suspicion in found.suspicions:
        yield f"{name}: {suspicion}"


def outputs_of(opened: Opened) -> int:
    """Classes that its scores stand for: a single output is what it isn't, and what it is."""
    shape = opened.inspection.outputs[opened.scores[0]].shape
    return max(2, math.prod(length or 1 for length in shape[1:]))


def _pixels(height: int, width: int) -> str:
    return f"{height}x{width} px"
