"""A leaky ReLU behind an addition has its own slope in a graph, wherever a network comes from."""

import subprocess
import sys
from pathlib import Path

import pytest

MAKE = """
import sys, keras, numpy as np
keras.utils.set_random_seed(0)
image = keras.Input((8, 8, 3))
x = keras.layers.Conv2D(3, 3, padding="same")(image)
y = keras.layers.Add()([image, x])
y = {last}
keras.Model(image, keras.layers.Dense(7)(keras.layers.Flatten()(y))).save(sys.argv[1])
"""
USE = """
import sys, numpy as np
from pathlib import Path
from skinlite.models.keras_file import load_keras
from skinlite_export.inspect.open_model import open_model
images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
if sys.argv[2] == "load":
    model = load_keras(Path(sys.argv[1]))
    given = model.predict_on_batch(images)
else:
    opened = open_model(Path(sys.argv[1]))
    model = opened.network
    (given,) = opened.run([images])
assert np.abs(given - np.asarray(model(images))).max() < 1e-5
"""


@pytest.mark.parametrize(
    ("last", "how"),
    [
        ("keras.layers.LeakyReLU(0.01)(y)", "load"),
        ("keras.ops.leaky_relu(y, 0.01)", "open"),
        ("keras.layers.ReLU(negative_slope=0.01)(y)", "open"),
    ],
)
def test_its_slope_is_the_layers(last: str, how: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    path = str(tmp_path / "net.keras")
    for code, arguments in ((MAKE.format(last=last), [path]), (USE, [path, how])):
        # In a process of its own: what is turned off once stays off.
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
