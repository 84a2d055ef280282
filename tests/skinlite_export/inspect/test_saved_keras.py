"""SavedModels of Keras 2 are built anew from their layers; the graph in them is never loaded."""

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite_export.inspect.open_model import open_model
from skinlite_export.inspect.opened import Opened

SIZE = 16


def network(keras: Any, last: Callable[[Any], Any] = lambda x: x) -> Any:
    """With two networks in it, a depthwise convolution, and an operator with a number."""
    layers = keras.layers
    image = layers.Input((SIZE, SIZE, 3), name="photo")
    x = image / 127.5 - 1.0 if keras.__name__ == "tf_keras" else image
    x = layers.Conv2D(4, 3, activation="relu")(layers.RandomFlip()(x))
    inner = keras.Sequential([layers.Input((14, 14, 4)), layers.DepthwiseConv2D(3)], name="inner")
    base = layers.Input((12, 12, 4))
    norm = layers.BatchNormalization(moving_mean_initializer="random_normal")
    x = keras.Model(base, norm(base), name="base")(inner(x))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, last(layers.Dense(7, activation="softmax")(x)))


def saved(folder: Path, model: Any) -> Path:
    model.save(folder / "theirs", save_format="tf")
    return folder / "theirs"


def answers(opened: Opened, model: Any) -> tuple[Any, Any]:
    images = np.random.default_rng(0).uniform(0, 255, (4, SIZE, SIZE, 3)).astype(np.float32)
    return opened.network.predict_on_batch(images), np.asarray(model(images, training=False))


@pytest.mark.parametrize("older", [False, True], ids=["metadata", "in-the-graph"])
def test_it_is_built_anew(older: bool, tmp_path: Path) -> None:
    import tf_keras

    from skinlite_export.inspect.saved_keras import METADATA

    model = network(tf_keras)
    path = saved(tmp_path, model)
    if older:
        _into_the_graph(path)
        assert not (path / METADATA).exists()
    opened = open_model(path)
    found = opened.inspection
    assert (found.runs, found.format, found.scores) == ("", "saved_model", "probabilities")
    assert found.signatures == ("serving_default",) and len(found.sha256) == 64
    assert found.inputs[0].shape == (None, SIZE, SIZE, 3) and found.made_by.startswith("TensorFlow")
    made, expected = answers(opened, model)
    assert np.ptp(expected, axis=0).max() > 1e-4 and np.abs(made - expected).max() < 1e-6
    shutil.copy(path / "fingerprint.pb", path / "more")
    assert open_model(path).inspection.sha256 != found.sha256


def _into_the_graph(path: Path) -> None:
    """As TensorFlow 2.4 saved it."""
    from tensorflow.core.protobuf import saved_model_pb2
    from tf_keras.protobuf import saved_metadata_pb2

    graph, notes = saved_model_pb2.SavedModel(), saved_metadata_pb2.SavedMetadata()
    graph.ParseFromString((path / "saved_model.pb").read_bytes())
    notes.ParseFromString((path / "keras_metadata.pb").read_bytes())
    for node in notes.nodes:
        graph.meta_graphs[0].object_graph_def.nodes[
            node.node_id
        ].user_object.metadata = node.metadata
    (path / "saved_model.pb").write_bytes(graph.SerializeToString())
    (path / "keras_metadata.pb").unlink()


def test_what_has_no_layers_or_code_isn_t_run(tmp_path: Path) -> None:
    import keras
    import tf_keras

    network(keras).export(tmp_path / "exported", format="tf_saved_model", verbose=False)
    assert "aren't beside it, as in what Keras 3 exports" in refusal(tmp_path / "exported")
    for code, told in (
        (tf_keras.layers.Lambda(lambda x: x * 1.0, name="mine"), "Lambda 'mine'"),
        (lambda x: x**2, "TFOpLambda"),
    ):
        path = saved(tmp_path, network(tf_keras, code))
        assert told in refusal(path) and "model.save('model.keras')" in refusal(path)
        shutil.rmtree(path)
    path = saved(tmp_path, network(tf_keras))
    (path / "keras_metadata.pb").write_bytes(b"\xff" * 99)
    assert "keras_metadata.pb is damaged" in refusal(path)


def test_weights_that_are_missing_or_others(tmp_path: Path) -> None:
    import tf_keras

    path = saved(tmp_path, network(tf_keras))
    other = tf_keras.Sequential([tf_keras.layers.Input((3,)), tf_keras.layers.Dense(9)])
    other.save(tmp_path / "other", save_format="tf")
    shutil.rmtree(path / "variables")
    assert "can't be built anew" in refusal(path)
    shutil.copytree(tmp_path / "other" / "variables", path / "variables")
    assert "can't be built anew" in refusal(path)


def refusal(path: Path) -> str:
    opened = open_model(path)
    assert opened.run is None and opened.network is None
    return opened.refusal()


def quirks(layers: Any, keras: Any, *, per_image: bool) -> Any:
    """A network in a network in a Sequential, as people ship MobileNetV3: see the test."""
    import tensorflow as tf

    inner_image = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, use_bias=False, name="Conv/first")(inner_image)
    x = layers.BatchNormalization(name="Conv/BatchNorm", gamma_initializer="random_normal")(x)
    x = layers.ReLU(6.0)(x + 3.0) * (1 / 6)
    inner = keras.Model(inner_image, layers.Conv2D(4, 1, name="last/Conv")(x) + x)
    image = keras.Input((12, 12, 3))
    fed = image
    if per_image:
        fed = tf.image.per_image_standardization(tf.cast(image, tf.float32))
    else:
        fed = keras.applications.resnet50.preprocess_input(fed)
        fed = keras.applications.densenet.preprocess_input(fed)
        fed = 0.5 + (1.0 - 2.0 * fed)  # the number comes first
    x = tf.reduce_mean(inner(fed), axis=[1, 2])
    whole = keras.Model(image, tf.nn.softmax(layers.Dense(3)(x)))
    return keras.Sequential([layers.InputLayer((12, 12, 3)), whole, layers.Activation("linear")])


@pytest.mark.parametrize("per_image", [False, True])
@pytest.mark.parametrize("name", ["theirs.h5", "theirs"])
def test_what_keras_2_writes_of_usual_networks(name: str, per_image: bool, tmp_path: Path) -> None:
    """Its preprocessing, names with slashes, axes in lists, sums by operators: equal to Keras 2."""
    import tf_keras

    tf_keras.utils.set_random_seed(0)
    network = quirks(tf_keras.layers, tf_keras, per_image=per_image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        network.save(tmp_path / name)
    opened = open_model(tmp_path / name)
    assert opened.run, opened.inspection.runs
    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (3, 12, 12, 3)) * random.uniform(0, 1, (3, 1, 1, 3))
    images = images.astype(np.float32)
    (found,) = opened.run([images])
    assert found == pytest.approx(network(images).numpy(), abs=1e-5)
    assert np.ptp(found, axis=0).max() > 1e-4


def test_a_file_with_the_suffix_of_the_other(tmp_path: Path) -> None:
    import keras

    network(keras).save(tmp_path / "model.keras")
    (tmp_path / "model.keras").rename(tmp_path / "model.h5")
    opened = open_model(tmp_path / "model.h5")
    assert opened.run and opened.inspection.format == "keras"
