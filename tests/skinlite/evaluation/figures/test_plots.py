"""Figures: all of them, the same bytes for the same numbers, and images one can look at."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skinlite.errors import InputError
from skinlite.evaluation.evaluation import Evaluation, evaluate_fully

pytest.importorskip("matplotlib", reason="pip install 'skinlite[train]'")

LABELS = np.resize(np.arange(7), 42).astype(np.intp)
ANSWERS = np.random.default_rng(0).dirichlet(np.ones(7), 42)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    rows = pd.DataFrame({"lesion_id": np.arange(42).astype(str), "age": 50.0, "sex": "male"})
    rows = rows.assign(localization="back")
    return evaluate_fully(LABELS, ANSWERS, rows, temperature=2.0, temperature_from="a split")


def test_draws_all_and_the_same_bytes_again(evaluation: Evaluation, tmp_path: Path) -> None:
    from skinlite.evaluation.figures.plots import Looks, draw_figures, pick_looks

    picked = pick_looks(LABELS)
    assert LABELS[picked].tolist() == list(range(7))
    images = np.full((7, 32, 32, 3), 200, np.uint8)
    looks = Looks(images, np.random.default_rng(1).random((7, 3, 3)), LABELS[:7], ANSWERS[:7])
    history = pd.DataFrame(
        {
            "epoch": [1, 2],
            "loss": [2.0, 1.5],
            "validation_accuracy": [0.3, 0.5],
            "validation_balanced_accuracy": [0.2, 0.4],
        }
    )
    found = []
    for name in ("a", "b"):
        names = draw_figures(
            tmp_path / name, "run", LABELS, ANSWERS, evaluation, history=history, looks=looks
        )
        found.append({one: (tmp_path / name / one).read_bytes() for one in names})
    assert found[0] == found[1]
    assert list(found[0]) == [
        "f1_recall.png",
        "confusion.png",
        "roc.png",
        "reliability.png",
        "training.png",
        "attention.png",
    ]
    for name in found[0]:
        with Image.open(tmp_path / "a" / name) as image:
            pixels = np.asarray(image.convert("RGB"))
        assert min(pixels.shape[:2]) >= 400
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20  # not an empty canvas


def test_what_is_not_known_is_not_drawn(evaluation: Evaluation, tmp_path: Path) -> None:
    from skinlite.evaluation.figures.plots import draw_figures

    names = draw_figures(tmp_path / "out", "bundle", LABELS, ANSWERS, evaluation)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    assert "training.png" not in names and "attention.png" not in names
    with pytest.raises(InputError, match="exists already"):
        draw_figures(tmp_path / "out", "bundle", LABELS, ANSWERS, evaluation)
