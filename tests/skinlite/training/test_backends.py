"""One training, wherever it runs: TensorFlow, JAX, one device or two, killed or not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.training.runs.find import open_run, partial_folder, reopen_run

Make = Callable[..., Any]
Curves = Callable[[str], Path]


def losses(curves: Curves, backend: str) -> list[list[float]]:
    """On one device, and on two."""
    found: list[list[float]] = json.loads((curves(backend) / "curves.json").read_text())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_have_the_loss_of_one(backend: str, curves: Curves) -> None:
    one, two = losses(curves, backend)
    np.testing.assert_allclose(two, one, rtol=1e-4)
    assert one[1] < 0.95 * one[0]  # and it is a training, not a network that stands still


@pytest.mark.slow
def test_jax_has_the_loss_of_tensorflow(curves: Curves) -> None:
    """The same weights and images; dropout is off, whose random numbers they don't share."""
    one, other = losses(curves, "jax")[0], losses(curves, "tensorflow")[0]
    np.testing.assert_allclose(one, other, rtol=1e-3)


@pytest.mark.slow
def test_a_process_that_was_killed_is_resumed_as_if_nothing_had_been(
    training: Make, tmp_path: Path, curves: Curves
) -> None:
    out = tmp_path / "killed"
    left = partial_folder(curves("tensorflow") / "killed")
    assert not (curves("tensorflow") / "killed").exists()
    shutil.copytree(left, partial_folder(out))
    for path in (out, partial_folder(out)):
        with pytest.raises(InputError, match=f"`resume={out}`$"):
            open_run(path)
    assert reopen_run(out).info.status == "interrupted"
    resumed, straight = training(out).resume(), training(tmp_path / "straight").start()
    assert not partial_folder(out).exists()
    histories = [pd.read_csv(run.path / "history.csv") for run in (resumed, straight)]
    times = ["seconds", "cpu_seconds"]
    pd.testing.assert_frame_equal(*(rows.drop(columns=times) for rows in histories), rtol=1e-3)
    for found, expected in zip(
        resumed.load_model().get_weights(), straight.load_model().get_weights(), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_more_devices_than_there_are(training: Make, tmp_path: Path) -> None:
    from skinlite.training.execution import Execution

    with pytest.raises(InputError, match=r"`devices=64`: there are \d+ \("):
        training(tmp_path / "run", execution=Execution(devices=64))
    assert list(tmp_path.iterdir()) == []
