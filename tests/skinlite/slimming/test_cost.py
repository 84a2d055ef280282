"""What a network costs, and which of its channels go for it."""

import json
from pathlib import Path

import numpy as np
import pytest

COUNTED = Path(__file__).parents[3] / "benchmarks/results/phone-cycles/cycles.json"


@pytest.mark.parametrize(
    ("name", "size", "width"),
    [
        ("mobilenet_v3_large", 224, 1.0),
        ("mobilenet_v3_large-192px", 192, 1.0),
        ("mobilenet_v3_large-w075", 224, 0.75),
        ("mobilenet_v3_small", 224, 1.0),
        ("mobilenet_v2", 224, 1.0),
    ],
)
def test_the_sums_are_those_that_were_counted(name: str, size: int, width: float) -> None:
    """Within 4 %, of files that ``skinlite benchmark cycles`` emulated."""

    from skinlite.models.classifier import build_classifier
    from skinlite.models.without_weights import without_weights
    from skinlite.slimming.cost import model_cycles

    rows = json.loads(COUNTED.read_text())["found"]
    (counted,) = (
        row["cycles"]
        for row in rows
        if row["model"] == f"files/{name}-int8.tflite" and row["cpu"] == "cortex-a76"
    )
    backbone = name.partition("-")[0]
    model = without_weights(
        lambda: build_classifier(backbone, patient_width=29, image_size=size, width=width)
    )
    assert model_cycles(model) == pytest.approx(counted, rel=0.04)


def test_cuts_go_where_they_empty_tiles() -> None:
    """Two groups of equal worth: the channels go from the one that costs, in steps of 8."""
    import keras
    from keras import layers

    from skinlite.slimming.channels import Channels
    from skinlite.slimming.choose import Narrowing
    from skinlite.slimming.cost import model_cycles
    from skinlite.slimming.cut import cut

    image = layers.Input((32, 32, 3), name="image")
    x = layers.Conv2D(64, 3, padding="same", name="large")(image)
    x = layers.Conv2D(64, 3, strides=8, name="small")(x)
    y = layers.GlobalAveragePooling2D()(x)
    model = keras.Model({"image": image}, layers.Dense(7, activation="softmax")(y))
    channels = Channels(model)
    narrowing = Narrowing(channels, np.ones(len(channels.roots)))
    assert narrowing.cycles == model_cycles(model)
    narrowing.until(0.6 * narrowing.cycles)
    narrow = cut(model, channels, narrowing.kept)
    # What was predicted is what the network costs that is then built.
    assert model_cycles(narrow) == pytest.approx(narrowing.cycles)
    assert narrowing.cycles <= 0.6 * model_cycles(model)
    large, small = (narrow.get_layer(name).filters for name in ("large", "small"))
    assert large % 16 == 0 and large < small == 64

    narrowing.until(0.0)
    assert narrowing.kept[channels.uses[-1].output.ids].all()  # the predictions
    least = cut(model, channels, narrowing.kept)
    assert least.get_layer("large").filters == least.get_layer("small").filters == 8
    assert np.array(least({"image": np.zeros((1, 32, 32, 3), np.float32)})).shape == (1, 7)


def test_the_least_important_channels_go() -> None:
    import keras
    from keras import layers

    from skinlite.slimming.channels import Channels
    from skinlite.slimming.choose import Narrowing
    from skinlite.slimming.cut import cut

    image = layers.Input((8, 8, 3), name="image")
    x = layers.Conv2D(32, 3, name="conv")(image)
    y = layers.GlobalAveragePooling2D()(x)
    model = keras.Model({"image": image}, layers.Dense(7, activation="softmax")(y))
    channels = Channels(model)
    ids = channels.of(next(use for use in channels.uses if use.layer.name == "conv").output)
    worth = np.zeros(len(channels.roots))
    worth[ids] = np.arange(32)[::-1]
    narrowing = Narrowing(channels, worth)
    narrowing.until(0.7 * narrowing.cycles)
    assert narrowing.kept[ids].tolist() == [True] * 16 + [False] * 16
    kernel = np.array(model.get_layer("conv").kernel)
    found = np.array(cut(model, channels, narrowing.kept).get_layer("conv").kernel)
    assert (found == kernel[..., :16]).all()
