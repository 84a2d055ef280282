"""Soft-Attention (paper, section 3.2; Datta et al., arXiv:2105.03358).

    f_sa = gamma * (sum over k of softmax_hw(ReLU(conv_k(t)))) * t

FAQ: why a Conv2D where the paper speaks of a 3D convolution?
    The paper's kernel is as deep as ``t`` and moves by the depth, so it is applied once over all of
    the channels: that is a ``Conv2D`` from c to K channels, parameter by parameter (9 c K + K). The
    authors' released layer pads the depth and so looks at the first three channels only, which
    its text does not say; and it lacks gamma. A real Conv3D is computed wrongly by TensorFlow on
    some CPUs and stays in float in TFLite, so it would not serve either.
"""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("skinlite")
class SoftAttention(keras.layers.Layer):
    """Weigh every position of a feature map by K learnt attention maps.

    Input shape (batch, h, w, c), output the same. Each of the K maps is a softmax over the h * w
    positions, so their sum adds up to K over the positions.

    Args:
        maps: K, the number of attention maps (paper: 16).
        gamma: where the learnable scalar starts; 1 leaves the sum of maps as it is.
        learn_gamma: False leaves it there for good, as the authors' released layer has none.
    """

    def __init__(
        self, maps: int = 16, gamma: float = 1.0, learn_gamma: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.maps = maps
        self.initial_gamma = gamma
        self.learn_gamma = learn_gamma
        self.conv = keras.layers.Conv2D(
            maps,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            dtype=self.dtype_policy,  # read from a file, the global policy may be another
            name="conv",
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the convolution over the full depth, and gamma."""
        self.conv.build(input_shape)
        self.gamma = self.initial_gamma
        if self.learn_gamma:
            start = keras.initializers.Constant(self.initial_gamma)
            self.gamma = self.add_weight(shape=(), initializer=start, name="gamma")

    def attention_map(self, t: Any) -> Any:
        """The sum of the K maps; (batch, h, w, c) -> (batch, h, w, 1), summing to K."""
        height, width = t.shape[1:3]
        logits = ops.reshape(self.conv(t), (-1, height * width, self.maps))
        return ops.reshape(ops.sum(ops.softmax(logits, axis=1), axis=-1), (-1, height, width, 1))

    def call(self, t: Any) -> Any:
        """Scale ``t`` by gamma and the attention map."""
        return self.gamma * self.attention_map(t) * t

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Same as the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {
            **super().get_config(),
            "maps": self.maps,
            "gamma": self.initial_gamma,
            "learn_gamma": self.learn_gamma,
        }
