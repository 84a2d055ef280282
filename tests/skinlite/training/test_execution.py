"""Precision, compiler and pipeline: faster or not, the run folder is the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.find import partial_folder
from skinlite.training.runs.info import RunMetrics

Make = Callable[..., Any]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_leaves_a_float32_run(
    training: Make, tmp_path: Path, conv_prepared: Prepared, precision: str
) -> None:
    """Exporters see nothing of it, and it can be interrupted."""
    import keras

    from skinlite.training.checkpoint import load_checkpoint
    from skinlite.training.trainer import classifier_of

    out = tmp_path / "run"

    def stop(what: str, step: int, total: int) -> None:
        if (what, step) == ("epoch 2/2", 1):
            raise KeyboardInterrupt

    training(out, stop, precision=precision).start()
    trainer, _ = load_checkpoint(out / "checkpoint")
    assert classifier_of(trainer).get_layer("patient_dense").compute_dtype == precision[6:]
    out.rename(partial_folder(out))
    run = training(out, precision=precision).resume()
    policies = {layer.dtype_policy.name for layer in run.load_model()._flatten_layers()}
    assert policies == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    history = pd.read_csv(run.path / "history.csv")
    assert np.isfinite(history["loss"]).all() and len(history) == 2
    metrics = read_json(RunMetrics, run.path / "metrics.json")
    best = history["validation_balanced_accuracy"].max()
    assert metrics.validation.balanced_accuracy == pytest.approx(best)


def test_xla_and_several_steps_a_call_have_the_same_loss(
    training: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropout is off: compiled, TensorFlow draws other random numbers."""
    from skinlite.training import fit
    from skinlite.training.execution import Execution

    build = fit.initial_classifier

    def without_dropout(*settings: Any) -> Any:
        classifier = build(*settings)
        classifier.get_layer("dropout").rate = 0.0
        return classifier

    monkeypatch.setattr(fit, "initial_classifier", without_dropout)
    losses = [
        pd.read_csv(
            training(tmp_path / name, epochs=1, regime="metadata", execution=execution).start().path
            / "history.csv"
        )["loss"]
        for name, execution in {
            "plain": Execution(xla="off"),
            "compiled": Execution(xla="on", steps_per_execution=2),
        }.items()
    ]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3)


def test_a_cpu_doesnt_compile(training: Make, conv_net: str) -> None:
    import keras

    from skinlite.training.execution import Execution

    if not keras.distribution.list_devices()[0].startswith("cpu"):
        pytest.skip("there is a GPU here")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    for xla, expected in {"auto": False, "on": True, "off": False}.items():
        Execution.model_validate({"xla": xla}).apply(model)
        assert (model.jit_compile, model.steps_per_execution) == (expected, 1)
    Execution(steps_per_execution=5).apply(model)
    assert model.steps_per_execution == 5


def test_the_pipeline_is_ten_times_faster_than_training(
    conv_net: str, conv_prepared: Prepared
) -> None:
    """Of the smallest network there is; MobileNetV3Large has a ratio in the hundreds."""
    from skinlite.training.config import TrainConfig
    from skinlite.training.throughput import measure

    config = TrainConfig(backbone=conv_net, image_size=32, batch_size=32, epoch_pictures=3200)
    found = measure(config, conv_prepared)
    assert found.ratio >= 10, found


@pytest.mark.parametrize("name", ["TF_CONFIG", "JAX_COORDINATOR_ADDRESS"])
def test_several_hosts_are_refused(
    training: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from skinlite.training.execution import Execution

    monkeypatch.setenv(name, "10.0.0.1:1234")
    with pytest.raises(InputError, match=rf"devices of one host, but {name} describes.*Unset it"):
        training(tmp_path / "run", execution=Execution(devices="all"))
    training(tmp_path / "run")  # one device is one host's, whatever is set


def test_devices_that_cant_share_a_batch(
    training: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    from skinlite.training.execution import Execution

    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0", "gpu:1", "gpu:2"])
    with pytest.raises(InputError, match=r"3 devices can't share batches of 16.*`batch_size=15`"):
        training(tmp_path / "run", execution=Execution(devices="all"))
