"""`TrainConfig`: everything that decides what a training computes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TrainConfig(BaseModel):
    """Settings of one training; saved with the run.

    The defaults train from scratch on two cores; learning rates are for AdamW with a linear
    warm-up and a cosine decay to zero.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: str = "mobilenet_v3_large"
    topology: Literal["paper", "released"] = "paper"
    image_size: int = Field(224, ge=32, le=1024, description="height and width, pixels")
    width: float = Field(1.0, gt=0, le=4, description="multiplies the backbone's channels")
    weights: str = "none"
    epochs: int = Field(30, ge=0)
    batch_size: int = Field(64, ge=1)
    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(0.05, ge=0)
    warmup_steps: int = Field(200, ge=0)
    clip_norm: float = Field(5.0, gt=0)
    class_weight_power: float = Field(
        0.75, ge=0, le=1, description="1 is the paper's W_c = N / (C N_c); 0 is unweighted"
    )
    batch_norm_momentum: float = Field(0.95, gt=0, lt=1)
    answer_dropout: float = Field(
        0.1, ge=0, lt=1, description="chance that an answer is shown as not told"
    )
    patience: int = Field(12, ge=1, description="epochs without a better balanced accuracy")
    seed: int = 0
