"""A network that was adopted is made slim: a run of it in, a narrower one out."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.api.slim import slim
from skinlite.api.train import TrainingInterruptedError, resume
from skinlite.errors import InputError
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_export.inspect.feeds import Hypothesis
from tests.skinlite_export.inspect.conftest import LIMITS, SIZE, weights_of

from .conftest import THEIRS

Made = Callable[..., Any]
SHORT: dict[str, Any] = {"cycles": 0.7, "epochs": 2, "steps": 2, "importance": "taylor"}

pytestmark = [
    pytest.mark.filterwarnings("ignore:UNKNOWN whether the split leaks"),
    pytest.mark.usefixtures("untraced"),
]


@pytest.fixture(scope="module")
def adopted_run(colours: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Of a network that takes BGR in -1..1 and has each colour eleven times, by a frozen layer."""
    import keras
    from keras import layers

    from skinlite_export.adopt.adopt import adopt

    data, folder = colours("crop"), tmp_path_factory.mktemp("adopted")
    kernel, bias = weights_of(data, Hypothesis("-1..1", "BGR"), list(THEIRS))
    low, high = LIMITS["-1..1"]
    network = keras.Sequential(
        [
            layers.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1.0, -low),
            layers.ReLU(high - low),
            layers.Conv2D(33, 1, use_bias=False, trainable=False, name="seen"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(len(THEIRS), activation="softmax", name="scores"),
        ]
    )
    network.get_layer("seen").set_weights([np.tile(np.eye(3), 11)[None, None]])
    network.get_layer("scores").set_weights(
        [np.tile(kernel, (11, 1)) / 11, bias + low * kernel.sum(0)]
    )
    network.save(folder / "colours.keras")
    return adopt(folder / "colours.keras", data, folder / "run", images=70)


def test_an_adopted_network_is_made_slim(
    adopted_run: Run, colours: Callable[[str], Path], skinlite: Made, tmp_path: Path
) -> None:
    out, bundle = tmp_path / "slim", tmp_path / "bundle"
    run = slim(adopted_run, out=out, data=colours("crop"), learning_rate=1e-5, **SHORT)
    info = run.info
    assert info.adopted == adopted_run.info.adopted and info.config and info.config.slimming
    assert info.network == adopted_run.info.network._replace(slim=0.7)
    assert info.config.slimming.after <= 0.7 * info.config.slimming.before
    narrow, wide = run.load_model(), adopted_run.load_model()
    assert narrow.count_params() < wide.count_params()
    assert len(narrow.trainable_weights) > len(wide.trainable_weights)  # nothing stays frozen
    assert run.leaks().state == "unknown"  # the teacher may have seen these images

    export = ("export", "--model", out, "--data", colours("crop"), "--quantize", "none")
    done = skinlite(*export, "--out", bundle, "--gates", "ece_rise=1,balanced_accuracy_drop=1")
    assert done.code in (0, 3), done.err  # so few images
    assert "against the teacher" in done.out + done.err
    assert skinlite("verify", bundle).code == done.code
    card = " ".join((bundle / "MODEL_CARD.md").read_text().split())
    assert "Since then made slim: 0.7 of the cycles" in card and "before it was made slim" in card
    shown = skinlite(
        "benchmark", "sweep", "--model", out, "--model", adopted_run.path, "--rounds", 5
    )
    assert shown.code == 0, shown.err


def test_it_goes_on_after_an_interruption(
    adopted_run: Run, colours: Callable[[str], Path], tmp_path: Path
) -> None:
    def stop(title: str, step: int, steps: int) -> None:
        if title.startswith("epoch 2/2") and step == 1:
            raise KeyboardInterrupt

    given = {"data": colours("crop"), **SHORT}
    with pytest.raises(TrainingInterruptedError):
        slim(adopted_run, out=tmp_path / "run", report=stop, **given)
    assert open_run(tmp_path / "run").info.adopted == adopted_run.info.adopted
    run = resume(tmp_path / "run", colours("crop"))
    assert run.info.status == "complete" and run.info.adopted == adopted_run.info.adopted


def test_it_teaches_no_other_network(adopted_run: Run, skinlite: Made, tmp_path: Path) -> None:
    """A student with a patient branch would learn not to look at it."""
    out, data = tmp_path / "run", adopted_run.info.data
    taught = ("train", "--teacher", adopted_run.path, "--data", data, "--image-size", 32)
    done = skinlite(*taught, "--out", out)
    assert done.code == 2 and "skinlite slim" in done.err and not out.exists()


def test_nothing_else_is_both_adopted_and_trained(adopted_run: Run, tmp_path: Path) -> None:
    from skinlite.training.config import TrainConfig
    from skinlite.training.runs.info import RunInfo

    with pytest.raises(ValueError, match="no config unless it was made slim"):
        RunInfo.model_validate(
            {**adopted_run.info.model_dump(), "config": TrainConfig().model_dump()}
        )
    with pytest.raises(ValueError, match="`topology` is paper or released"):
        TrainConfig(topology="adopted")
    with pytest.raises(ValueError, match="topology"):  # two faults: told, not a KeyError
        TrainConfig.model_validate({"topology": "mine", "image_size": 8})
    copied = Path(shutil.copytree(adopted_run.path, tmp_path / "run"))
    with pytest.raises(InputError, match="between 0 and 1"):
        slim(open_run(copied), out=tmp_path / "slim", cycles=1.5)
