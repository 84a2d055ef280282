"""What a file is, without running what may be anybody's code."""

import json
import threading
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

from skinlite.data.dataset import read_dataset
from skinlite.errors import InputError
from skinlite.process.threads import in_threads
from skinlite_export.bundle.folder import Bundle
from skinlite_export.inspect.feeding.how_to_feed import find_feed
from skinlite_export.inspect.feeding.labelled_images import draw_images
from skinlite_export.inspect.feeding.trials import patients_for
from skinlite_export.inspect.open_model import open_model
from skinlite_export.tflite.flatbuffer import pack, unpack

Made = Callable[..., Path]


def test_a_tflite_without_a_signature(tflite_file: Made) -> None:
    found = open_model(tflite_file(dtype="UINT8")).inspection
    (image,), (scores,) = found.inputs, found.outputs
    assert (image.name, image.shape, image.layout) == ("pixels", (1, 16, 16, 3), "NHWC")
    assert image.quantization and image.quantization.zero_point == 127
    assert (scores.shape, found.scores, found.signatures) == ((1, 7), "probabilities", ())
    assert found.operators == dict.fromkeys(
        ("DEQUANTIZE", "RELU_N1_TO_1", "MEAN", "FULLY_CONNECTED", "SOFTMAX"), 1
    )
    assert any("no signature" in one for one in found.suspicions)


def test_a_damaged_zip_behind_a_model_is_told(tflite_file: Made, tmp_path: Path) -> None:
    path, whole = tflite_file(), tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.txt", "nv\nmel\n" * 99)
    model, behind = path.read_bytes(), whole.read_bytes()
    for content, damaged in (
        (b"", False),
        (behind, False),
        (behind[:-30], True),  # cut
        (behind[:-22], True),  # without its end
        (behind[:40] + b"\0\0\0\0" + behind[44:], True),  # of another content
    ):
        path.write_bytes(model + content)
        found = open_model(path).inspection
        assert found.runs == "" and ("damaged zip" in found.metadata) == damaged
        assert any("zip behind the model" in one for one in found.suspicions) == damaged
        assert ("labels.txt" in found.metadata) == (content == behind)


def test_what_a_phone_lacks_is_suspicious(tflite_file: Made) -> None:
    for name, reason in (("FlexErf", "Select ops library"), ("Mine", "Mine are custom operators")):
        found = open_model(tflite_file(custom=name)).inspection
        assert found.runs.startswith("LiteRT can't run it: ") and found.scores == "unknown"
        assert any(reason in one for one in found.suspicions)
        assert found.inputs[0].layout == "NHWC"
    found = open_model(tflite_file(dtype="INT8", scale=False)).inspection
    assert "'pixels' is int8 without quantization parameters." in found.suspicions


def test_why_integers_without_a_scale_do_not_run(tflite_file: Made, tmp_path: Path) -> None:
    """LiteRT names a line of its source; what is wrong and what to do is in the file."""
    model = unpack(tflite_file().read_bytes())
    for tensor in model.subgraphs[0].tensors:
        buffer = model.buffers[tensor.buffer]
        if tensor.name == b"bias":
            tensor.type = schema.TensorType.INT32
        elif tensor.type == schema.TensorType.FLOAT32:
            tensor.type = schema.TensorType.INT8
            buffer.data = None if buffer.data is None else buffer.data[::4]
    path = tmp_path / "unscaled.tflite"
    path.write_bytes(pack(model, 4096))
    found = open_model(path).inspection
    assert found.runs.startswith(
        "LiteRT can't run it: 'pixels' is int8 without quantization parameters. Convert it again "
        "with a representative dataset, or get the file with its quantization. "
    )


def test_our_own_file(exported: Callable[..., Bundle], tiny_data: Path) -> None:
    bundle = exported()
    opened = open_model(bundle.path / "model.tflite")
    found = opened.inspection
    assert {tensor.name for tensor in found.inputs} == {"image", "patient"}
    assert found.partitions == bundle.manifest.audit.partitions == 1
    assert found.float_islands and found.number_formats["int8"] > sum(found.float_islands.values())
    assert "contract.json" in found.metadata and found.signatures == ("serving_default",)
    assert found.metadata["name"] and found.scores == "probabilities"
    data = draw_images(tiny_data, 40)
    patients = patients_for(opened, data)["patient"]
    expected = bundle.encoder().encode_frame(
        read_dataset(tiny_data).select(data.frame["image_id"]).frame
    )
    assert np.allclose(patients, expected)
    assert find_feed(opened, tiny_data, 40).images >= 21


