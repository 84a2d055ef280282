"""Files and lists that are no classifier of these images, by the commands as they are typed.

Each ends in a sentence, with exit code 2, and nothing is written.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from .conftest import COLOURS, SIZE

Made = Callable[..., Path]
SEVEN = ",".join(COLOURS)
FED = ("--pixels", "0-255", "--channels", "RGB", "--geometry", "stretch")


@pytest.fixture
def refused(skinlite: Callable[..., Any], coloured: Made, tmp_path: Path) -> Callable[..., None]:
    """Runs a command on a file and the images; ``told`` is of its last message."""

    def run(command: str, file: Path, told: str, *options: str, data: Path | None = None) -> None:
        out = tmp_path / "out"
        written = {"inspect": ("--feed", out), "adopt": ("--out", out), "benchmark": ("--out", out)}
        where = (*written[command], "--data", data or coloured())
        done = skinlite(command, file, *where, *options)
        said = " ".join(done.err.split())
        assert done.code == 2 and told in said, (command, file.name, done)
        assert not list(tmp_path.glob("out*")), command

    return run


def detector(path: Path) -> Path:
    """Boxes, scores, classes and their number, as TFLite's post-processing gives them."""
    shapes = {"boxes": (1, 10, 4), "kinds": (1, 10), "scores": (1, 10), "count": (1,)}
    constants = [
        numpy_helper.from_array(np.ones(shape, np.float32), f"of_{name}")
        for name, shape in shapes.items()
    ]
    steps = [helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0)]
    steps += [helper.make_node("Mul", ["mean", f"of_{name}"], [name]) for name in shapes]
    float_ = TensorProto.FLOAT
    graph = helper.make_graph(
        steps,
        "detector",
        [helper.make_tensor_value_info("image", float_, (1, SIZE, SIZE, 3))],
        [helper.make_tensor_value_info(name, float_, shape) for name, shape in shapes.items()],
        constants,
    )
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    return path


def keras_network(path: Path, outputs: int = 1, classes: int = 7) -> Path:
    import keras

    image = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(image))
    gives = [keras.layers.Dense(classes, "softmax")(x) for _ in range(outputs)]
    keras.Model(image, gives[0] if outputs == 1 else gives).save(path)
    return path


def test_several_outputs(refused: Callable[..., None], onnx_file: Made, tmp_path: Path) -> None:
    file = onnx_file(outputs=2)
    refused("inspect", file, "2 of its outputs")
    refused("benchmark", file, "2 of its outputs", "--classes", SEVEN, *FED)
    refused("adopt", keras_network(tmp_path / "two.keras", outputs=2), "outputs")


def test_an_object_detector(refused: Callable[..., None], tmp_path: Path) -> None:
    file = detector(tmp_path / "detector.onnx")
    refused("inspect", file, "object detector")
    refused("benchmark", file, "object detector", "--classes", SEVEN, *FED)
    refused("adopt", file, ".onnx")


def test_no_row_of_scores(refused: Callable[..., None], tmp_path: Path) -> None:
    """As YOLO gives it: for each of eight places a box and how likely it is."""
    import keras

    image = keras.Input((32, 32, 3))
    x = keras.layers.Dense(40)(keras.layers.GlobalAveragePooling2D()(image))
    file = tmp_path / "yolo.keras"
    keras.Model(image, keras.layers.Reshape((8, 5), name="boxes")(x)).save(file)
    for command in ("inspect", "adopt"):
        refused(command, file, "is ? x 8 x 5), so that it is no image classifier")


def test_a_batch_that_isnt_1(
    refused: Callable[..., None], onnx_file: Made, skinlite: Callable[..., Any], coloured: Made
) -> None:
    """One that is open is told and tried; a fixed one of 8 can't be timed as an app runs it."""
    file = onnx_file(batch="N")
    done = skinlite("inspect", file, "--data", coloured())
    assert done.code == 0 and "no fixed batch" in done.out
    refused("benchmark", onnx_file(batch=8), "batches of 8", "--classes", SEVEN, *FED)


