"""Run by `test_backends` in a process of its own, for a backend and its devices can't be changed.

``loss_curves.py DATA WEIGHTS FOLDER`` prints the losses of the same training on one and on two
virtual devices. With TensorFlow it then starts one in FOLDER/killed, and ends itself by SIGKILL
within its second epoch; with JAX it trains FOLDER/alone, which two processes have to equal.
"""

import json
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import skinlite.training.fit as fitting
from skinlite.data.dataset import read_dataset
from skinlite.training.config import TrainConfig
from skinlite.training.execution import Execution
from skinlite.training.input.prepare import prepare

data, weights, folder = map(Path, sys.argv[1:])
tests = Path(__file__).parents[2]
backbone = runpy.run_path(str(tests / "conftest.py"))["add_conv_net"](pytest.MonkeyPatch())
prepared = prepare(read_dataset(data), 32, seed=0)
small: dict[str, Any] = {"backbone": backbone, "image_size": 32, "batch_size": 16, "epochs": 2}

if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
else:
    import without_tensorflow  # noqa: F401

build = fitting.initial_classifier


def without_dropout(*settings: Any) -> Any:
    """Its random numbers are the one thing that backends and devices don't share."""
    classifier = build(*settings)
    classifier.get_layer("dropout").rate = 0.0
    return classifier


with pytest.MonkeyPatch.context() as patch:
    patch.setattr(fitting, "initial_classifier", without_dropout)
    curves = []
    for devices in (1, "all"):
        config = TrainConfig(
            preset="paper",
            weights=str(weights),
            learning_rate=3e-3,
            epsilon=1e-7,
            batch_norm_momentum=0.3,
            **small,
        )
        out = folder / f"devices-{devices}"
        run = fitting.Training(out, config, prepared, execution=Execution(devices=devices)).start()
        curves.append(pd.read_csv(run.path / "history.csv")["loss"].tolist())
print(json.dumps(curves), flush=True)


def kill(title: str, step: int, total: int) -> None:
    """As the out-of-memory killer does it."""
    if (title, step) == ("epoch 2/2", 1):
        os.kill(os.getpid(), signal.SIGKILL)


if os.environ["KERAS_BACKEND"] == "tensorflow":
    fitting.Training(folder / "killed", TrainConfig(**small), prepared, kill).start()
else:
    fitting.Training(folder / "alone", TrainConfig(**small), prepared).start()
