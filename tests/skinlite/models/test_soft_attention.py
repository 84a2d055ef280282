"""Soft-Attention against the paper's formula, written out in numpy."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray


def paper(t: NDArray[Any], kernel: NDArray[Any], bias: NDArray[Any], gamma: float) -> NDArray[Any]:
    """gamma * (sum over k of softmax_hw(ReLU(conv_k(t)))) * t, position by position."""
    batch, height, width, _ = t.shape
    padded = np.pad(t, ((0, 0), (1, 1), (1, 1), (0, 0)))
    logits = np.zeros((batch, height, width, kernel.shape[-1]))
    for row in range(height):
        for column in range(width):
            window = padded[:, row : row + 3, column : column + 3]
            logits[:, row, column] = np.einsum("bijc,ijck->bk", window, kernel) + bias
    powers = np.exp(np.maximum(logits, 0))
    maps = powers / powers.sum(axis=(1, 2), keepdims=True)
    return gamma * maps.sum(axis=-1, keepdims=True) * t


@pytest.fixture
def layer() -> Any:
    """K = 5 maps, gamma not 1, a bias that is not 0."""
    import keras

    from skinlite.models.soft_attention import SoftAttention

    keras.utils.set_random_seed(0)
    layer = SoftAttention(maps=5, gamma=0.7)
    layer.build((None, 4, 6, 3))
    layer.conv.bias.assign(np.linspace(-0.5, 0.5, 5))
    return layer


@pytest.fixture
def t() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 2, (2, 4, 6, 3)).astype(np.float32)


def test_equals_the_formula_of_the_paper(layer: Any, t: NDArray[np.float32]) -> None:
    kernel, bias = (np.asarray(weight) for weight in layer.conv.get_weights())
    expected = paper(t, kernel, bias, 0.7)
    assert np.ptp(expected / t, axis=(1, 2)).min() > 0.1  # the maps are far from flat
    np.testing.assert_allclose(np.asarray(layer(t)), expected, rtol=1e-5, atol=1e-6)


def test_the_maps_sum_to_their_number_over_the_positions(
    layer: Any, t: NDArray[np.float32]
) -> None:
    found = np.asarray(layer.attention_map(t))
    assert found.shape == (2, 4, 6, 1)
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), 5, rtol=1e-5)


def test_gamma_is_a_trainable_scalar_that_scales(layer: Any, t: NDArray[np.float32]) -> None:
    assert any(weight is layer.gamma for weight in layer.trainable_weights)
    assert layer.gamma.shape == ()
    before = np.asarray(layer(t))
    layer.gamma.assign(1.4)
    np.testing.assert_allclose(np.asarray(layer(t)), 2 * before, rtol=1e-5)


def test_parameters_are_those_of_the_paper() -> None:
    """9 c K + K of the convolution, and gamma."""
    from skinlite.models.soft_attention import SoftAttention

    layer = SoftAttention()
    layer.build((None, 7, 7, 160))
    assert layer.count_params() == 9 * 160 * 16 + 16 + 1


def test_config_round_trip(layer: Any) -> None:
    from skinlite.models.soft_attention import SoftAttention

    again = SoftAttention.from_config(layer.get_config())
    assert (again.maps, again.initial_gamma, again.name) == (5, 0.7, layer.name)
