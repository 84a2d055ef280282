"""Expected calibration error and temperature, against cases whose answer is known."""

import numpy as np
import pytest

from skinlite.evaluation.calibration import (
    calibrate,
    expected_calibration_error,
    fit_temperature,
    reliability,
    temper,
    weighted_calibration_error,
)


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) drawn from the very probabilities (N, 7) that come with them."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(7, 0.3), count)
    draws = (probabilities.cumsum(axis=1) < random.uniform(size=(count, 1))).sum(axis=1)
    return np.minimum(draws, 6).astype(np.intp), probabilities


def test_the_error_by_hand() -> None:
    """Two bins: 0.9 sure and right in 1 of 2, 0.5 sure and right in 2 of 2."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.5, 0.49], [0.5, 0.49]])
    labels = np.array([0, 1, 0, 0])
    assert expected_calibration_error(labels, probabilities) == pytest.approx(
        0.5 * (0.9 - 0.5) + 0.5 * (1 - 0.5)
    )


def test_the_bins_are_fifteen_of_equal_width() -> None:
    """0.65 and 0.68 lie in two bins of 15, whose errors don't cancel; in one of 10."""
    probabilities = np.array([[0.65, 0.35], [0.68, 0.32]])
    found = expected_calibration_error(np.array([0, 1]), probabilities)
    assert found == pytest.approx((0.35 + 0.68) / 2)
    one_bin = np.array([[0.61, 0.39], [0.65, 0.35]])  # 9/15 to 10/15
    found = expected_calibration_error(np.array([0, 1]), one_bin)
    assert found == pytest.approx(abs(0.39 - 0.65) / 2)


def test_who_says_what_is_so_has_hardly_any_error() -> None:
    assert expected_calibration_error(*drawn(20_000, 0)) < 0.015


def test_a_weight_of_two_is_the_picture_twice() -> None:
    labels, probabilities = drawn(60, 4)
    weights = np.random.default_rng(1).integers(0, 3, 60)
    (found,) = weighted_calibration_error(labels, probabilities, weights[None].astype(float))
    repeated = labels.repeat(weights), probabilities.repeat(weights, axis=0)
    assert found == pytest.approx(expected_calibration_error(*repeated))


def test_nan_stays_nan() -> None:
    assert np.isnan(expected_calibration_error(np.array([0]), np.full((1, 7), np.nan)))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_spoiled_is_found(temperature: float) -> None:
    labels, honest = drawn(5_000, 1)
    spoiled = temper(honest, 1 / temperature)
    assert fit_temperature(labels, spoiled) == pytest.approx(temperature, rel=0.1)


def test_tempering_keeps_the_answers() -> None:
    _, honest = drawn(100, 2)
    for temperature in (0.3, 4.0):
        found = temper(honest, temperature)
        assert (found.argmax(axis=1) == honest.argmax(axis=1)).all()
        assert found.sum(axis=1) == pytest.approx(np.ones(100))


def test_zeros_of_an_int8_softmax() -> None:
    labels, honest = drawn(2_000, 3)
    coarse = np.round(honest * 256) / 256
    assert (coarse == 0).any()
    assert 0.8 < fit_temperature(labels, coarse) < 1.5


def test_every_picture_is_in_one_bin() -> None:
    labels, probabilities = drawn(3_000, 6)
    bins = reliability(labels, probabilities)
    assert sum(one.images for one in bins) == 3_000
    assert [one.confidence for one in bins] == sorted(one.confidence for one in bins)


def test_a_temperature_that_helps_is_shown_to() -> None:
    labels, honest = drawn(3_000, 7)
    spoiled = temper(honest, 0.4)
    found = calibrate(labels, spoiled, 2.5, "the validation split")
    assert found.ece_with_temperature is not None
    assert found.ece_with_temperature < 0.3 * found.ece
    assert calibrate(labels, spoiled, None, None).ece_with_temperature is None
