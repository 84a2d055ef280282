"""Where a training's first weights come from, and which files are refused."""

import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from skinlite.errors import InputError, SkinliteWarning
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


@pytest.mark.parametrize("name", ["theirs.keras", "theirs.h5", "keras_2.h5"])
def test_a_classifier_on_the_same_backbone_gives_its_backbone(
    training: Make, tmp_path: Path, conv_net: str, name: str
) -> None:
    """Another head, and a backbone that is one of its layers."""
    import keras

    from skinlite.models.backbones import find_backbone

    bare = find_backbone(conv_net).build(input_shape=(32, 32, 3), include_top=False, weights=None)
    marked = [np.full_like(weight, 0.25) for weight in bare.get_weights()]
    bare.set_weights(marked)
    image = keras.Input((32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(bare(image))
    model = keras.Model(image, keras.layers.Dense(19, name="breeds")(pooled))
    path = tmp_path / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras: this format is an old one
        model.save(path)
    if name == "keras_2.h5":
        as_keras_2(path)
    with pytest.warns(SkinliteWarning, match=rf"{name} has more layers .* left out: breeds\."):
        run = training(tmp_path / "run", epochs=0, weights=str(path)).start()
    features = run.load_model().get_layer(conv_net)
    for one, other in zip(features.get_weights(), marked, strict=True):
        np.testing.assert_array_equal(one, other)


def as_keras_2(path: Path) -> None:
    """Rename a file's weights to what Keras 2 calls them."""
    with h5py.File(path, "a") as file:
        found: list[str] = []
        file.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
        for name in found:
            depthwise = "depthwise" in name and name.endswith("kernel")
            file.move(name, name.replace("kernel", "depthwise_kernel") if depthwise else name + "_")
            if not depthwise:
                file.move(name + "_", name + ":0")


def test_a_classifier_on_another_backbone_is_refused(
    training: Make, tmp_path: Path, conv_net: str
) -> None:
    import keras

    image = keras.Input((32, 32, 3))
    pooled = keras.layers.Flatten()(keras.layers.Conv2D(4, 3, name="first")(image))
    path = tmp_path / "other.keras"
    keras.Model(image, keras.layers.Dense(3)(pooled)).save(path)
    with pytest.raises(InputError, match=r"By the layers' names: it has no kernel of stem"):
        training(tmp_path / "run", epochs=0, weights=str(path)).start()
    assert not (tmp_path / "run").exists()


def test_a_deeper_network_is_refused(training: Make, tmp_path: Path, conv_net: str) -> None:
    """Keras would read the layers that it knows and say nothing of the others."""
    import keras

    from skinlite.models.classifier import build_classifier

    classifier = build_classifier(
        conv_net, patient_width=len(training(tmp_path / "x").data.encoder.columns)
    )
    extra = keras.layers.Dense(7, name="one_more")(classifier.output)
    deeper = tmp_path / "deeper.weights.h5"
    save(keras.Model(classifier.input, extra), deeper)
    with pytest.raises(InputError, match=r"weights\.h5 doesn't fit conv_net_soft_attention: "):
        training(tmp_path / "run", weights=str(deeper)).start()
    assert not (tmp_path / "run").exists() and not partial_folder(tmp_path / "run").exists()


@pytest.mark.parametrize(
    "other", [{"patient_width": 3}, {"image_size": 64}, {"patient_width": 0, "classes": 2}]
)
def test_of_a_classifier_with_another_head_the_backbone_is_taken(
    training: Make, tmp_path: Path, conv_net: str, other: dict[str, int]
) -> None:
    """A run of other metadata, image size or classes."""
    from skinlite.models.classifier import build_classifier

    given = build_classifier(conv_net, **{"patient_width": 3, **other})
    given.save(tmp_path / "other.keras")
    with pytest.warns(SkinliteWarning, match="other head.*weights of its conv_net are taken"):
        run = training(tmp_path / "run", epochs=0, weights=str(tmp_path / "other.keras")).start()
    found = run.load_model()
    weights = (one.get_layer(conv_net).get_weights() for one in (found, given))
    for one, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, theirs)


def test_a_head_of_other_classes_is_left_out_though_it_fits(
    training: Make, tmp_path: Path, kept_run: Run
) -> None:
    other = Path(shutil.copytree(kept_run.path, tmp_path / "other"))
    known = json.loads((other / "config.json").read_text())
    names = known["classes"]["names"]
    known["classes"] = {"names": {f"other_{code}": name for code, name in names.items()}}
    (other / "config.json").write_text(json.dumps(known))
    with pytest.warns(SkinliteWarning, match="other head"):
        run = training(tmp_path / "run", epochs=0, weights=str(other / "model.keras")).start()
    kernel, theirs = (one.load_model().get_layer("probabilities").kernel for one in (run, kept_run))
    assert not np.array_equal(kernel, theirs)


def test_images_are_rescaled_as_in_the_classifier_that_was_given(
    training: Make, tmp_path: Path
) -> None:
    """One that began with PyTorch's weights has another rescaling than Keras' own."""
    from skinlite.models.classifier import build_classifier

    given = build_classifier("mobilenet", patient_width=3, width=0.25, image_size=64)
    given.get_layer("rescale").scale = 0.5
    given.save(tmp_path / "given.keras")
    settings = {"backbone": "mobilenet", "width": 0.25, "image_size": 64, "epochs": 0}
    with pytest.warns(SkinliteWarning, match="other head"):
        run = training(tmp_path / "run", weights=str(tmp_path / "given.keras"), **settings).start()
    assert run.load_model().get_layer("rescale").scale == 0.5


def test_a_classifier_on_another_width_is_refused(
    training: Make, tmp_path: Path, conv_net: str
) -> None:
    from skinlite.models.classifier import build_classifier

    other = tmp_path / "other.keras"
    build_classifier("mobilenet", patient_width=3, width=0.25, image_size=64).save(other)
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
