"""Statistics for a network that was not trained."""

from typing import Any

import numpy as np
import pytest

from skinlite.training.input.prepare import Prepared
from skinlite.vocabulary import IMAGE, PATIENT


@pytest.fixture
def classifier(conv_net: str, conv_prepared: Prepared) -> Any:
    import keras

    from skinlite.models.classifier import build_classifier

    keras.utils.set_random_seed(0)
    return build_classifier(conv_net, patient_width=len(conv_prepared.encoder.columns))


def norms_of(model: Any) -> list[Any]:
    import keras

    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def test_statistics_are_those_of_the_pictures(classifier: Any, conv_prepared: Prepared) -> None:
    import keras

    from skinlite.training.batch_norm import settle_batch_norm

    train = conv_prepared.examples["train"]
    norm = norms_of(classifier)[0]
    weights = [np.asarray(weight) for weight in classifier.trainable_weights]
    settle_batch_norm(classifier, train, batches=1, batch_size=len(train))
    features = classifier.get_layer("conv_net")
    before_norm = keras.Model(features.input, norm.input)
    seen = np.asarray(before_norm(train.images.astype(np.float32)))
    mean, variance = seen.mean(axis=(0, 1, 2)), seen.var(axis=(0, 1, 2))
    np.testing.assert_allclose(np.asarray(norm.moving_mean), mean, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(np.asarray(norm.moving_variance), variance, rtol=1e-3)
    for before, after in zip(weights, classifier.trainable_weights, strict=True):
        np.testing.assert_array_equal(before, np.asarray(after))
    assert {layer.momentum for layer in norms_of(classifier)} == {0.999}


def test_several_batches_are_averaged(classifier: Any, conv_prepared: Prepared) -> None:
    """Each batch counts the same, whatever stood there before, up to the last short one."""
    from skinlite.training.batch_norm import settle_batch_norm

    train = conv_prepared.examples["train"]
    half = len(train) // 2
    settle_batch_norm(classifier, train, batches=2, batch_size=half)
    both = [np.asarray(layer.moving_mean) for layer in norms_of(classifier)]
    settle_batch_norm(classifier, train, batches=50, batch_size=half)
    for layer, mean in zip(norms_of(classifier), both, strict=True):
        assert np.isfinite(np.asarray(layer.moving_variance)).all()
        np.testing.assert_allclose(np.asarray(layer.moving_mean), mean, rtol=0.05, atol=0.02)


def test_inference_then_behaves_like_training(classifier: Any, conv_prepared: Prepared) -> None:
    """With Keras' initial statistics the features of an untrained network are far off."""
    from skinlite.training.batch_norm import settle_batch_norm

    train = conv_prepared.examples["train"]
    features = classifier.get_layer("conv_net")
    images = train.images.astype(np.float32)
    expected = np.asarray(features(images, training=True))
    for layer in norms_of(classifier):  # the line above moved them a little
        layer.moving_mean.assign(np.zeros(8))
        layer.moving_variance.assign(np.ones(8))

    def error() -> float:
        return float(np.abs(np.asarray(features(images)) - expected).mean())

    before = error()
    settle_batch_norm(classifier, train)
    assert error() < 0.2 * before


def test_answers_of_a_settled_network_depend_on_the_picture(
    classifier: Any, conv_prepared: Prepared
) -> None:
    from skinlite.training.batch_norm import settle_batch_norm

    train = conv_prepared.examples["train"]
    settle_batch_norm(classifier, train)
    found = np.asarray(
        classifier({IMAGE: train.images.astype(np.float32), PATIENT: 0 * train.patients})
    )
    assert np.ptp(found, axis=0).max() > 0.01


@pytest.mark.parametrize(
    ("momentum", "steps", "expected"), [(0.999, 220, True), (0.95, 110, False)]
)
def test_which_moving_averages_lag(
    conv_net: str, momentum: float, steps: int, expected: bool
) -> None:
    from skinlite.models.classifier import build_classifier
    from skinlite.training.batch_norm import remembers_too_long

    classifier = build_classifier(conv_net, patient_width=20, batch_norm_momentum=momentum)
    assert remembers_too_long(classifier, steps) == expected


def test_a_short_training_leaves_statistics_that_are_right(
    training: Any, tmp_path: Any, conv_prepared: Prepared
) -> None:
    """Two epochs of three steps, with Keras' own momentum of 0.999: as the preset ``paper`` is."""
    import keras

    run = training(tmp_path / "run", preset="paper", weights="none", learning_rate=0.01).start()
    model, train = run.load_model(), conv_prepared.examples["train"]
    features, norm = model.get_layer("conv_net"), norms_of(model)[0]
    seen = np.asarray(keras.Model(features.input, norm.input)(train.images.astype(np.float32)))
    deviation = seen.std(axis=(0, 1, 2))
    found = np.asarray(norm.moving_mean)
    assert (np.abs(found - seen.mean(axis=(0, 1, 2))) < 0.1 * deviation).all()
    np.testing.assert_allclose(np.sqrt(np.asarray(norm.moving_variance)), deviation, rtol=0.1)
