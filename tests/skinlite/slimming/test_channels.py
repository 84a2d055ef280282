"""Which channels belong together: of every backbone, and of what can't be cut."""

import os
from typing import Any

import numpy as np
import pytest

from skinlite.models.backbones import BACKBONES

SIZES = {"inception_resnet_v2": 139, "densenet201": 64, "nasnet_large": 96, "nasnet_mobile": 64}
"""The smallest that these take."""

QUICK = ("mobilenet_v3_small", "mobilenet_v2", "vgg16")
"""Squeeze-excite, residual additions, a plain stack: what takes seconds."""

IF_ASKED = pytest.mark.skipif(
    "SKINLITE_EVERY_BACKBONE" not in os.environ, reason="set SKINLITE_EVERY_BACKBONE=1"
)

COMPUTED = [
    name if name in QUICK else pytest.param(name, marks=(pytest.mark.slow, IF_ASKED))
    for name in BACKBONES
]


def pruned_at_random(model: Any, share: float) -> tuple[Any, Any]:
    """The channels of a model, and which of them stay; most of those that can go don't."""
    from skinlite.slimming.channels import Channels

    channels = Channels(model)
    random = np.random.default_rng(0)
    kept = (random.random(len(channels.roots)) < share)[channels.roots]
    for use in channels.uses:
        ids = channels.of(use.output)
        if not kept[ids].any():  # nothing would be left
            kept[ids[:1]] = True
    return channels, (kept | np.isin(channels.roots, list(channels.pinned)))[channels.roots]


@pytest.mark.parametrize("name", BACKBONES)
def test_everything_but_inputs_and_predictions_can_be_cut(name: str) -> None:

    from skinlite.models.classifier import build_classifier
    from skinlite.models.without_weights import without_weights
    from skinlite.slimming.channels import Channels

    size = SIZES.get(name, 64)
    model = without_weights(lambda: build_classifier(name, patient_width=20, image_size=size))
    channels = Channels(model)
    assert set(channels.pinned.values()) == {"it is an input", "it is a prediction"}
    assert len(channels.pinned) == 3 + 20 + 7
    free = set(channels.roots.tolist()) - set(channels.pinned)
    convolutions = sum(use.kind in ("Conv2D", "SeparableConv2D") for use in channels.uses)
    assert len(free) > 4 * convolutions


@pytest.mark.parametrize("name", COMPUTED)
def test_what_is_cut_is_what_is_masked(name: str) -> None:
    """The network without channels computes what the whole one does with zeros for them."""
    import keras

    from skinlite.models.classifier import build_classifier
    from skinlite.slimming.cut import cut, masked

    size = SIZES.get(name, 64)
    keras.utils.set_random_seed(0)
    model = build_classifier(name, patient_width=20, image_size=size)
    random = np.random.default_rng(0)
    for norm in model._flatten_layers():
        if isinstance(norm, keras.layers.BatchNormalization):
            *first, variance = norm.get_weights()
            values = [random.normal(1, 0.3, one.shape) for one in first]
            norm.set_weights([*values, random.uniform(0.5, 1.5, variance.shape)])
    channels, kept = pruned_at_random(model, 0.6)
    inputs = {
        "image": random.uniform(0, 255, (1, size, size, 3)).astype(np.float32),
        "patient": random.random((1, 20), np.float32),
    }
    narrow = cut(model, channels, kept)
    found = np.array(narrow(inputs, training=False))
    assert np.abs(found - np.array(model(inputs, training=False))).max() > 1e-3  # it matters
    masked(channels, kept)
    assert np.abs(found - np.array(model(inputs, training=False))).max() < 1e-4
    assert narrow.count_params() < 0.7 * model.count_params()


def test_what_cannot_be_cut_is_said() -> None:
    """A network of somebody's: a grouped convolution, a softmax over channels, layers twice."""
    import keras
    from keras import layers

    from skinlite.slimming.channels import Channels
    from skinlite.slimming.cut import cut, masked

    keras.utils.set_random_seed(0)
    image = layers.Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 3, name="first")(image)
    grouped = layers.Conv2D(8, 3, groups=2, padding="same", name="grouped")(x)
    twice = layers.Conv2D(8, 1, name="twice")
    norm = layers.BatchNormalization(name="norm")
    y = norm(twice(norm(twice(layers.Conv2D(8, 1, name="free")(grouped)))))
    y = layers.Rescaling([1.0] * 4, name="scales")(layers.Conv2D(4, 1, name="scaled")(y))
    y = layers.Rescaling(1.0, [0.1] * 4, name="moves")(layers.Conv2D(4, 1, name="moved")(y))
    slopes = layers.PReLU(shared_axes=[1, 2])
    slopes(np.zeros((1, 1, 1, 4), np.float32))  # Keras makes its weights when it is first called
    y = layers.Conv2D(4, 1, activation=slopes, name="sloped")(y)
    attention = layers.Softmax(name="over_channels")(layers.Conv2D(8, 1, name="scores")(y))
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 1, name="last")(attention))
    model = keras.Model({"image": image}, layers.Dense(3, activation="softmax")(y))
    channels = Channels(model)
    made = {use.layer.name: channels.of(use.output) for use in channels.uses}

    def why(name: str) -> set[str]:
        return {channels.pinned.get(int(one), "free") for one in made[name]}

    assert why("first") == {"grouped (Conv2D) needs it as it is"}
    assert why("scores") == {"over_channels (Softmax) needs it as it is"}
    assert why("scaled") == {"scales (Rescaling) needs it as it is"}
    assert why("moved") == {"moves (Rescaling) needs it as it is"}
    assert "sloped (Conv2D) makes it" in channels.pinned.values()
    assert why("free") == why("last") == {"free"}
    told = list(channels.held.items())
    assert ("grouped (Conv2D) needs it as it is", 8) in told
    assert "it is an input" not in channels.held and told == sorted(told, key=lambda one: -one[1])
    # Taken and given by the same weights.
    assert made["norm"].tolist() == made["twice"].tolist() == made["free"].tolist()
    kept = np.ones(len(channels.roots), bool)
    kept[[*made["free"][:3], *made["last"][:2]]] = False
    kept = kept[channels.roots]
    narrow = cut(model, channels, kept)
    assert narrow.get_layer("twice").kernel.shape == (1, 1, 5, 5)
    inputs = {"image": np.random.default_rng(0).random((2, 16, 16, 3), np.float32)}
    found = np.array(narrow(inputs))
    masked(channels, kept)
    assert np.abs(found - np.array(model(inputs))).max() < 1e-5
