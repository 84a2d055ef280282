"""A leaky ReLU behind an addition has its own slope in a graph, wherever a network comes from."""

import subprocess
import sys

import keras
import pytest

from skinlite.models import keras_layers

CHECK = """
import keras, numpy as np
from skinlite.models.keras_layers import keep_slopes
image = keras.Input((8, 8, 3))
x = keras.layers.Conv2D(3, 3, padding="same")(image)
model = keras.Model(image, keras.layers.LeakyReLU(0.01)(keras.layers.Add()([image, x])))
keep_slopes(model)
images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
assert np.abs(model.predict_on_batch(images) - np.asarray(model(images))).max() < 1e-5
"""


def test_its_slope_is_the_layers() -> None:
    pytest.importorskip("tensorflow")
    # In a process of its own: what is turned off once stays off.
    subprocess.run([sys.executable, "-c", CHECK], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("layer", "leaks"),
    [
        (keras.layers.LeakyReLU(0.01), True),
        (keras.layers.ReLU(negative_slope=0.01), True),
        (keras.layers.Activation("leaky_relu"), True),
        (lambda x: keras.ops.leaky_relu(x, 0.01), True),
        (keras.layers.ReLU(6), False),
    ],
)
def test_every_way_to_write_one_is_seen(
    layer: object, leaks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned_off: list[bool] = []
    monkeypatch.setattr(keras_layers, "without_fusing", lambda: turned_off.append(True))
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    image = keras.Input((8, 8, 3))
    within = keras.Model(image, layer(image))  # type: ignore[operator]
    keras_layers.keep_slopes(keras.Model(image, within(image)))
    assert bool(turned_off) == leaks
