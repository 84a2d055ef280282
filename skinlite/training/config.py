"""`TrainConfig`: everything that decides what a training computes, its presets and regimes."""

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

Preset = Literal["default", "paper", "transfer"]
"""``default`` trains from scratch on two cores; ``paper`` is the paper's protocol (3.1.1);
``transfer`` starts from weights of another task, at first with a frozen backbone."""

Regime = Literal["both", "metadata", "augmented"]
"""What the network learns from. The paper compares two: ``metadata`` (patient and weighted loss,
images as they are) and ``augmented`` (images varied, neither patient nor weights); ``both`` has
all of it."""

_PRESETS: dict[str, dict[str, Any]] = {
    "paper": {
        "regime": "metadata",
        "weights": "imagenet",
        "epochs": 250,
        "batch_size": 32,
        "learning_rate": 1e-3,
        "epsilon": 0.1,
        "weight_decay": 0.0,
        "clip_norm": None,
        "schedule": "plateau",
        "warmup_steps": 0,
        "class_weight_power": 1.0,
        "answer_dropout": 0.0,
        "batch_norm_momentum": None,
        "monitor": "accuracy",
        "patience": 25,
        # The paper names rotation, shift, zoom and flips without their ranges, and no brightness.
        "zoom": 0.1,
        "shift": 0.1,
        "brightness": 0.0,
    },
    "transfer": {
        "epochs": 28,
        "freeze": True,
        "unfreeze_epochs": 8,
        "learning_rate": 7e-4,
        "lower_rate": 0.5,
    },
}

_REGIMES: dict[str, dict[str, Any]] = {
    "augmented": {"class_weight_power": 0.0, "answer_dropout": 0.0, "epoch_pictures": 18_015}
}


class Teacher(BaseModel):
    """A run that a network learns from.

    Attributes:
        name: of its folder.
        network: its backbone; of an adopted network its name.
        model_sha256: of its ``model.keras``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    network: str
    model_sha256: str


class Slimming(BaseModel):
    """How the channels of the teacher were cut; what is left is in ``model.keras``.

    Attributes:
        cycles: of the teacher's modelled cycles (int8, Cortex-A76), what was asked for.
        importance: what decided which channels go.
        tried: balanced accuracy on the validation split, by what was tried to decide it, after the
            first step and before any training.
        steps: in how many steps they went, each at the beginning of an epoch.
        before: modelled cycles of the teacher.
        after: modelled cycles of what is left.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cycles: float = Field(gt=0, lt=1)
    importance: Literal["taylor", "batch-norm", "random"]
    tried: dict[str, float] = {}
    steps: int = Field(1, ge=1)
    before: int
    after: int


