"""What a foreign file and its declared feed have to be, a sentence for each that isn't."""

from collections.abc import Sequence
from pathlib import Path

from skinlite.errors import InputError
from skinlite_export.inspect.feeds import RANGES
from skinlite_export.inspect.opened import Opened
from skinlite_export.inspect.record import Choice, Finding

AUTO = "auto"
FEWEST_PIXELS, MOST_PIXELS = 16, 1024


def check_file(path: Path, opened: Opened, codes: Sequence[str]) -> int:
    """Refuse what isn't a classifier of one square image and so many classes.

    Returns:
        Height and width of its image, pixels.
    """
    found = opened.inspection
    if found.format == "tflite":
        raise InputError(
            f"{path} is a .tflite: what is adopted are Keras networks (.keras, .h5, SavedModels "
            "of Keras 2) and .onnx files of PyTorch, from which skinlite makes .tflite and .onnx. "
            "skinlite inspect and skinlite benchmark take it as it is."
        )
    if reason := opened.refusal():
        raise InputError(f"{path} can't be adopted. {reason}")
    others = [tensor.name for tensor in found.inputs if not tensor.layout]
    if others:
        raise InputError(
            f"{path} takes {', '.join(others)} beside the image: only networks that take an image "
            "alone can be adopted."
        )
    if len(found.outputs) != 1:
        raise InputError(
            f"{path} gives {len(found.outputs)} outputs; one is needed, the scores of the classes."
        )
    (image,), (scores,) = opened.images, found.outputs
    _, *sizes = image.shape
    if (image.layout == "NCHW") != (found.format == "onnx"):
        raise InputError(
            f"{path} takes its image as {image.layout}. Of Keras networks those are adopted that "
            "take channels last (NHWC), of .onnx files those that take them first, as PyTorch "
            "writes them. If an .onnx was made of a Keras network, adopt that."
        )
    height, width = sizes[1:] if image.layout == "NCHW" else sizes[:2]
    if not height or height != width or not FEWEST_PIXELS <= height <= MOST_PIXELS:
        size = " x ".join("?" if length is None else str(length) for length in (height, width))
        raise InputError(
            f"{path} takes images of {size} pixels. A run has square images of one size, "
            f"{FEWEST_PIXELS} to {MOST_PIXELS} pixels."
        )
    single = scores.shape[-1] == 1  # it says how likely the second of two classes is
    if scores.shape[-1] != len(codes) and not (single and len(codes) == 2):
        raise InputError(
            f"{path} gives {scores.shape[-1]} numbers an image, and the labelled images have "
            f"{len(codes)} classes: {', '.join(codes)}. Give images that are labelled with the "
            "classes that trained it (`data`, `label_column`)."
        )
    if found.scores == "sigmoid" and not single:
        raise InputError(
            f"{path} gives numbers between 0 and 1 that don't sum to 1, as independent sigmoids "
            "do. What is adopted gives probabilities of classes, or logits."
        )
    return height


def check_declared(
    classes: Sequence[str] | None,
    pixels: str,
    channels: str,
    geometry: str,
    codes: Sequence[str],
) -> None:
    """Refuse declarations that mean nothing."""
    known = {
        "pixels": (pixels, (AUTO, *RANGES)),
        "channels": (channels, (AUTO, "RGB", "BGR")),
        "geometry": (geometry, (AUTO, "crop", "stretch")),
    }
    for name, (value, values) in known.items():
        if value not in values:
            raise InputError(f"`{name}={value!r}`: give one of {', '.join(values)}.")
    if classes is None:
        return
    for name in classes:
        if classes.count(name) > 1:
            raise InputError(f"`classes` has {name!r} twice.")
        if name not in codes:
            raise InputError(
                f"`classes`: {name!r} is none of {', '.join(codes)}, the labels of the images. "
                "Give images that are labelled with its classes (`data`, `label_column`)."
            )
    if len(classes) != len(codes):
        missing = [name for name in codes if name not in classes]
        raise InputError(f"`classes` lacks {', '.join(missing)}.")


def settled(name: str, declared: str, finding: Finding, may_be_open: bool = False) -> str:
    """A part of the feed: what was declared, if labelled images say so too; or what they say.

    Args:
        name: of the part.
        declared: or `AUTO`.
        finding: what the images say.
        may_be_open: whether it matters little where they can't tell.

    Raises:
        InputError: they say otherwise, or can't tell.
    """
    choice: Choice = getattr(finding, name)
    differs = declared not in (AUTO, choice.value, *choice.same)
    if differs and (choice.told or not may_be_open):
        ahead = ""
        if choice.margin:
            margin = choice.margin
            ahead = f", ahead by {margin.nats:.2f} nats [{margin.low:.2f}, {margin.high:.2f}]"
        raise InputError(
            f"`{name}={declared!r}` isn't how this network wants its images: labelled ones say "
            f"{choice.value}{ahead}. Give that, or leave `{name}` out."
        )
    if not choice.told and not may_be_open:
        rival = f" against {choice.runner_up}" if choice.runner_up else ""
        raise InputError(
            f"Which {name} this network takes can't be told by these labelled images: "
            f"{choice.value}{rival}. {finding.remedy}"
        )
    return choice.value if declared == AUTO else declared


def settled_classes(
    declared: Sequence[str] | None, finding: Finding, codes: Sequence[str]
) -> tuple[str, ...]:
    """The classes by output, likewise.

    Raises:
        InputError: labelled images say otherwise, can't tell, or lack a class.
    """
    found = {one.label: one for one in finding.classes}
    if missing := [name for name in codes if name not in found]:
        raise InputError(
            f"The labelled images have to be of every class: they lack {', '.join(missing)}."
        )
    doubtful = [name for name, one in found.items() if not one.told]
    if doubtful:
        raise InputError(
            f"Which outputs are {', '.join(doubtful)} can't be told by these labelled images. "
            f"{finding.remedy}"
        )
    if declared is not None:
        wrong = [name for name in codes if found[name].output != list(declared).index(name)]
        if wrong:
            raise InputError(
                f"`classes` isn't the order of the outputs: labelled images say "
                f"{','.join(finding.feed.classes)}. Give that, or leave `classes` out."
            )
    return finding.feed.classes
