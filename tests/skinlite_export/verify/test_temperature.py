"""The temperature of an exported file."""

import numpy as np
import pytest

from skinlite.evaluation.calibration import expected_calibration_error, temper
from skinlite_export.verify.temperature import temperature_of


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) drawn from the very probabilities (N, 7) that come with them."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(7, 0.3), count)
    draws = (probabilities.cumsum(axis=1) < random.uniform(size=(count, 1))).sum(axis=1)
    return np.minimum(draws, 6).astype(np.intp), probabilities


def test_fitted_on_one_half_and_proven_on_the_other() -> None:
    halves = [
        (labels, temper(honest, 0.4)) for labels, honest in (drawn(3_000, 4), drawn(3_000, 5))
    ]
    found = temperature_of(halves[0], halves[1])
    assert found.value == pytest.approx(2.5, rel=0.15)
    assert found.ece_before == expected_calibration_error(*halves[1])
    assert found.ece_after < 0.3 * found.ece_before
    assert found.split == "validation"


def test_the_pictures_that_prove_it_do_not_fit_it() -> None:
    """The test split's answers are honest; on the validation split they were made too sure."""
    labels, honest = drawn(3_000, 4)
    proof = drawn(3_000, 5)
    found = temperature_of((labels, temper(honest, 0.4)), proof)
    assert found.value == pytest.approx(2.5, rel=0.15)
    assert found.ece_before == expected_calibration_error(*proof)
    assert found.ece_after > 3 * found.ece_before
