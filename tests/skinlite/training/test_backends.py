"""One training, wherever it runs: TensorFlow, JAX, one device or two, killed or not."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.training.runs.find import open_run, partial_folder, reopen_run

Make = Callable[..., Any]

CURVES: dict[str, list[list[float]]] = {}
"""By backend: computed once, with one device first."""


@pytest.fixture
def curves(
    training: Make,
    tiny_data: Path,
    on_jax: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], list[list[float]]]:
    """The loss curves of a backend, and beside them a training that was killed."""
    root = tmp_path_factory.getbasetemp() / "backends"
    weights = root / "start" / "model.keras"
    if not weights.exists():
        training(root / "start", epochs=0).start()

    def compute(backend: str) -> list[list[float]]:
        if backend not in CURVES:
            folder = root / backend
            folder.mkdir()
            flags = {"KERAS_BACKEND": backend}
            if backend == "jax":
                two = " --xla_force_host_platform_device_count=2"
                flags = on_jax | {"XLA_FLAGS": on_jax["XLA_FLAGS"] + two}
            script = Path(__file__).with_name("loss_curves.py")
            done = subprocess.run(
                [sys.executable, script, tiny_data, weights, folder],
                env=os.environ | flags,
                capture_output=True,
                text=True,
            )
            expected = -signal.SIGKILL if backend == "tensorflow" else 0
            assert done.returncode == expected, done.stderr[-3000:]
            CURVES[backend] = json.loads(done.stdout.splitlines()[-1])
        return CURVES[backend]

    return compute


def need_jax() -> None:
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed: pip install 'skinlite[jax]'")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_have_the_loss_of_one(
    backend: str, curves: Callable[[str], list[list[float]]]
) -> None:
    if backend == "jax":
        need_jax()
    one, two = curves(backend)
    np.testing.assert_allclose(two, one, rtol=1e-4)
    assert one[1] < 0.95 * one[0]  # and it is a training, not a network that stands still


@pytest.mark.slow
def test_jax_has_the_loss_of_tensorflow(curves: Callable[[str], list[list[float]]]) -> None:
    """The same weights and images; dropout is off, whose random numbers they don't share."""
    need_jax()
    np.testing.assert_allclose(curves("jax")[0], curves("tensorflow")[0], rtol=1e-3)


@pytest.mark.slow
def test_a_process_that_was_killed_is_resumed_as_if_nothing_had_been(
    training: Make,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    curves: Callable[[str], list[list[float]]],
) -> None:
    curves("tensorflow")
    out = tmp_path_factory.getbasetemp() / "backends" / "tensorflow" / "killed"
    assert not out.exists() and partial_folder(out).exists()
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
