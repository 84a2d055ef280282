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
