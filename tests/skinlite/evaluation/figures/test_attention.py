"""The attention maps that the figures show."""

import numpy as np


def test_a_map_for_each_picture_that_sums_to_the_number_of_maps(conv_net: str) -> None:
    from skinlite.data.examples import Examples
    from skinlite.evaluation.figures.attention import attention_maps
    from skinlite.models.classifier import build_classifier

    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    examples = Examples(images, np.arange(3), np.zeros((3, 20), np.float32), np.arange(3))
    model = build_classifier(conv_net, patient_width=20)
    found = attention_maps(model, examples)
    assert found.shape == (3, 8, 8)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 16, rtol=1e-4)
    assert np.abs(found[0] - found[1]).max() > 1e-4  # each image has its own