def test_eight_classes_on_seven(
    refused: Callable[..., None], onnx_file: Made, tmp_path: Path
) -> None:
    file = onnx_file(extra=1)
    refused("benchmark", file, "7", "--classes", SEVEN, *FED)
    refused("benchmark", file, "scc", "--classes", f"scc,{SEVEN}", *FED)
    eight = keras_network(tmp_path / "eight.keras", classes=8)
    refused("adopt", eight, "8")
    refused("adopt", eight, "scc", "--classes", f"scc,{SEVEN}")


def test_integers_without_a_scale(refused: Callable[..., None], tflite_file: Made) -> None:
    file = tflite_file(dtype="INT8", scale=False)
    refused("inspect", file, "int8 without a scale")
    refused("benchmark", file, "int8 without a scale", "--classes", SEVEN, *FED)


def test_labels_that_are_numbers(
    refused: Callable[..., None], onnx_file: Made, coloured: Made, tmp_path: Path
) -> None:
    """1-based or 0-based: a number doesn't say."""
    for number, name in enumerate(COLOURS, 1):
        shutil.copytree(coloured() / name, tmp_path / "numbered" / str(number))
    numbered, told = tmp_path / "numbered", "a number is no name of a class"
    refused("inspect", onnx_file(), told, data=numbered)
    refused(
        "benchmark",
        onnx_file(),
        "accuracies of different classes don't compare",
        "--classes",
        "1,2,3,4,5,6,7",
        *FED,
    )
    refused(
        "adopt",
        keras_network(tmp_path / "k.keras"),
        "a number is no name of a class",
        data=numbered,
    )


def test_weights_without_a_network(refused: Callable[..., None], tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.create_group("dense")
        file.attrs["layer_names"] = ["dense"]
    for command in ("inspect", "adopt"):
        refused(command, path, "weights only")
    refused("benchmark", path, "w.h5", "--classes", SEVEN, *FED)


def test_a_saved_model_without_a_signature(refused: Callable[..., None], tmp_path: Path) -> None:
    import tensorflow as tf

    tf.saved_model.save(tf.Module(), str(tmp_path / "bare"))
    for command in ("inspect", "adopt"):
        refused(command, tmp_path / "bare", "no signature")
    refused("benchmark", tmp_path / "bare", "bare", "--classes", SEVEN, *FED)


def test_an_onnx_without_its_weights(
    refused: Callable[..., None], onnx_file: Made, tmp_path: Path
) -> None:
    file = tmp_path / "apart.onnx"
    apart = {"save_as_external_data": True, "location": "apart.data", "size_threshold": 0}
    onnx.save(onnx.load(onnx_file()), file, **apart)
    (tmp_path / "apart.data").unlink()
    for command in ("inspect", "benchmark", "adopt"):
        refused(command, file, "isn't beside it")


def test_a_name_twice(refused: Callable[..., None], onnx_file: Made, tmp_path: Path) -> None:
    twice = SEVEN.replace("nv", "mel")
    refused("benchmark", onnx_file(), "mel twice", "--classes", twice, *FED)
    refused("adopt", keras_network(tmp_path / "k.keras"), "'mel' twice", "--classes", twice)
    table = tmp_path / "map.csv"
    table.write_text("label,class\nmel,a\nmel,b\n")
    refused("inspect", onnx_file(), "mel", "--label-map", str(table))


def test_weights_that_are_no_numbers(
    refused: Callable[..., None], onnx_file: Made, tmp_path: Path
) -> None:
    """They would be logits that tell nothing, after a minute of trials."""
    file = onnx_file(groups=np.full((7, 7), np.nan, np.float32))
    refused("inspect", file, "no numbers")
    refused("benchmark", file, "no numbers", "--classes", SEVEN, *FED)
    made = keras_network(tmp_path / "k.keras")
    import keras

    network = keras.saving.load_model(made)
    network.set_weights([np.full_like(one, np.nan) for one in network.get_weights()])
    network.save(made)
    refused("adopt", made, "no numbers")
