"""What a channel is worth: by how much the loss changes without it."""

from typing import Any

import numpy as np

from skinlite.training.input.prepare import Prepared


def loss_of(model: Any, images: Any, labels: Any, weights: Any) -> float:
    given = np.array(model(images, training=False))[np.arange(len(labels)), labels]
    return float((-np.log(given) * weights[labels]).mean())


def test_it_is_the_first_order_of_masking(conv_net: str, conv_prepared: Prepared) -> None:
    """Taylor's worth is the squared slope of the loss along what masking takes away."""
    import keras
    from keras import ops

    from skinlite.models.classifier import build_classifier
    from skinlite.slimming.channels import Channels
    from skinlite.slimming.cut import CONSUMERS, kernel_of
    from skinlite.slimming.importance import BATCH, worth_of
    from skinlite.training.input.batches import class_weights

    keras.utils.set_random_seed(0)
    train = conv_prepared.examples["train"].take(np.arange(BATCH))
    width = train.patients.shape[1]
    model = build_classifier(conv_net, patient_width=width, image_size=32)
    before = [np.array(weight) for weight in model.get_weights()]
    channels = Channels(model)
    worth = worth_of("taylor", model, channels, train, 0.75, 0)
    for weight, old in zip(model.get_weights(), before, strict=True):
        assert (weight == old).all()  # looking at it changes nothing

    weights = class_weights(train.labels, 0.75)
    stem = next(use for use in channels.uses if use.layer.name == "stem")
    for channel in channels.of(stem.output)[:3].tolist():
        slopes = []
        for step in (-1e-2, 1e-2):
            model.set_weights(before)
            for use in channels.uses:
                if use.kind in CONSUMERS:
                    kernel, here = kernel_of(use), channels.of(use.inputs[0]) == channel
                    factor = (1 + step * here)[:, None]
                    kernel.assign(ops.convert_to_numpy(kernel) * factor)
            slopes.append(loss_of(model, train.inputs, train.labels, weights))
        slope = (slopes[1] - slopes[0]) / 2e-2
        assert np.isclose(worth[channel], slope**2, rtol=0.05, atol=1e-9)
    model.set_weights(before)


def test_the_controls(conv_net: str, conv_prepared: Prepared) -> None:
    import keras

    from skinlite.models.classifier import build_classifier
    from skinlite.slimming.channels import Channels
    from skinlite.slimming.importance import worth_of

    train = conv_prepared.examples["train"]
    model = build_classifier(conv_net, patient_width=train.patients.shape[1], image_size=32)
    norm = next(one for one in model._flatten_layers() if one.name == "stem_norm")
    assert isinstance(norm, keras.layers.BatchNormalization)
    norm.gamma.assign([0.1, -3, 1, 1, 1, 1, 1, 1])
    channels = Channels(model)
    ids = channels.of(next(use for use in channels.uses if use.layer is norm).output)
    scales = worth_of("batch-norm", model, channels, train, 0.75, 0)[ids]
    assert scales.argmax() == 1  # by size, whatever its sign
    one, same, other = (
        worth_of("random", model, channels, train, 0.75, seed) for seed in (0, 0, 1)
    )
    assert (one == same).all() and (one != other).any()
