"""`Adopted`: what is known of a network that another program trained, and what isn't."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from skinlite.data.preprocessing import Shaping


class Adopted(BaseModel):
    """A foreign network, and how its file wanted to be fed: that is in the graph now.

    Attributes:
        name: of the file without its suffix; letters, digits, ``-`` and ``_``.
        file: name of the file.
        sha256: of the file.
        made_by: program and version, where the file says.
        image_size: height and width that it takes, pixels.
        pixels: name of the range that it takes (`skinlite_export.inspect.feeds.RANGES`).
        mean: RGB, of levels 0-255: it takes (level - mean) / std. None: each image's own.
        std: likewise.
        channels: order of the colours that it takes.
        geometry: whether its images are cropped or stretched to their size.
        classes: its outputs in the file's order.
        logits: whether a softmax was put behind it.
        images: labelled ones that the feed was tried on.
        information: nats an image that its predictions tell of the labels: low end of the 95 %
            interval, and value.
        split: ``file``: somebody named the images that trained it. ``unknown``: nobody did, so that
            any image of any data set may have.
        author: as stated; empty: not stated.
        license: likewise.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    file: str
    sha256: str
    made_by: str
    image_size: int
    pixels: str
    mean: tuple[float, float, float] | None
    std: tuple[float, float, float] | None
    channels: Literal["RGB", "BGR"]
    geometry: Shaping
    classes: tuple[str, ...]
    logits: bool
    images: int
    information: tuple[float, float]
    split: Literal["file", "unknown"]
    author: str = ""
    license: str = ""

    @property
    def known(self) -> str:
        """What is known of its training, in a sentence."""
        if self.split == "file":
            return (
                "adopted: skinlite didn't train it. Which images trained it is what the split file "
                "says that was handed in; settings and augmentation are unknown"
            )
        return (
            "adopted: skinlite didn't train it. UNKNOWN which images trained it: those that judge "
            "may have, so that no accuracy here is held-out; settings and augmentation are unknown"
        )
