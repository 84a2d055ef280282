"""What is known of a run, and the names of its files.

    model.keras            the best epoch's model        config.json   `RunInfo`
    patient_encoding.json  the patient encoder           split.csv     image_id, lesion_id, split
    history.csv            one row an epoch              metrics.json  `RunMetrics`
    teacher.csv            what its teacher answers, where it had one
    checkpoint/            only where the training can go on

``config.json`` is written last and names the others' hashes, so that a file from elsewhere is told.
An adopted network (`skinlite_export.adopt`) has no settings and no history, and no
patient_encoding.json, because it takes no patient. What was made slim of one has both: what is
known of the network that it was, and settings and history of what it learned since.

Format history: 1 (0.1.0) first; later fields have defaults that mean what was so before. Without
``files`` it is unknown whether ``model.keras`` is the network that ``config.json`` describes.
"""

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from skinlite.classes import HAM10000, ClassList
from skinlite.data.preprocessing import Shaping
from skinlite.data.splits.split_protocols import SplitInfo
from skinlite.errors import InputError
from skinlite.evaluation.metrics import Metrics
from skinlite.models.adopted import Adopted
from skinlite.training.config import TrainConfig

MODEL, ENCODING, SPLIT = "model.keras", "patient_encoding.json", "split.csv"
HISTORY, METRICS = "history.csv", "metrics.json"
TEACHER = "teacher.csv"
"""Probabilities of the teacher for the images of validation and test: image_id, and the classes."""
PLOTTED = ["epoch", "loss", "validation_accuracy", "validation_balanced_accuracy"]
"""Columns of the history, of which every version wrote these."""
CONFIG, CHECKPOINT, STATE = "config.json", "checkpoint", "state.json"
NAMES = {MODEL, ENCODING, SPLIT, HISTORY, METRICS, TEACHER, CONFIG, CHECKPOINT}
"""Of what a run folder holds; names of temporary files begin with a dot."""
PARTIAL = ".partial"
"""The ending of a folder that is being written."""

Status = Literal["complete", "interrupted", "diverged", "untrained"]
"""``diverged``: the loss became NaN; the model is the best one from before."""


class Network(NamedTuple):
    """What kind of network a run has.

    Attributes:
        backbone: its name; of an adopted network that of the file.
        topology: ``paper``, ``released`` or ``adopted``.
        width: of the backbone's channels (MobileNet's alpha).
        image_size: height and width, pixels.
        shaping: how images get that size, see `skinlite.data.preprocessing.shape`.
        slim: of a network whose channels were cut: the share of its teacher's cycles that was
            asked for. Its channels aren't those of the backbone at this width.
    """

    backbone: str
    topology: str
    width: float
    image_size: int
    shaping: Shaping = "crop"
    slim: float | None = None


class RunInfo(BaseModel):
    """What is known of a run: settings, state, data, versions and files.

    Attributes:
        config: settings of the training; None of a network that was adopted and left as it was.
        adopted: what is known of such a network, or of the one whose channels were cut.
        classes: of the probabilities, in order.
        label_column: of the data set's table; None where its layout says which.
        label_map: class by label of that table, where a mapping file said it.
        metadata_columns: of that table, see `skinlite.data.dataset.Dataset`.
        files: SHA-256 of the run's other files, by name, as the training left them.
        structure: see `skinlite.training.runs.identity.structure_of`; of ``model.keras``.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    status: Status
    config: TrainConfig | None = None
    adopted: Adopted | None = None
    epochs_done: int
    best_epoch: int | None
    data: str
    pictures: int
    synthetic: bool
    classes: ClassList = HAM10000
    label_column: str | None = None
    label_map: dict[str, str] | None = None
    metadata_columns: tuple[str, ...] = Field((), exclude_if=lambda names: not names)
    split: SplitInfo = SplitInfo()
    versions: dict[str, str]
    files: dict[str, str] = {}
    structure: str | None = None

    @model_validator(mode="after")
    def _has_an_origin(self) -> "RunInfo":
        slim = self.config is not None and self.config.slimming is not None
        if self.config is None and self.adopted is None:
            raise ValueError("config or adopted has to be there")
        if self.config and self.adopted and not slim:
            raise ValueError("an adopted network has no config unless it was made slim")
        return self

    @property
    def network(self) -> Network:
        """The network that was trained or adopted."""
        slimming = self.config.slimming if self.config else None
        slim = slimming.cycles if slimming else None
        if self.adopted:
            own = self.adopted
            return Network(own.name, "adopted", 1.0, own.image_size, own.geometry, slim)
        config = self.settings
        return Network(config.backbone, config.topology, config.width, config.image_size, slim=slim)

    @property
    def settings(self) -> TrainConfig:
        """The settings of the training.

        Raises:
            InputError: the network was adopted, so that they aren't known.
        """
        if self.config is None:
            raise InputError(
                "This run was adopted: skinlite didn't train it and doesn't know with which "
                "settings it was trained. Give a run of skinlite train."
            )
        return self.config

    @property
    def trained(self) -> bool:
        """Whether an epoch was finished, here or by who trained an adopted network."""
        if self.status == "interrupted":
            return self.epochs_done > 0
        return self.status != "untrained"

    @property
    def names_network(self) -> bool:
        """Whether it can be told of a ``model.keras`` if it is this run's."""
        return MODEL in self.files


class RunMetrics(BaseModel):
    """``metrics.json``: the best epoch's model on the images it was not trained on."""

    model_config = ConfigDict(frozen=True)

    split: SplitInfo = SplitInfo()
    validation: Metrics
    test: Metrics
