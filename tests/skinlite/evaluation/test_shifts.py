"""What cameras do: each shift is repeatable, keeps the form, and grows with its strength."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinlite.data.preprocessing import load_image
from skinlite.evaluation.shifts import SHIFTS, STRENGTHS, shift


def _image() -> np.ndarray:
    """Skin with a dark spot."""
    rows, columns = np.mgrid[-1:1:64j, -1:1:64j]
    spot = np.clip(2 * np.hypot(rows, columns), 0.2, 1)[:, :, None]
    image: np.ndarray = np.rint(np.array([220, 170, 150]) * spot).astype(np.uint8)
    return image


@pytest.mark.parametrize("name", SHIFTS)
def test_a_shift_grows_with_its_strength(name: str) -> None:
    image, before = _image(), 0.0
    for strength in STRENGTHS:
        made = shift(name, image, strength)
        assert made.shape == image.shape and made.dtype == np.uint8
        assert np.array_equal(made, shift(name, image, strength))
        off = float(np.abs(made.astype(float) - image).mean())
        assert off > before, f"strength {strength} changes no more than the one before"
        before = off


def test_light_and_colour_go_the_way_that_they_say() -> None:
    image = _image()
    means = {name: shift(name, image, 3).mean(axis=(0, 1)) for name in SHIFTS}
    plain = image.mean(axis=(0, 1))
    assert (means["brighter"] > plain).all() and (means["darker"] < plain).all()
    assert means["warmer"][0] > plain[0] and means["warmer"][2] < plain[2]
    assert means["cooler"][0] < plain[0] and means["cooler"][2] > plain[2]
    flat = shift("less contrast", image, 5)
    assert (flat.std(axis=(0, 1)) < image.std(axis=(0, 1)) / 10).all()
    assert (shift("dark corners", image, 1)[0, 0] == 0).all()


def test_the_figure_has_a_panel_for_each_score_that_is_known(tmp_path: Path) -> None:
    from skinlite.evaluation.figures.shifts import draw_shifts

    rows = [{"shift": "none", "strength": 0, "accuracy": 0.8}]
    rows += [
        {"shift": name, "strength": at, "accuracy": 0.8 - at / 10}
        for name in SHIFTS
        for at in STRENGTHS
    ]
    table = pd.DataFrame(rows)
    for name in ("critical_recall", "agreement", "turned_away", "out_of_range", "coverage"):
        table[name] = None
    draw_shifts(tmp_path / "one.png", "a run", table)
    table["agreement"] = 1.0
    draw_shifts(tmp_path / "two.png", "a bundle", table)
    one, two = (load_image(tmp_path / name).shape[1] for name in ("one.png", "two.png"))
    assert two == 2 * one