def test_the_three_answers_of_a_patient(exported: Callable[..., Bundle], tiny_data: Path) -> None:
    bundle = exported(io="uint8", patient_input="raw", with_attention=True)
    opened = open_model(bundle.path / "model.tflite")
    answers = patients_for(opened, draw_images(tiny_data, 40))
    assert set(answers) == {"age", "sex", "site"} and len(answers["age"]) >= 21
    found = find_feed(opened, tiny_data, 40)
    assert found.feed.height == 32 and not any("nobody knows" in note for note in found.notes)


def test_an_onnx(onnx_file: Made) -> None:
    found = open_model(onnx_file(layout="NCHW", batch="batch", logits=True, outputs=2)).inspection
    assert found.inputs[0].shape == (None, 3, 16, 16) and found.inputs[0].layout == "NCHW"
    assert found.operators == {"Clip": 1, "ReduceMean": 1, "Gemm": 1, "Identity": 1}
    told = " ".join(found.suspicions)
    assert "no fixed batch" in told and "2 outputs: 'logits', 'other_1'" in told
    assert found.made_by == "colours"
    assert any(
        "batches of 8" in one for one in open_model(onnx_file(batch=8)).inspection.suspicions
    )


def test_an_onnx_whose_weights_are_missing(onnx_file: Made, tmp_path: Path) -> None:
    model = onnx.load(onnx_file())
    (kernel,) = (one for one in model.graph.initializer if one.name == "kernel")
    kernel.CopyFrom(numpy_helper.from_array(np.zeros((3, 7), np.float32), "kernel"))
    onnx.save(
        model, tmp_path / "big.onnx", save_as_external_data=True, location="big.data",
        size_threshold=0,
    )  # fmt: skip
    whole = open_model(tmp_path / "big.onnx").inspection
    assert whole.bytes > (tmp_path / "big.onnx").stat().st_size
    (tmp_path / "big.data").unlink()
    with pytest.raises(InputError, match=r"'big\.data', which isn't beside it"):
        open_model(tmp_path / "big.onnx")


def keras_zip(path: Path, config: Any) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.9.0"}))
        archive.writestr("model.weights.h5", b"")
    return path


def keras_h5(path: Path, config: Any) -> Path:
    with h5py.File(path, "w") as file:
        if config is None:
            file.create_group("dense")
            file.attrs["layer_names"] = ["dense"]
        else:
            file.attrs["model_config"] = json.dumps(config)
            file.attrs["keras_version"] = "2.4.0"
    return path


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ({"class_name": "Lambda", "config": {"name": "run"}}, "Lambda 'run'"),
        (
            {
                "class_name": "Lambda",
                "config": {
                    "name": "run",
                    "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}},
                },
            },
            "Lambda 'run' is code",
        ),
        (
            {
                "class_name": "Dense",
                "config": {
                    "name": "d",
                    "activation": {"class_name": "__lambda__", "config": {"code": "4wEA"}},
                },
            },
            "__lambda__ is code",
        ),
        ({"class_name": "TFOpLambda", "config": {"name": "tf.math"}}, "TFOpLambda 'tf.math'"),
        ({"class_name": "Mine", "module": "app", "config": {"name": "a"}}, "Mine 'a'"),
        (
            {
                "class_name": "Dense",
                "config": {
                    "name": "d",
                    "activation": {"module": "os", "class_name": "function", "config": "system"},
                },
            },
            "function 'system'",
        ),
        (
            {
                "class_name": "Dense",
                "config": {
                    "name": "d",
                    "activation": {
                        "module": "builtins",
                        "class_name": "function",
                        "config": "eval",
                    },
                },
            },
            "function 'eval'",
        ),
        ({"class_name": "app>Mine", "config": {"name": "a"}}, "app>Mine 'a'"),
        (
            {
                "class_name": "TimeDistributed",
                "config": {
                    "name": "t",
                    "layer": {"class_name": "Lambda", "config": {"name": "inner"}},
                },
            },
            "Lambda 'inner'",
        ),
    ],
)
def test_code_in_a_keras_file_is_named_and_never_run(
    layer: dict[str, Any], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def load(*_: object, **__: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr(keras.saving, "load_model", load)
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}}
    for path in (keras_zip(tmp_path / "a.keras", config), keras_h5(tmp_path / "a.h5", config)):
        found = open_model(path).inspection
        assert found.runs.startswith(f"It isn't run, because {name}")
        assert found.operators["Sequential"] == 1


