"""Augmentation on the device: one affine warp and one brightness per image."""

import math
from typing import Any

import keras
from keras import ops, random


@keras.saving.register_keras_serializable("skinlite")
class Augment(keras.layers.Layer):
    """Flip, rotate, zoom, shift and brighten RGB 0-255; the identity outside of training.

    Dermoscopy has no upright, so rotations are full and flips go both ways. All of the geometry
    is one affine map, so that each image is interpolated once. The stream of random numbers goes
    on from call to call; a training starts it anew every epoch.

    Args:
        zoom: the magnification is drawn from 1 - zoom to 1 + zoom.
        shift: largest move, as a share of the image.
        brightness: largest change, as a share of the level.
        seed: of the stream.
    """

    def __init__(
        self,
        zoom: float = 0.15,
        shift: float = 0.08,
        brightness: float = 0.15,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.zoom, self.shift, self.brightness, self.seed = zoom, shift, brightness, seed
        self.stream = random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """(batch, H, W, 3), any number type, to float32 of the same shape."""
        images = ops.cast(images, "float32")
        if not training:
            return images
        warped = ops.image.affine_transform(
            images, self._transforms(images), interpolation="bilinear", fill_mode="reflect"
        )
        gain = 1 + self._uniform((ops.shape(images)[0], 1, 1, 1), self.brightness)
        return ops.clip(warped * gain, 0.0, 255.0)

    def _uniform(self, shape: Any, limit: float) -> Any:
        return random.uniform(shape, -limit, limit, seed=self.stream)

    def _transforms(self, images: Any) -> Any:
        """Projective vectors (batch, 8) from output to input pixels, about the centre."""
        batch = ops.shape(images)[0]
        height, width = images.shape[1:3]
        angle = self._uniform((batch,), math.pi)
        scale = 1 / (1 + self._uniform((batch,), self.zoom))
        flip = ops.sign(self._uniform((batch,), 1.0))
        cos, sin = ops.cos(angle) * scale, ops.sin(angle) * scale
        a, b, c, d = cos * flip, -sin, sin * flip, cos
        x, y = (width - 1) / 2, (height - 1) / 2
        move_x = x - a * x - b * y + self._uniform((batch,), self.shift) * width
        move_y = y - c * x - d * y + self._uniform((batch,), self.shift) * height
        zero = ops.zeros((batch,))
        return ops.stack([a, b, move_x, c, d, move_y, zero, zero], axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Same as the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {
            **super().get_config(),
            "zoom": self.zoom,
            "shift": self.shift,
            "brightness": self.brightness,
            "seed": self.seed,
        }
