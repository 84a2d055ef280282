"""The paper's released network, its Soft-Attention a Conv3D in a class of its own, in a .h5."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.vocabulary import IMAGE

SIZE = 24

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")


def attention_class(with_settings: bool) -> Any:
    """The layer as its authors released it, for tf_keras; its settings may be left out.

    Its Conv3D is summed up by hand, stride and "same" padding as TensorFlow defines them: what
    `tf.nn.conv3d` computes with this stride is wrong on many CPUs
    (findings/tensorflow-conv3d-stride.sh).
    """
    import tensorflow as tf
    import tf_keras

    class SoftAttention(tf_keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, ch: int, m: int, concat_with_x: bool = False, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.ch, self.m, self.concat = ch, m, concat_with_x

        def build(self, shape: Any) -> None:
            self.kernel_conv3d = self.add_weight(
                name="kernel_conv3d", shape=(self.ch, 3, 3, 1, self.m), initializer="he_uniform"
            )
            self.bias_conv3d = self.add_weight(
                name="bias_conv3d", shape=(self.m,), initializer="random_normal"
            )

        def call(self, x: Any) -> Any:
            _, height, width, depth = x.shape
            above, below = (self.ch - 1) // 2, self.ch // 2
            assert depth >= 3  # a stride of depth: one step, of the first three channels
            padded = tf.pad(x[..., :3], ((0, 0), (above, below), (1, 1), (0, 0)))
            found = self.bias_conv3d
            for row in range(self.ch):
                for column in range(3):
                    part = padded[:, row : row + height, column : column + width]
                    kernel = self.kernel_conv3d[row, column, :, 0]
                    found = found + tf.einsum("bhwc,cm->bhwm", part, kernel)
            found = tf.transpose(tf.nn.relu(found), (0, 3, 1, 2))
            found = tf.reshape(found, (-1, self.m, height * width))
            maps = tf.reshape(tf.nn.softmax(found), (-1, self.m, height, width))
            scaled = x * tf.reduce_sum(tf.transpose(maps, (0, 2, 3, 1)), -1, keepdims=True)
            return [tf.concat([scaled, x], -1) if self.concat else scaled, maps]

        def get_config(self) -> dict[str, Any]:
            settings = {"ch": self.ch, "m": self.m, "concat_with_x": self.concat}
            return {**super().get_config(), **(settings if with_settings else {})}

    return SoftAttention


def released(folder: Path, channels: int, *, with_settings: bool, concatenated: bool) -> Any:
    """Their head on a small network, and its file."""
    import tf_keras

    layers = tf_keras.layers
    image = layers.Input((SIZE, SIZE, 3), name="input_1")
    conv = layers.Conv2D(channels, 3, strides=4, activation="relu")(image)
    attention = attention_class(with_settings)
    scaled, _ = attention(channels, 4, concatenated, name="soft_attention")(conv)
    pool = layers.MaxPooling2D(2, padding="same")
    x = layers.concatenate([pool(conv), layers.MaxPooling2D(2, padding="same")(scaled)])
    x = layers.Dropout(0.5)(layers.Activation("relu")(x))
    wide = tf_keras.initializers.VarianceScaling(9)
    x = layers.Dense(7, activation="softmax", kernel_initializer=wide)(layers.Flatten()(x))
    model = tf_keras.Model(image, x)
    path = folder / f"released-{channels}.h5"
    model.save(path)
    return model, path


@pytest.mark.parametrize(
    ("channels", "with_settings", "concatenated"),
    [(20, False, False), (21, True, True), (5, False, False), (10, True, False)],
)
def test_it_is_read_without_its_code(
    channels: int, with_settings: bool, concatenated: bool, tmp_path: Path
) -> None:
    import keras

    from skinlite.models.keras_file import load_keras
    from skinlite_export.adopt.feed_layers import with_feed
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.inspect.open_model import open_model
    from tests.skinlite_export.adopt.conftest import THEIRS

    theirs, path = released(
        tmp_path, channels, with_settings=with_settings, concatenated=concatenated
    )
    opened = open_model(path)
    assert opened.inspection.runs == ""
    assert "soft_attention" in opened.inspection.metadata["Soft-Attention"]
    images = np.random.default_rng(0).uniform(-1, 1, (6, SIZE, SIZE, 3)).astype(np.float32)
    expected = np.asarray(theirs(images))
    assert np.ptp(expected, axis=0).max() > 0.05
    assert np.abs(opened.network.predict_on_batch(images) - expected).max() < 1e-5
    run = with_feed(
        opened.network,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        channels="RGB",
        classes=THEIRS,
        logits=False,
    )
    found = build_twin(read_keras(run)).predict_on_batch({IMAGE: images})
    assert np.abs(found - run.predict_on_batch({IMAGE: images})).max() < 1e-5
    keras.Model.save(run, tmp_path / "model.keras")
    again = load_keras(tmp_path / "model.keras")
    assert np.array_equal(
        again.predict_on_batch({IMAGE: images}), run.predict_on_batch({IMAGE: images})
    )


def test_another_class_of_that_name_is_refused(tmp_path: Path) -> None:
    import tf_keras

    from skinlite_export.inspect.open_model import open_model

    class SoftAttention(tf_keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * 2

    image = tf_keras.layers.Input((SIZE, SIZE, 3))
    x = tf_keras.layers.Flatten()(SoftAttention(name="mine")(image))
    tf_keras.Model(image, tf_keras.layers.Dense(7)(x)).save(tmp_path / "mine.h5")
    assert "SoftAttention 'mine'" in open_model(tmp_path / "mine.h5").inspection.runs
