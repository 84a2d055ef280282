"""What can't be adopted is refused with a sentence, and nothing is written."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.vocabulary import CLASSES

from .conftest import THEIRS, adopt

Made = Callable[..., Path]
Colours = Callable[[str], Path]

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")


def test_a_network_that_knows_nothing_is_refused(
    keras_file: Made, colours: Colours, tmp_path: Path
) -> None:
    def flat(layers: Any, scores: Any) -> Any:
        return layers.Dense(len(THEIRS), kernel_initializer="zeros", activation="softmax")(scores)

    with pytest.raises(InputError, match="tell no more of these labels than labels drawn by lot"):
        adopt(keras_file(last=flat), colours("crop"), tmp_path / "run")
    assert not list(tmp_path.glob("run*"))


def test_a_last_layer_that_is_used_twice_is_refused(
    keras_file: Made, colours: Colours, tmp_path: Path
) -> None:
    """Its outputs in another order would be other inputs of its second use."""

    def twice(layers: Any, scores: Any) -> Any:
        again = layers.Dense(len(THEIRS), kernel_initializer="identity", name="again")
        return layers.Softmax()(again(again(layers.Rescaling(8.0)(scores))))

    with pytest.raises(InputError, match="Is its last layer used more than once"):
        adopt(keras_file(last=twice), colours("crop"), tmp_path / "run")


@pytest.fixture
def theirs(keras_file: Made) -> Path:
    return keras_file()


def test_what_was_declared_is_held_against_the_images(
    theirs: Path, colours: Colours, tmp_path: Path
) -> None:
    data, out = colours("crop"), tmp_path / "run"
    wrong = (
        ({"pixels": "0-255"}, r"`pixels='0-255'` isn't how .* say -1..1, ahead by"),
        ({"channels": "RGB"}, "`channels='RGB'` isn't how .* say BGR"),
        ({"geometry": "stretch"}, "`geometry='stretch'` isn't how .* say crop"),
        ({"classes": CLASSES}, f"labelled images say {','.join(THEIRS)}"),
        ({"logits": True}, "are probabilities, by what it gave for a few images that skinlite"),
        ({"classes": ("nv", *THEIRS[:6])}, "`classes` has 'nv' twice"),
        ({"classes": THEIRS[:6]}, "`classes` lacks df"),
        ({"classes": (*THEIRS[:6], "scc")}, "'scc' is none of akiec, bcc"),
        ({"pixels": "0-100"}, "give one of auto, 0-255"),
        ({"split": "nowhere.csv"}, "nowhere.csv"),
    )
    for options, told in wrong:
        with pytest.raises(InputError, match=told):
            adopt(theirs, data, out, **options)
        assert not list(tmp_path.glob("run*"))
    declared = {"pixels": "-1..1", "channels": "BGR", "geometry": "crop", "classes": THEIRS}
    rows = pd.read_csv(data / "HAM10000_metadata.csv")
    places = rows.groupby("dx").cumcount()
    rows["split"] = np.where(places < 8, "train", np.where(places < 11, "validation", "test"))
    rows[["image_id", "split"]].to_csv(tmp_path / "split.csv", index=False)
    run = adopt(theirs, data, out, **declared, split=str(tmp_path / "split.csv"))
    assert run.info.adopted and run.info.adopted.split == "file"
    assert run.leaks().state == "none found" and run.metrics().test.images == 21
    with pytest.raises(InputError, match="adopted: skinlite didn't train it"):
        run.info.settings  # noqa: B018


def test_labels_that_it_does_not_know(theirs: Path, tiny_data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no more of these labels"):
        adopt(theirs, tiny_data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def two_outputs(layers: Any, x: Any) -> Any:
    return [x, layers.Activation("tanh")(x)]


def doubled(layers: Any, x: Any) -> Any:
    return layers.Lambda(lambda one: one * 1.0)(x)


def test_what_cannot_be_adopted(keras_file: Made, colours: Colours, tmp_path: Path) -> None:
    data, out = colours("crop"), tmp_path / "run"
    damaged, weights = tmp_path / "damaged.h5", tmp_path / "weights.h5"
    damaged.write_bytes(pickle.dumps({"a": 1}))
    import keras

    net = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    net.add(keras.layers.Dense(7))
    net.save_weights(tmp_path / "w.weights.h5")
    shutil.copy(tmp_path / "w.weights.h5", weights)
    cases: list[tuple[Callable[[], Path], str]] = [
        (lambda: damaged, "no .h5 of Keras"),
        (lambda: weights, "weights only"),
        (lambda: keras_file(last=two_outputs), "2 of its outputs"),
        (lambda: keras_file(last=doubled), "Lambda"),
        (lambda: keras_file(names=(*THEIRS, "other"), data=extra(colours, tmp_path)), "8 numbers"),
        (lambda: keras_file(last=lambda layers, x: layers.UnitNormalization()(x)), "don't sum"),
        (lambda: tmp_path / "nothing.keras", "There is no"),
    ]
    for make, told in cases:
        with pytest.raises(InputError, match=told):
            adopt(make(), data, out)
        assert not out.exists()


def test_files_that_are_no_image_classifier(tmp_path: Path, colours: Colours) -> None:
    """Each with a sentence, before any image is read."""
    import keras
    import onnx
    import tensorflow as tf
    from onnx import TensorProto, helper

    layers = keras.layers

    def network(shape: Any, name: str, **options: Any) -> Path:
        image = keras.Input(shape, **options)
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image))
        x = layers.Dense(7, activation="softmax")(x)
        keras.Model(image, x).save(tmp_path / f"{name}.keras")
        return tmp_path / f"{name}.keras"

    def boxes() -> Path:
        image = keras.Input((32, 32, 3))
        x = layers.Reshape((8, 8))(layers.Dense(64)(layers.GlobalAveragePooling2D()(image)))
        keras.Model(image, layers.Conv1D(4, 1)(x)).save(tmp_path / "boxes.keras")
        return tmp_path / "boxes.keras"

    def no_signature() -> Path:
        tf.saved_model.save(tf.Module(), str(tmp_path / "bare"))
        return tmp_path / "bare"

    def apart() -> Path:
        value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])
        weights = onnx.numpy_helper.from_array(np.ones((1, 3), np.float32), "w")
        graph = helper.make_graph(
            [helper.make_node("Add", ["x", "w"], ["y"])],
            "apart",
            [value],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
            [weights],
        )
        where = {"save_as_external_data": True, "location": "apart.data", "size_threshold": 0}
        onnx.save(helper.make_model(graph), tmp_path / "apart.onnx", **where)
        (tmp_path / "apart.data").unlink()
        return tmp_path / "apart.onnx"

    for path, told in (
        (network((32, 48, 3), "wide"), "32 x 48 pixels. A run has square images"),
        (network((None, None, 3), "open"), r"\? x \? pixels. A run has square images"),
        (network((32, 32, 1), "grey"), "takes grey images"),
        (boxes(), "object detector"),
        (no_signature(), "no signature"),
        (apart(), "which isn't beside it"),
        (tmp_path, "no SavedModel"),
    ):
        with pytest.raises(InputError, match=told):
            adopt(path, colours("crop"), tmp_path / "run")
        assert not list(tmp_path.glob("run*"))


def extra(colours: Colours, tmp_path: Path) -> Path:
    """Images of an eighth class besides."""
    folder = tmp_path / "eight"
    shutil.copytree(colours("crop"), folder)
    shutil.copytree(folder / "nv", folder / "other")
    return folder