def test_keras_files_of_2_and_3(tmp_path: Path, coloured: Made) -> None:
    import keras
    import tf_keras

    for library, name in ((keras, "3.keras"), (keras, "3.h5"), (tf_keras, "2.h5")):
        layers = library.layers
        model = library.Sequential(
            [
                layers.Input((8, 8, 3)),
                layers.Rescaling(1 / 255),
                layers.GlobalAveragePooling2D(),
                layers.Dense(7, activation="softmax"),
            ]
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # .h5 is legacy: that is the point
            model.save(tmp_path / name)
        opened = open_model(tmp_path / name)
        found = opened.inspection
        assert found.runs == "" and found.scores == "probabilities" and found.parameters == 28
        assert found.inputs[0].shape == (None, 8, 8, 3) and found.operators["Rescaling"] == 1
        assert found.made_by == f"Keras {library.__version__}"
    assert find_feed(opened, coloured()).images >= 21


def test_names_that_tensorflow_does_not_take(tmp_path: Path) -> None:
    """Keras loads them; TensorFlow's graphs, in which it predicts, refused them."""
    import keras

    layers = keras.layers
    image = keras.Input((8, 8, 3), name="my image")
    inner = keras.Sequential([layers.Conv2D(3, 3, name="Conv 1"), layers.Flatten()], name="größe")
    scores = layers.Dense(7, activation="softmax", name="Conv(1)")(inner(image))
    keras.Model(image, scores).save(tmp_path / "named.keras")
    opened = open_model(tmp_path / "named.keras")
    assert opened.inspection.runs == "" and opened.network is not None
    assert opened.run([np.ones((1, 8, 8, 3), np.float32)])[0].shape == (1, 7)
    assert [layer.name for layer in opened.network.layers][1:] == ["gr__e", "Conv_1_"]


def test_a_saved_model(tmp_path: Path) -> None:
    import tensorflow as tf

    class Net(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3), name="image")])
        def __call__(self, image: Any) -> Any:
            return {"scores": tf.nn.softmax(tf.reduce_mean(image, (1, 2)))}

    net = Net()
    tf.saved_model.save(net, str(tmp_path / "whole"), signatures=net.__call__)
    found = open_model(tmp_path / "whole").inspection
    assert found.inputs[0].shape == (None, 8, 8, 3) and found.outputs[0].name == "scores"
    assert found.operators["Softmax"] == 1 and "may read and write files" in found.runs
    tf.saved_model.save(tf.Module(), str(tmp_path / "bare"))
    with pytest.raises(InputError, match="no signature"):
        open_model(tmp_path / "bare")


def test_what_is_no_model(tmp_path: Path, tflite_file: Made, onnx_file: Made) -> None:
    def write(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    whole, graph = tflite_file().read_bytes(), onnx_file().read_bytes()
    cases = {
        keras_h5(tmp_path / "w.h5", None): "weights only, and no network to put them into",
        write("text.h5", b"hello"): "no .h5 of Keras",
        write("text.keras", b"hello"): "no .keras and no .h5 of Keras",
        write("cut.tflite", whole[:200]): "damaged|no .tflite",
        write("text.tflite", b"hello"): "no .tflite",
        write("empty.tflite", b""): "no .tflite",
        write("cut.onnx", graph[:100]): "no .onnx, or damaged|can't be read",
        write("empty.onnx", b""): "can't be read as .onnx",
        write("a.pt", b"PK"): "what is read are .tflite",
        tmp_path / "nothing.tflite": "There is no",
        tmp_path: "a folder without saved_model.pb",
    }
    for path, message in cases.items():
        with pytest.raises(InputError, match=message):
            open_model(path)


def test_on_jax_one_image_is_predicted_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There Keras gives a network's state away while it predicts."""
    import keras

    image = keras.Input((8, 8, 3))
    scores = keras.layers.Dense(3, "softmax")(keras.layers.GlobalAveragePooling2D()(image))
    keras.Model(image, scores).save(tmp_path / "theirs.keras")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    run = open_model(tmp_path / "theirs.keras").run
    assert run
    busy = threading.Lock()

    def predict(*_: Any) -> np.ndarray:
        assert busy.acquire(blocking=False)
        time.sleep(0.05)
        busy.release()
        return np.zeros((1, 3))

    monkeypatch.setattr(keras.Model, "predict_on_batch", predict)
    in_threads(lambda _: run([np.zeros((1, 8, 8, 3))]), range(4), 2)
