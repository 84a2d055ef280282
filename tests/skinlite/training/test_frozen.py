"""A frozen backbone: its head is trained on cached feature maps, later the whole network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.settings import validated
from skinlite.training.config import TrainConfig
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.find import open_run, partial_folder
from skinlite.training.runs.run import Run

Make = Callable[..., Any]


@pytest.fixture
def transfer(training: Make, kept_run: Run) -> Make:
    """Makes a `Training` of two epochs with a frozen backbone, then one of the whole."""
    settings = {"freeze": True, "epochs": 3, "unfreeze_epochs": 1, "monitor": "accuracy"}
    settings["weights"] = str(kept_run.path / "model.keras")

    def make(out: Path, *arguments: Any, **others: Any) -> Any:
        return training(out, *arguments, **(settings | others))

    return make


def stop_in(title: str) -> Callable[[str, int, int], None]:
    """A report callback that interrupts in the middle of an epoch."""

    def report(what: str, done: int, total: int) -> None:
        if (what, done) == (title, 2):
            raise KeyboardInterrupt

    return report


def parts(model: Any) -> dict[str, list[Any]]:
    """The weights of a classifier's backbone, and those of its head."""
    import keras

    backbone = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    inside = {id(weight) for weight in backbone.weights}
    sides: dict[str, list[Any]] = {"backbone": [], "head": []}
    for weight in model.weights:
        sides["backbone" if id(weight) in inside else "head"].append(weight.numpy())
    return sides


def furthest(before: list[Any], after: list[Any]) -> float:
    """How far the weight that moved most has moved."""
    return max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True))


@pytest.fixture
def thawed(transfer: Make, once: Callable[..., Path]) -> Path:
    """A folder with a run of `transfer` that nothing interrupted, and the last epoch's model,
    whichever was the best one. Read only."""

    def build(folder: Path) -> None:
        def report(what: str, done: int, total: int) -> None:
            if what.startswith("epoch 3/3, "):
                from skinlite.training.checkpoint import load_checkpoint
                from skinlite.training.trainer import classifier_of

                trainer, _ = load_checkpoint(partial_folder(folder / "run") / "checkpoint")
                classifier_of(trainer).save(folder / "last.keras")

        folder.mkdir()
        transfer(folder / "run", report).start()

    return once("thawed", build)


def test_only_the_head_learns_until_the_backbone_is_unfrozen(
    transfer: Make, thawed: Path, kept_run: Run, tmp_path: Path
) -> None:
    from skinlite.models.keras_file import load_keras

    start = parts(kept_run.load_model())
    frozen = parts(transfer(tmp_path / "frozen", unfreeze_epochs=0).start().load_model())
    assert furthest(start["backbone"], frozen["backbone"]) == 0
    assert furthest(start["head"], frozen["head"]) > 1e-4

    last = parts(load_keras(thawed / "last.keras"))
    assert furthest(start["backbone"], last["backbone"]) > 1e-5
    assert furthest(frozen["head"], last["head"]) < furthest(start["head"], last["head"])


def test_a_head_on_feature_maps_predicts_what_the_whole_predicts_on_images(
    kept_run: Run, conv_prepared: Prepared, tmp_path: Path
) -> None:
    from skinlite.progress import silent
    from skinlite.training.frozen import Frozen
    from skinlite.training.trainer import predict

    model = kept_run.load_model()
    frozen = Frozen(model, "paper", conv_prepared, tmp_path, silent)
    for split in ("train", "validation"):
        whole = predict(model, conv_prepared.examples[split])
        head = predict(frozen.head, frozen.data.examples[split])
        np.testing.assert_allclose(head, whole, atol=1e-6)
    assert frozen.data.examples["test"] is conv_prepared.examples["test"]


def test_resuming_gives_what_no_interruption_gives(
    transfer: Make, thawed: Path, tmp_path: Path
) -> None:
    """Stopped with a frozen backbone, and again where it was just unfrozen."""
    out = tmp_path / "stopped"
    for title, go in (("epoch 2/3", "start"), ("epoch 3/3", "resume")):
        stopped = getattr(transfer(out, stop_in(title)), go)()
        assert stopped.info.status == "interrupted"
        out.replace(partial_folder(out))
    resumed, straight = transfer(out).resume(), open_run(thawed / "run")
    columns = ["loss", "validation_balanced_accuracy"]
    pd.testing.assert_frame_equal(
        pd.read_csv(resumed.path / "history.csv")[columns],
        pd.read_csv(straight.path / "history.csv")[columns],
        rtol=1e-4,
    )
    before, after = straight.load_model().get_weights(), resumed.load_model().get_weights()
    assert furthest(before, after) < 1e-5
    assert not list(resumed.path.rglob("*.bin"))


def test_lower_layers_have_smaller_rates(training: Make, kept_run: Run, tmp_path: Path) -> None:
    """The feature map of `conv_net` is its first convolution's, so a stage is put below it."""
    import keras

    from skinlite.training.optimizer import make_optimizer

    image = keras.Input((32, 32, 3), name="image")
    low = keras.layers.Conv2D(4, 3, strides=2, padding="same", name="low")
    high = keras.layers.Conv2D(4, 3, strides=2, padding="same", name="high")
    backbone = keras.Model(image, high(low(image)))
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, keras.layers.Dense(2, name="out")(backbone(inputs)))
    config = TrainConfig(lower_rate=0.25, warmup_steps=0, clip_norm=None)
    optimizer = make_optimizer(model, config, 10)
    optimizer.build(model.trainable_variables)
    before = {weight.path: weight.numpy() for weight in model.trainable_variables}
    optimizer.apply([keras.ops.ones_like(weight) for weight in model.trainable_variables])
    moved = {
        name: float(np.abs(weight.numpy() - before[path]).max())
        for weight in model.trainable_variables
        for path, name in [(weight.path, weight.path.split("/")[0])]
        if "bias" in path
    }
    assert moved["high"] == pytest.approx(moved["out"], rel=1e-3)
    assert moved["low"] == pytest.approx(moved["out"] / 4, rel=1e-3)


def test_the_preset_starts_from_weights() -> None:
    config = TrainConfig(preset="transfer", weights="backbone.keras", epochs=20)
    assert (config.freeze, config.frozen_epochs) == (True, 12)
    assert TrainConfig().frozen_epochs == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"freeze": True}, "without weights knows nothing"),
        (
            {"freeze": True, "weights": "w", "epochs": 2, "unfreeze_epochs": 3},
            "more than `epochs=2`",
        ),
        ({"unfreeze_epochs": 3}, "set `freeze` too"),
        ({"lower_rate": 0.5, "weight_decay": 0.0}, "`lower_rate` is of AdamW"),
        ({"lower_rate": 0.0}, "`lower_rate` 0.0"),
    ],
)
def test_settings_that_contradict_each_other(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        validated(TrainConfig, settings)
