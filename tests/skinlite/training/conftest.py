"""A training of seconds."""

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
