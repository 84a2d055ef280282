"""`Manifest`: what a bundle holds, what it takes and gives, and the proof of what it kept.

Its JSON Schema is published as ``schemas/manifest.schema.json`` (`skinlite_export.schemas`).

Format history: 1 first; 2 a signature for each model file, with number formats, and the geometry
in parts that a program can read. Since then tensors may tell their raw name and their place in the
file, and the geometry how a JPEG is decoded; a manifest without them is read as before. Without
``malignant``, ``critical`` and ``isic_columns`` the classes are HAM10000's seven. Without
``decision`` there are probabilities alone.
"""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import model_validator

from skinlite.classes import HAM10000, ClassList
from skinlite.data.preprocessing import FRAME, Shaping
from skinlite.data.splits.leaks import OLDER, Leaks
from skinlite.models.adopted import Adopted
from skinlite.training.config import TrainConfig
from skinlite_export.manifest.decision import Decision
from skinlite_export.manifest.measured import (
    Audit,
    Calibration,
    DepthError,
    Gate,
    LayerError,
    Search,
    Temperature,
    Verification,
)
from skinlite_export.manifest.provenance import Data
from skinlite_export.recipe import Gates, Recipe
from skinlite_export.runtime.signature import Record, Signature

Status = Literal["accepted", "rejected", "ungated"]


def status_of(judged: Iterable[Gate], search: Search | None, gates: Gates | None) -> Status:
    """What the measured gates make of a bundle."""
    if gates is None:
        return "ungated"
    held = not any(gate.fails for gate in judged) and (search is None or search.found)
    return "accepted" if held else "rejected"


class FileEntry(Record):
    """One file of the bundle."""

    sha256: str
    bytes: int


class Geometry(Record):
    """How an image becomes the pixels of the image tensor, height x width.

    Attributes:
        idct: of a JPEG: libjpeg's accurate integer one (``JDCT_ISLOW``).
        chroma_upsampling: of a JPEG whose colours are halved: libjpeg's triangle filter.
        color: levels as they are stored; neither an ICC profile nor a gamma is applied.
        orientation: upright, as the image's EXIF orientation says.
        crop: of the largest region with the aspect height : width, positions rounded down;
            ``none``: the whole image is resized, whatever its aspect.
        frame: rows and columns. A crop with more of either is first averaged by area until it
            fits, its aspect kept.
        resize: of the crop to height x width.
        half_pixel_centers: source = (target + 0.5) * scale - 0.5, held to the image.
        antialias: nothing is blurred before.
        rounding: of the levels, which are whole numbers 0-255.
    """

    channels: Literal["RGB"] = "RGB"
    idct: Literal["accurate_integer"] = "accurate_integer"
    chroma_upsampling: Literal["fancy"] = "fancy"
    color: Literal["as_stored"] = "as_stored"
    orientation: Literal["exif"] = "exif"
    crop: Literal["centre", "none"] = "centre"
    frame: tuple[int, int] = FRAME
    reduce: Literal["area"] = "area"
    resize: Literal["bilinear"] = "bilinear"
    half_pixel_centers: Literal[True] = True
    antialias: Literal[False] = False
    rounding: Literal["nearest"] = "nearest"

    @classmethod
    def of(cls, shaping: Shaping) -> "Geometry":
        """The geometry of a run's images."""
        return cls(crop="centre" if shaping == "crop" else "none")

    @property
    def shaping(self) -> Shaping:
        """How images get their size."""
        return "crop" if self.crop == "centre" else "stretch"


class Source(Record):
    """The run that was exported.

    Attributes:
        width: of the backbone's channels (MobileNet's alpha).
        slim: of a network whose channels were cut: the share of its teacher's modelled cycles that
            was asked for (``training.slimming`` has what is left).
        trained: False for an initialised network (latency work): its answers mean nothing.
        synthetic: True when it was trained on generated images.
        adopted: what is known of a network that skinlite didn't train.
        network_proven: that the network is the one which the run's settings, split and scores are
            about; False where the run kept no hash of it, so that it is unknown.
    """

    backbone: str
    topology: str
    width: float = 1.0
    slim: float | None = None
    image_size: int
    trained: bool
    synthetic: bool
    epochs: int
    parameters: int
    model_sha256: str
    network_proven: bool = False
    adopted: Adopted | None = None

    @property
    def name(self) -> str:
        """Of the network: its backbone, size, and how slim it is."""
        slim = "" if self.slim is None else f"-slim{self.slim:g}"
        return f"{self.backbone}-{self.image_size}px{slim}"


class About(Record):
    """What the model is; its files say the same of themselves (`skinlite_export.metadata`).

    Attributes:
        name: backbone and image size. Number formats are the tensors', so that bundles of one run
            have one and the same float32 .onnx.
        version: start of the Keras model's SHA-256.
        author: as `Recipe.author` states it.
        license: of the model, as `Recipe.license` states it.
    """

    name: str
    version: str
    description: str
    author: str
    license: str


class Manifest(Record):
    """The contract of a bundle.

    ``status`` is ``accepted`` when every gate held, ``rejected`` when one did not or the search
    for layers in float gave up, ``ungated`` when none was asked for.

    Attributes:
        signatures: by model file.
        training: its settings.
        data: the images that it was trained and judged on.
        classes: long names by code, in the order of the probabilities.
        malignant: codes of the classes that are known to be malignant.
        critical: code of the class whose recall the gates protect; None where none is known.
        decision: how an app decides; None of an untrained network, and of older versions.
        isic_columns: by code, the columns of an ISIC challenge's table, in its order.
        files: every other file of the bundle.
    """

    schema_version: Literal[2] = 2
    status: Status
    notice: str
    about: About
    source: Source
    training: TrainConfig | None = None
    data: Data | None = None
    recipe: Recipe
    signatures: dict[str, Signature]
    classes: dict[str, str]
    malignant: tuple[str, ...] = HAM10000.malignant
    critical: str | None = HAM10000.critical
    isic_columns: dict[str, str] = HAM10000.isic_columns
    geometry: Geometry
    calibration: Calibration | None
    audit: Audit
    verification: Verification
    temperature: Temperature | None = None
    decision: Decision | None = None
    layer_errors: tuple[LayerError, ...] | None = None
    error_by_depth: tuple[DepthError, ...] | None = None
    error_by_depth_onnx: tuple[DepthError, ...] | None = None
    search: Search | None = None
    versions: dict[str, str]
    files: dict[str, FileEntry]

    @model_validator(mode="after")
    def _classes_are_a_list(self) -> Self:
        if self.isic_columns.keys() - self.classes.keys():
            raise ValueError("isic_columns are of other classes")
        if self.decision:
            self.decision.check(self.classes)
        assert self.class_list  # raises where malignant or critical is none of the classes
        return self

    @property
    def class_list(self) -> ClassList:
        """The classes, in the order of the probabilities."""
        return ClassList(names=self.classes, malignant=self.malignant, critical=self.critical)

    @property
    def gates(self) -> list[Gate]:
        """Every gate: of the scores, also against a teacher, and of the operating points."""
        return self.verification.every_gate + (self.decision.gates if self.decision else [])

    @property
    def leaks(self) -> Leaks:
        """What is known of lesions that judge and were trained or selected on."""
        return OLDER if self.data is None else self.data.split.leaks