class TrainConfig(BaseModel):
    """Settings of one training; saved with the run. Fields that aren't given come from the preset,
    then from the regime. The fields' own defaults are the
    preset ``default``: AdamW with a linear warm-up and a cosine decay to zero.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Preset = "default"
    regime: Regime = "both"
    backbone: str = "mobilenet_v3_large"
    topology: Literal["paper", "released", "adopted"] = Field(
        "paper", description="adopted: of a network that is made slim, and is no backbone here"
    )
    image_size: int = Field(224, le=1024, description="height and width, pixels")
    width: float = Field(1.0, gt=0, le=4, description="multiplies the backbone's channels")
    weights: str = "none"
    epochs: int = Field(30, ge=0)
    epoch_pictures: int | None = Field(
        None, ge=1, description="images in an epoch; default: every training image once"
    )
    batch_size: int = Field(64, ge=1)
    learning_rate: float = Field(2e-3, gt=0)
    epsilon: float = Field(1e-7, gt=0, description="of Adam")
    weight_decay: float = Field(0.05, ge=0, description="decoupled (AdamW); 0 is Adam")
    clip_norm: float | None = Field(5.0, gt=0)
    schedule: Literal["cosine", "plateau"] = "cosine"
    warmup_steps: int = Field(200, ge=0, description="of the cosine")
    plateau_patience: int = Field(
        10, ge=1, description="epochs before the plateau's next rate; the paper gives none"
    )
    class_weight_power: float = Field(
        0.75, ge=0, le=1, description="1 is the paper's W_c = N / (C N_c); 0 is unweighted"
    )
    batch_norm_momentum: float | None = Field(
        0.95, gt=0, lt=1, description="default: the backbone's own"
    )
    answer_dropout: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="probability that a metadata value is replaced by unknown in training",
    )
    zoom: float = Field(0.15, ge=0, lt=1, description="see Augment, like the next two")
    shift: float = Field(0.08, ge=0, lt=1)
    brightness: float = Field(0.15, ge=0, lt=1)
    freeze: bool = Field(
        False, description="keep the backbone as it is and train the head, on cached feature maps"
    )
    unfreeze_epochs: int = Field(
        0, ge=0, description="of a frozen backbone: the last epochs, in which it is trained too"
    )
    lower_rate: float = Field(
        1.0,
        gt=0,
        le=1,
        description="multiplies the learning rate of a backbone's layers for each halving of the "
        "resolution between them and the feature map",
    )
    teacher: Teacher | None = Field(None, description="run that it learns from, besides the labels")
    teacher_share: float = Field(
        0.5, ge=0, le=1, description="of the teacher's probabilities in the loss; labels: the rest"
    )
    teacher_temperature: float = Field(2.0, gt=0, description="softens their probabilities")
    teacher_features: float = Field(
        1.0, ge=0, description="weight of the similarities of feature maps, before Soft-Attention"
    )
    slimming: Slimming | None = Field(
        None, description="of the teacher's channels, by skinlite slim"
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    monitor: Literal["accuracy", "balanced_accuracy"] = Field(
        "balanced_accuracy", description="of the validation split: decides the best epoch"
    )
    patience: int = Field(12, ge=1, description="epochs without a better score")
    seed: int = Field(0, ge=0, lt=2**32)

    @property
    def own_topology(self) -> Literal["paper", "released"]:
        """The topology of a network that skinlite builds: an adopted one is only made slim."""
        assert self.topology != "adopted"
        return self.topology

    @property
    def augments(self) -> bool:
        """Whether images are augmented."""
        return self.regime != "metadata"

    @property
    def asks_patient(self) -> bool:
        """Whether the network learns from the metadata."""
        return self.regime != "augmented"

    @property
    def frozen_epochs(self) -> int:
        """The number of epochs, at the beginning, with a frozen backbone."""
        return self.epochs - self.unfreeze_epochs if self.freeze else 0

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if given.get("keep_batch_norm") is False:  # of some unreleased versions; nothing read it
            given = {name: value for name, value in given.items() if name != "keep_batch_norm"}
        preset = _PRESETS.get(str(given.get("preset")), {})
        regime = _REGIMES.get(str(given.get("regime", preset.get("regime"))), {})
        return preset | regime | given

    @model_validator(mode="after")
    def _regime_holds(self) -> "TrainConfig":
        if self.regime == "augmented" and (self.class_weight_power or self.answer_dropout):
            raise ValueError(
                "the regime augmented has neither class weights nor metadata: leave "
                "class_weight_power and answer_dropout at 0, or use the regime both"
            )
        return self

    @model_validator(mode="after")
    def _is_taught_whole(self) -> "TrainConfig":
        if self.teacher and self.freeze:
            raise ValueError(
                "`freeze` trains a head on feature maps that are made once, without augmentation; "
                "a `teacher` is asked about augmented images: leave one out"
            )
        return self

    @field_validator("image_size")
    @classmethod
    def _is_seen(cls, size: int, info: ValidationInfo) -> int:
        if size < 32 and info.data.get("topology") != "adopted":
            raise ValueError("should be 32 or more")
        return size

    @model_validator(mode="after")
    def _builds_what_it_knows(self) -> "TrainConfig":
        if self.topology == "adopted" and not self.slimming:
            raise ValueError(
                "an adopted network can be made slim, not trained: `topology` is paper or released"
            )
        return self

    @model_validator(mode="after")
    def _freezes_what_was_learned(self) -> "TrainConfig":
        if self.freeze and self.weights == "none":
            raise ValueError(
                "a frozen backbone without weights knows nothing: give `weights`, or leave out "
                "`freeze`"
            )
        if self.freeze and self.unfreeze_epochs > self.epochs:
            raise ValueError(
                f"`unfreeze_epochs={self.unfreeze_epochs}` is more than `epochs={self.epochs}`"
            )
        if self.unfreeze_epochs and not self.freeze:
            raise ValueError("`unfreeze_epochs` is of a frozen backbone: set `freeze` too")
        if self.lower_rate < 1 and not self.weight_decay:
            raise ValueError(
                "`lower_rate` is of AdamW: set a weight decay too, or leave `lower_rate` at 1"
            )
        return self
