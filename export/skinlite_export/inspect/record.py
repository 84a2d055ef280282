"""What `skinlite inspect` finds, as records: the file, and how it wants to be fed."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from skinlite_export.runtime.signature import Quantization, Record

SCHEMA_VERSION: Literal[1] = 1

Pixels = Literal["0-255", "0-1", "-1..1", "imagenet", "caffe", "z-score", "z-score-data"]
Channels = Literal["RGB", "BGR"]
Geometry = Literal["crop", "stretch"]
Scores = Literal["probabilities", "sigmoid", "logits", "unknown"]


class InspectedTensor(Record):
    """One input or output of a file.

    Attributes:
        name: in the signature where there is one, else the tensor's own.
        shape: batch first; None: a length that isn't fixed.
        dtype: as NumPy calls it.
        layout: of an image, ``NHWC`` or ``NCHW``; empty of anything else.
        quantization: of a tensor with one scale.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    layout: Literal["NHWC", "NCHW", ""] = ""
    quantization: Quantization | None = None

    @property
    def unscaled(self) -> bool:
        """Whether it is int8 or uint8, and which level stands for which number isn't known."""
        return self.dtype in ("int8", "uint8") and self.quantization is None

    def store(self, real: ArrayLike) -> NDArray[Any]:
        """Real numbers as the tensor holds them: through its scale, rounded and cut off."""
        values, kind = np.asarray(real, np.float32), np.dtype(self.dtype)
        if kind.kind not in "iu":
            return values.astype(kind)
        if self.quantization:
            values = values / self.quantization.scale + self.quantization.zero_point
        limits = np.iinfo(kind)
        return np.clip(np.rint(values), limits.min, limits.max).astype(kind)

    def read(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """The real numbers of what the tensor holds."""
        values = stored.astype(np.float32)
        if self.quantization is None:
            return values
        return (values - self.quantization.zero_point) * np.float32(self.quantization.scale)


class Margin(Record):
    """How much more one hypothesis tells of the labels than another, in nats an image.

    Attributes:
        low: of the 95 % bootstrap interval over lesions.
        images: that both were tried on.
    """

    nats: float
    low: float
    high: float
    images: int


class Choice(Record):
    """One part of a feed.

    Attributes:
        value: that tells most.
        told: whether it beats the runner-up beyond doubt: the margin's interval is above 0.
        runner_up: the other value that comes nearest; empty: there is none.
        same: values with which the file predicts the same, so that they are no rivals.
    """

    value: str
    told: bool
    runner_up: str = ""
    margin: Margin | None = None
    same: tuple[str, ...] = ()


class ClassChoice(Choice):
    """Which output is a label's.

    Attributes:
        label: of the data.
        output: its place, from 0; None where no output speaks for the label.
    """

    label: str
    output: int | None


class Feed(Record):
    """How to feed a file: for apps, and for a benchmark of that file.

    Attributes:
        pixels: name of the range.
        mean: RGB, of levels 0-255: a value is (level - mean) / std. None: each image's own.
        std: likewise.
        channels: order of the colours.
        layout: order of the axes.
        geometry: ``crop``: `skinlite.data.preprocessing.fit`; ``stretch``: `stretch` there.
        antialias: whether the resize averages, as Pillow's does, in place of their sampling.
        height: rows of the image, pixels.
        width: columns.
        classes: by output; several labels of one output are joined by ``+``; empty: no label of
            the data. A single output counts as two: what it isn't, and what it is.
        logits: whether the outputs become probabilities by softmax (a single one by the logistic
            function).
        untold: parts that made no difference that could be told.
        sha256: of the file that is fed so; empty: it doesn't say.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    pixels: Pixels
    mean: tuple[float, float, float] | None
    std: tuple[float, float, float] | None
    channels: Channels
    layout: Literal["NHWC", "NCHW"]
    geometry: Geometry
    antialias: bool
    height: int
    width: int
    classes: tuple[str, ...]
    logits: bool
    untold: tuple[str, ...] = ()
    sha256: str = ""


class Finding(Record):
    """How a file wants to be fed, by labelled images.

    Attributes:
        feed: the best hypothesis.
        information: that the predictions give of the labels, nats an image; at most the logarithm
            of the number of labels.
        chance: what labels drawn by lot reach once in a thousand.
        labels: of the data.
        images: tried, at most one a lesion.
        every: whether these were all that there are, also for what came near: more can't tell.
        pixels, channels, geometry, antialias: see `Choice`.
        classes: a choice for each label.
        notes: what to think of it, a sentence each.
    """

    feed: Feed
    information: Margin
    chance: float
    labels: tuple[str, ...]
    images: int
    every: bool
    pixels: Choice
    channels: Choice
    geometry: Choice
    antialias: Choice
    classes: tuple[ClassChoice, ...]
    notes: tuple[str, ...] = ()

    @property
    def untold(self) -> tuple[str, ...]:
        """What can't be told and must be known to feed the file; the resizing may stay open."""
        parts = [name for name in ("pixels", "channels") if not getattr(self, name).told]
        return (*parts, *(f"class {one.label}" for one in self.classes if not one.told))

    @property
    def remedy(self) -> str:
        """What to do where something can't be told, in a sentence or two."""
        if self.every:
            return (
                f"All {self.images} images that count were tried, one a lesion, or a patient where "
                "lesions aren't known. Give others: of more lesions, or more like those that the "
                "file was trained on."
            )
        return (
            "Try more with `images`, or images that are more like those that the file was trained "
            "on."
        )


class Inspection(Record):
    """A model file.

    Attributes:
        format: tflite, onnx, keras, h5 or saved_model.
        sha256: of the file's content, or of a folder's files.
        made_by: program and version, where the file says.
        operators: of the first graph, or layers of a Keras file; with counts.
        number_formats: of the operators' results, with counts.
        float_islands: operators that compute in float in a file that mostly doesn't.
        partitions: pieces that XNNPACK takes; None where unknown.
        macs: multiply-accumulates of an image; None where unknown.
        parameters: numbers that make up the weights; None where unknown.
        metadata: what the file says of itself, by key.
        runs: empty, or why the file can't be run here.
        scores: what the outputs are, by the predictions for a few images.
        suspicions: a sentence each.
        finding: of labelled images.
        refused: why there is no finding.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    file: str
    format: Literal["tflite", "onnx", "keras", "h5", "saved_model"]
    bytes: int
    sha256: str = ""
    made_by: str = ""
    signatures: tuple[str, ...] = ()
    inputs: tuple[InspectedTensor, ...] = ()
    outputs: tuple[InspectedTensor, ...] = ()
    operators: dict[str, int] = Field(default_factory=dict)
    number_formats: dict[str, int] = Field(default_factory=dict)
    float_islands: dict[str, int] = Field(default_factory=dict)
    partitions: int | None = None
    macs: int | None = None
    parameters: int | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    runs: str = ""
    scores: Scores = "unknown"
    suspicions: tuple[str, ...] = ()
    finding: Finding | None = None
    refused: str = ""


def layout_of(shape: tuple[int | None, ...]) -> Literal["NHWC", "NCHW", ""]:
    """Of a tensor that can hold an image of 1 or 3 channels; empty of any other."""
    if len(shape) != 4:
        return ""
    return "NHWC" if shape[3] in (1, 3) else "NCHW" if shape[1] in (1, 3) else ""
