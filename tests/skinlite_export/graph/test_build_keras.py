"""The deploy graph is read whole, and its twin computes what the Keras model computes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skinlite.data.examples import Examples
from skinlite.errors import InputError, SkinliteError
from skinlite.models.backbones import BACKBONES, Cut
from skinlite.vocabulary import IMAGE, PATIENT


def answers(model: Any, examples: Examples) -> np.ndarray:
    """Of a Keras or a tf_keras model."""
    inputs = {IMAGE: examples.images.astype(np.float32), PATIENT: examples.patients}
    return np.asarray(model(inputs, training=False))


@pytest.mark.parametrize(
    ("backbone", "size", "cut"),
    [
        ("mobilenet_v3_large", 64, None),
        # Their first cells hold every kind of layer; test_every_backbone has all of them.
        ("nasnet_mobile", 64, Cut("normal_concat_0", (28, 28, 264))),
        ("inception_resnet_v2", 96, Cut("block17_1_ac", (17, 17, 1088))),
    ],
)
def test_twin_equals_keras(
    random_classifier: Callable[[str, int], Any],
    images: Callable[[int], Examples],
    assert_ordered: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
    backbone: str,
    size: int,
    cut: Cut | None,
) -> None:
    """With all rewrites and without any."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.rewrites.registry import REWRITES, apply_rewrites

    if cut:
        monkeypatch.setitem(BACKBONES, backbone, replace(BACKBONES[backbone], paper=cut))
    model, examples = random_classifier(backbone, size), images(size).take(np.arange(7))
    expected = answers(model, examples)
    assert np.ptp(expected, axis=0).max() > 0.01  # otherwise any twin would do
    stock = read_keras(model)
    for graph in (stock, apply_rewrites(stock, list(REWRITES))):
        assert_ordered(graph)
        twin = build_twin(graph)
        # NASNetMobile sums up some 600 operations: float32 noise of 2e-5 is left.
        np.testing.assert_allclose(answers(twin, examples), expected, atol=5e-5)
        sizes = graph.sizes()
        assert len(sizes) > 100
        built = {name: twin.get_layer(name).output.shape[1:3] for name in sizes}
        assert built == sizes


def test_what_only_training_needs_is_left_behind(classifier: Any) -> None:
    from skinlite_export.graph.read_keras import read_keras

    kinds = {node.kind for node in read_keras(classifier).nodes}
    assert {"Dropout", "SoftAttention", "Functional"} & kinds == set()
    assert {"HardSwish", "SpatialSoftmax", "BatchNormalization"} <= kinds


def test_a_layer_that_is_not_known_is_named() -> None:
    import keras

    from skinlite_export.graph.read_keras import read_keras

    for layer in (keras.layers.UnitNormalization(name="odd"), keras.layers.Activation("glu")):
        pixels = keras.Input((4, 4, 3), name="image")
        with pytest.raises(InputError, match=layer.name):
            read_keras(keras.Model(pixels, layer(pixels)))


def test_a_changed_weight_is_seen(classifier: Any, few: Examples) -> None:
    """The comparison that the export makes refuses a twin of other weights."""
    from skinlite_export.graph.build_keras import build_twin, check_same, few_probabilities
    from skinlite_export.graph.read_keras import read_keras

    twin = build_twin(read_keras(classifier))
    check_same(few_probabilities(classifier, few), twin, few)
    kernel, bias = classifier.get_layer("probabilities").get_weights()
    classifier.get_layer("probabilities").set_weights([kernel, bias + np.eye(7)[0]])
    with pytest.raises(SkinliteError, match="differs from the Keras model"):
        check_same(few_probabilities(classifier, few), twin, few)
    classifier.get_layer("probabilities").set_weights([kernel, bias * np.nan])
    with pytest.raises(SkinliteError, match="differs from the Keras model by nan"):
        check_same(few_probabilities(classifier, few), twin, few)
