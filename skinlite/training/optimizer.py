"""The optimizer of a training: Adam or AdamW, with smaller rates for lower layers."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from skinlite.training.config import TrainConfig
from skinlite.training.schedule import make_rate


@keras.saving.register_keras_serializable("skinlite")
class AdamWByVariable(keras.optimizers.AdamW):
    """AdamW that multiplies its learning rate by a factor for each variable.

    Args:
        factors: one for each trainable variable, in the order of the fitted model.
        arguments: of AdamW.

    ``update_step`` and ``_get_variable_index`` are Keras' own hooks for optimizers, seen in 3.15.
    """

    def __init__(self, *, factors: Sequence[float], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.factors = list(factors)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable."""
        factor = self.factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {**super().get_config(), "factors": self.factors}


def make_optimizer(classifier: keras.Model, config: TrainConfig, steps: int) -> Any:
    """The optimizer of a training of ``steps`` batches."""
    arguments: dict[str, Any] = {
        "learning_rate": make_rate(config, steps),
        "epsilon": config.epsilon,
        "global_clipnorm": config.clip_norm,
    }
    if config.lower_rate < 1:
        optimizer: Any = AdamWByVariable(
            factors=_factors(classifier, config.lower_rate),
            weight_decay=config.weight_decay,
            **arguments,
        )
    elif config.weight_decay:
        optimizer = keras.optimizers.AdamW(weight_decay=config.weight_decay, **arguments)
    else:
        optimizer = keras.optimizers.Adam(**arguments)
    if config.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _factors(classifier: keras.Model, lower_rate: float) -> list[float]:
    """A factor for each trainable variable; 1 outside of the backbone.

    In it a power of ``lower_rate``: how often the resolution is halved between the layer and the
    feature map. All backbones have that alike, whatever their blocks are called.
    """
    factors: dict[int, float] = {}
    for backbone in (layer for layer in classifier.layers if isinstance(layer, keras.Model)):
        height = backbone.output.shape[1]
        for layer in backbone.layers:
            halvings = round(math.log2(layer.output.shape[1] / height)) if layer.weights else 0
            factors |= {id(weight): lower_rate**halvings for weight in layer.weights}
    return [factors.get(id(weight), 1.0) for weight in classifier.trainable_variables]
