"""A training of seconds, and what other backends make of it."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite.training.input.prepare import Prepared


@pytest.fixture
def training(conv_net: str, conv_prepared: Prepared) -> Callable[..., Any]:
    """Makes a `Training` of `conv_net`; settings go over the defaults."""
    from skinlite.training.config import TrainConfig
    from skinlite.training.fit import Training

    def make(
        out: Path,
        report: Any = lambda what, done, total: None,
        data: Prepared = conv_prepared,
        execution: Any = None,
        learn_from: Any = None,
        **settings: Any,
    ) -> Training:
        defaults = {"backbone": conv_net, "image_size": 32, "epochs": 2, "batch_size": 16}
        config = TrainConfig(**(defaults | settings))
        return Training(out, config, data, report, execution, learn_from)

    return make


@pytest.fixture(scope="session")
def on_jax(once: Callable[..., Path]) -> dict[str, str]:
    """The environment of a process that trains on JAX. What one has compiled the next ones load,
    and nothing is optimized: with a network of seconds, that alone took a minute a process."""
    return {
        "KERAS_BACKEND": "jax",
        "XLA_FLAGS": "--xla_backend_optimization_level=0",
        "JAX_COMPILATION_CACHE_DIR": str(once("compiled", Path.mkdir)),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


@pytest.fixture
def curves(
    training: Callable[..., Any],
    tiny_data: Path,
    on_jax: dict[str, str],
    once: Callable[..., Path],
) -> Callable[[str], Path]:
    """A folder by backend, which `loss_curves.py` filled: its loss curves as curves.json, and
    trainings. Read only."""

    def compute(backend: str) -> Path:
        if backend == "jax" and importlib.util.find_spec("jax") is None:
            pytest.skip("jax is not installed: pip install 'skinlite[jax]'")
        start = once("curves-start", lambda folder: training(folder, epochs=0).start())

        def build(folder: Path) -> None:
            folder.mkdir()
            flags = {"KERAS_BACKEND": backend}
            if backend == "jax":
                two = " --xla_force_host_platform_device_count=2"
                flags = on_jax | {"XLA_FLAGS": on_jax["XLA_FLAGS"] + two}
            script = Path(__file__).with_name("loss_curves.py")
            done = subprocess.run(
                [sys.executable, script, tiny_data, start / "model.keras", folder],
                env=os.environ | flags,
                capture_output=True,
                text=True,
            )
            expected = -signal.SIGKILL if backend == "tensorflow" else 0
            assert done.returncode == expected, done.stderr[-3000:]
            (folder / "curves.json").write_text(done.stdout.splitlines()[-1])

        return once(f"curves-{backend}", build)

    return compute
