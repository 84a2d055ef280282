"""What the paper and its authors' notebooks report, as `paper.json` beside this module has it.

Do and Nguyen, "Diagnostic support of skin lesion classification using CNN and Soft Attention"
(2022): tables 4-7 and A3-A5. The notebooks are those of the repository that the paper names.
Backbones are named as in `skinlite.models.backbones`.
"""

import functools
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

Regime = Literal["augmented", "metadata"]
"""Augmentation alone, or patient metadata and the weighted loss alone: the paper's two halves."""

ByClass = dict[Regime, dict[str, tuple[float, ...]]]
"""For each regime and backbone the seven classes in the order of CLASSES, and their mean."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stock(_Record):
    """A row of table 4: the backbone as Keras ships it, with its 1000 classes."""

    size_mb: int | None
    params_millions: float
    depth: int


class Optimized(_Record):
    """A row of table 7. The seconds are those of a training epoch: see docs/evaluation.md."""

    params_millions: float
    depth: int
    accuracy: float
    seconds: int


class Averages(_Record):
    """A row of table A5. ``balanced_accuracy`` there is (sensitivity + specificity) / 2."""

    accuracy: float
    balanced_accuracy: float
    precision: float
    f1: float
    sensitivity: float
    specificity: float
    roc_auc: float


class Notebook(_Record):
    """One trained network of the notebooks; accuracy on 996 images, split at image level.

    ``total_params`` counts 21 patient columns, no gamma, and the mean, variance and count of the
    ages, which the authors keep in the network and skinlite in the encoder.
    """

    input_size: int
    feature_map: tuple[int, int, int]
    soft_attention_params: int
    total_params: int
    accuracy: float
    macro_f1: float
    macro_auc: float
    seconds_per_epoch: int | None


class Paper(_Record):
    """The tables by their numbers; 5 and 6 hold accuracies, A3 F1 and A4 recall."""

    source: str
    table4: dict[str, Stock]
    table5: dict[str, float]
    table6: dict[str, float]
    table7: dict[str, Optimized]
    table_a3: ByClass
    table_a4: ByClass
    table_a5: dict[str, Averages]
    notebooks: dict[str, tuple[Notebook, ...]]


@functools.cache
def paper() -> Paper:
    """The paper's figures."""
    return Paper.model_validate_json(Path(__file__).with_name("paper.json").read_bytes())
