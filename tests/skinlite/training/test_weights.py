"""Where a training's first weights come from, and which files are refused."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from skinlite.errors import InputError
from skinlite.training.runs.find import partial_folder
from skinlite.training.runs.run import Run

Make = Callable[..., Any]


def save(model: Any, path: Path) -> None:
    """Everything, the weights alone, or in the format of what Keras Applications fetches."""
    if path.suffix == ".keras":
        model.save(path)
    elif path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

        with h5py.File(path, "w") as file:
            save_weights_to_hdf5_group(file, model)


def test_weights_of_a_run(training: Make, tmp_path: Path, kept_run: Run) -> None:
    weights = str(kept_run.path / "model.keras")
    run = training(tmp_path / "run", epochs=0, weights=weights).start()
    for one, other in zip(
        kept_run.load_model().get_weights(), run.load_model().get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_weights_without_the_network(training: Make, tmp_path: Path, kept_run: Run) -> None:
    model, path = kept_run.load_model(), tmp_path / "kept.weights.h5"
    model.save_weights(path)
    run = training(tmp_path / "run", epochs=0, weights=str(path)).start()
    for one, other in zip(model.get_weights(), run.load_model().get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["bare.keras", "bare.weights.h5", "bare_no_top.h5"])
def test_weights_of_a_bare_backbone(
    training: Make, tmp_path: Path, conv_net: str, name: str
) -> None:
    """What Keras has or saves of a backbone without its top; the rest starts at random."""
    from skinlite.models.backbones import find_backbone

    bare = find_backbone(conv_net).build(input_shape=(32, 32, 3), include_top=False, weights=None)
    marked = [np.full_like(weight, 0.25) for weight in bare.get_weights()]
    bare.set_weights(marked)
    save(bare, tmp_path / name)
    run = training(tmp_path / "run", epochs=0, weights=str(tmp_path / name)).start()
    features = run.load_model().get_layer(conv_net)
    for one, other in zip(features.get_weights(), marked, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["deeper.keras", "deeper.weights.h5"])
def test_a_deeper_network_is_refused(
    training: Make, tmp_path: Path, conv_net: str, name: str
) -> None:
    """Keras would read the layers that it knows and say nothing of the others."""
    import keras

    from skinlite.models.classifier import build_classifier

    classifier = build_classifier(
        conv_net, patient_width=len(training(tmp_path / "x").data.encoder.columns)
    )
    extra = keras.layers.Dense(7, name="one_more")(classifier.output)
    save(keras.Model(classifier.input, extra), tmp_path / name)
    with pytest.raises(InputError, match=rf"{name} doesn't fit conv_net_soft_attention: "):
        training(tmp_path / "run", weights=str(tmp_path / name)).start()
    assert not (tmp_path / "run").exists() and not partial_folder(tmp_path / "run").exists()


def test_another_patient_width_is_refused(training: Make, tmp_path: Path, conv_net: str) -> None:
    from skinlite.models.classifier import build_classifier

    other = tmp_path / "other.keras"
    build_classifier(conv_net, patient_width=3).save(other)
    with pytest.raises(InputError, match=r"other\.keras doesn't fit conv_net.*`weights='none'`"):
        training(tmp_path / "run", weights=str(other)).start()
    assert not partial_folder(tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["junk.keras", "junk.weights.h5", "junk.txt"])
def test_weights_that_are_none(training: Make, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not weights" * 100)
    with pytest.raises(InputError, match=name):
        training(tmp_path / "run", weights=str(tmp_path / name)).start()


def test_weights_that_are_not_there(training: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no weights file .*absent\.keras"):
        training(tmp_path / "run", weights=str(tmp_path / "absent.keras")).start()


@pytest.mark.parametrize("name", ["pipe.keras", "pipe.h5"])
def test_weights_that_are_no_file(training: Make, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match=rf"{name} is a pipe, not a regular file"):
        training(tmp_path / "run", epochs=0, weights=str(tmp_path / name)).start()
