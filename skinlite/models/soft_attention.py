"""Soft-Attention (paper, section 3.2; Datta et al., arXiv:2105.03358).

    f_sa = gamma * (sum over k of softmax_hw(ReLU(conv_k(t)))) * t

FAQ: why a Conv2D where the paper speaks of a 3D convolution?
    The paper's kernel is as deep as ``t`` and moves by the depth, so it is applied once over all of
    the channels: that is a ``Conv2D`` from c to K channels, parameter by parameter (9 c K + K). The
    authors' released layer (`ReleasedSoftAttention`) looks at the first three channels only, which
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
            # Read from a file: the global policy may be another, and it may be one of a teacher.
            dtype=self.dtype_policy,
            trainable=self.trainable,
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


@keras.saving.register_keras_serializable("skinlite")
class ReleasedSoftAttention(keras.layers.Layer):
    """Soft-Attention as the paper's authors released it, so that their files can be read.

    A 3D convolution of the features (h, w, c, 1), its kernel (ch, 3, 3) and its stride c along the
    channels: "same" pads nothing there, so that it is a 2D convolution of the first three channels
    by a kernel (ch, 3). Of its ch rows at most 2 h - 1 ever meet an image; gamma is 1.

    Input shape (batch, h, w, c), c at least 3; output: the features, scaled (batch, h, w, c) or
    with the input behind them (batch, h, w, 2 c), and the maps (batch, K, h, w).

    Args:
        channels: ch, rows of the kernel; in their networks the number of channels.
        maps: K, the number of attention maps.
        concatenated: whether the input is put behind the scaled features.
    """

    def __init__(self, channels: int, maps: int, concatenated: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels
        self.maps = maps
        self.concatenated = concatenated

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights in the shapes and the order of their files."""
        _, height, width, depth = input_shape
        if not height or not width or not depth or depth < 3:
            raise ValueError(f"Soft-Attention takes no features of shape {input_shape}")
        self.kernel = self.add_weight((self.channels, 3, 3, 1, self.maps), name="kernel_conv3d")
        self.bias = self.add_weight((self.maps,), initializer="zeros", name="bias_conv3d")

    def plane(self, height: int) -> Any:
        """The kernel (rows, 3, 3, K) of the 2D convolution, without rows that meet no image."""
        above, most = (self.channels - 1) // 2, height - 1
        return self.kernel[max(above - most, 0) : above + most + 1, :, :, 0]

    def call(self, t: Any) -> Any:
        """The scaled features, and the maps."""
        height, width = t.shape[1:3]
        logits = ops.relu(ops.conv(t[..., :3], self.plane(height), padding="same") + self.bias)
        maps = ops.softmax(ops.reshape(logits, (-1, height * width, self.maps)), axis=1)
        alpha = ops.reshape(ops.sum(maps, axis=-1), (-1, height, width, 1))
        scaled = alpha * t
        if self.concatenated:
            scaled = ops.concatenate([scaled, t], axis=-1)
        by_map = ops.reshape(ops.transpose(maps, (0, 2, 1)), (-1, self.maps, height, width))
        return [scaled, by_map]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> list[tuple[Any, ...]]:
        """Of the features and of the maps."""
        batch, height, width, depth = input_shape
        assert depth
        features = batch, height, width, depth * (2 if self.concatenated else 1)
        return [features, (batch, self.maps, height, width)]

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {
            **super().get_config(),
            "channels": self.channels,
            "maps": self.maps,
            "concatenated": self.concatenated,
        }
