"""The classifier: its contract, its file, its refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.errors import InputError
from skinlite.vocabulary import IMAGE, PATIENT

WIDTH = 20


@pytest.fixture
def classifier(conv_net: str) -> Any:
    import keras

    from skinlite.models.classifier import build_classifier

    keras.utils.set_random_seed(0)
    return build_classifier(conv_net, patient_width=WIDTH, batch_norm_momentum=0.9)


@pytest.fixture
def inputs() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        IMAGE: random.integers(0, 256, (3, 32, 32, 3)).astype(np.float32),
        PATIENT: random.normal(size=(3, WIDTH)).astype(np.float32),
    }


def test_gives_seven_probabilities(classifier: Any, inputs: dict[str, np.ndarray]) -> None:
    found = np.asarray(classifier(inputs))
    assert found.shape == (3, 7)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_picture_and_patient_both_count(classifier: Any, inputs: dict[str, np.ndarray]) -> None:
    answer = np.asarray(classifier(inputs))
    for name in (IMAGE, PATIENT):
        other = inputs | {name: inputs[name][::-1].copy()}
        assert np.abs(np.asarray(classifier(other)) - answer).max() > 1e-4


def test_answers_outside_of_training_do_not_vary(
    classifier: Any, inputs: dict[str, np.ndarray]
) -> None:
    first, second = (np.asarray(classifier(inputs)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    trained = np.asarray(classifier(inputs, training=True))
    assert np.abs(trained - first).max() > 1e-4  # dropout is there


def test_batch_norm_momentum_is_replaced(classifier: Any) -> None:
    import keras

    found = {
        layer.momentum
        for layer in classifier._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    assert found == {0.9}


@pytest.mark.parametrize(
    ("pixels", "low", "high"),
    [
        ("own", (0, 0, 0), (255, 255, 255)),
        ("symmetric", (-1, -1, -1), (1, 1, 1)),
        # What keras.applications.imagenet_utils.preprocess_input makes of 0 and 255, in RGB.
        ("imagenet", (-2.1179, -2.0357, -1.8044), (2.2489, 2.4286, 2.64)),
        ("caffe", (-123.68, -116.779, -103.939), (131.32, 138.221, 151.061)),
    ],
)
def test_rgb_0_255_becomes_what_the_backbone_wants(
    pixels: Any, low: tuple[float, ...], high: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backbone that returns its input shows what it is given."""
    import keras

    from skinlite.models.backbones import BACKBONES, Backbone, Cut
    from skinlite.models.classifier import build_classifier

    def build(input_shape: tuple[int, int, int], **_: object) -> keras.Model:
        pixels = keras.Input(input_shape)
        return keras.Model(pixels, keras.layers.Identity(name="cut")(pixels))

    row = Backbone("window", build, 4, pixels, Cut("cut", (4, 4, 3)))
    monkeypatch.setitem(BACKBONES, "window", row)
    model = build_classifier("window", patient_width=WIDTH)
    seen = keras.Model(model.input, model.get_layer("soft_attention").input)
    image = np.zeros((1, 4, 4, 3), np.float32)
    image[0, 0] = 255
    given = np.asarray(seen({IMAGE: image, PATIENT: np.zeros((1, WIDTH), np.float32)}))
    np.testing.assert_allclose(given[0, 3, 0], low, atol=1e-4)
    np.testing.assert_allclose(given[0, 0, 0], high, atol=1e-4)


def test_file_round_trip_in_safe_mode(
    classifier: Any, inputs: dict[str, np.ndarray], tmp_path: Path
) -> None:
    import keras

    classifier.get_layer("soft_attention").gamma.assign(0.3)
    classifier.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(np.asarray(again(inputs)), np.asarray(classifier(inputs)))


def test_unknown_backbone_lists_the_choices() -> None:
    from skinlite.models.classifier import build_classifier

    with pytest.raises(InputError, match=r"'resnet9'.*mobilenet_v3_large, .*nasnet_mobile, "):
        build_classifier("resnet9", patient_width=WIDTH)


@pytest.mark.parametrize("size", [8, 32])
def test_a_picture_too_small_is_refused(size: int) -> None:
    """MobileNetV3Large makes 1x1 of 32 px, and the pooling that follows needs 2x2."""
    from skinlite.models.classifier import build_classifier

    with pytest.raises(InputError, match=f"MobileNetV3Large can't take {size} px"):
        build_classifier("mobilenet_v3_large", patient_width=WIDTH, image_size=size)
