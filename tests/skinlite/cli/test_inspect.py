"""``skinlite inspect``: tables, --json, --feed, and what it says to bad input."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from PIL import Image

COLOURS = {"mel": (150, 60, 40), "nv": (90, 110, 40), "bcc": (200, 180, 60)}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder for each class, of six images."""
    random = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(6):
            levels = np.array(colour) + random.normal(0, 6, (12, 20, 3))
            path = tmp_path / "images" / name / f"{number}.png"
            Image.fromarray(levels.clip(0, 255).astype(np.uint8)).save(path)
    return tmp_path / "images"


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Path]:
    """Makes an .onnx of 8 px, RGB 0-255, that gives the nearest colour as logits."""

    def make(
        outputs: int = 1, sharp: float = 0.01, single: bool = False, sigmoid: bool = False
    ) -> Path:
        means = np.array([COLOURS[name] for name in ("nv", "mel", "bcc")], np.float32)
        constants: dict[str, Any] = {
            "axes": np.array([1, 2]),
            "kernel": 2 * sharp * means.T,
            "bias": -sharp * np.square(means).sum(1),
            "low": np.float32(0),
            "high": np.float32(255),
        }
        steps = [
            helper.make_node("Clip", ["pixels", "low", "high"], ["cut"]),
            helper.make_node("ReduceMean", ["cut", "axes"], ["mean"], keepdims=0),
            helper.make_node("Gemm", ["mean", "kernel", "bias"], ["logits"]),
        ]
        if single:  # how likely mel is, of nv and mel
            for name in ("kernel", "bias"):
                constants[name] = np.diff(constants[name])[..., :1]
        names = ["logits", *(f"more_{number}" for number in range(1, outputs))]
        if sigmoid:
            names = ["score"]
            steps.append(helper.make_node("Sigmoid", ["logits"], names))
        steps += [helper.make_node("Identity", ["logits"], [name]) for name in names[1:]]
        width = len(constants["bias"])
        graph = helper.make_graph(
            steps,
            "colours",
            [helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, [1, 8, 8, 3])],
            [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, width]) for n in names],
            [
                numpy_helper.from_array(np.asarray(value, getattr(value, "dtype", None)), name)
                for name, value in constants.items()
            ],
        )
        opset = [helper.make_opsetid("", 18)]
        path = tmp_path / f"colours-{outputs}-{sharp}-{single}-{sigmoid}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
        return path

    return make


def test_tables_json_and_feed(
    skinlite: Callable[..., Any], model: Callable[..., Path], images: Path, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.json"
    told = skinlite("inspect", model(), "--data", images, "--feed", feed)
    assert told.code == 0 and "1 x 8 x 8 x 3" in told.out
    assert "suspicious: Its outputs are logits" in told.out
    assert "outputs in order: nv, mel, bcc" in told.out
    written = json.loads(feed.read_text())
    assert written["classes"] == ["nv", "mel", "bcc"] and written["logits"]
    assert (written["pixels"], written["channels"], written["layout"]) == ("0-255", "RGB", "NHWC")
    asked = skinlite("inspect", model(), "--data", images, "--json")
    found = json.loads(asked.out)
    assert asked.code == 0 and found["schema_version"] == 1
    assert found["finding"]["feed"] == written and found["macs"] == 9
    bare = json.loads(skinlite("inspect", model(), "--json").out)
    assert bare["finding"] is None and bare["outputs"][0]["shape"] == [1, 3]


def test_a_single_output_is_named_as_the_file_has_it(
    skinlite: Callable[..., Any], model: Callable[..., Path], images: Path
) -> None:
    shutil.rmtree(images / "bcc")
    for sigmoid, through in ((True, ""), (False, ", through the logistic function,")):
        told = skinlite("inspect", model(single=True, sigmoid=sigmoid), "--data", images)
        assert told.code == 0
        assert f"output 0{through} is the probability of mel (nv: 1 minus it)" in told.out
        assert "1 - output 0" in told.out and "output 1" not in told.out


def test_what_cant_be_told_is_not_written(
    skinlite: Callable[..., Any], model: Callable[..., Path], images: Path, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.json"
    constant = skinlite("inspect", model(sharp=0.0), "--data", images, "--feed", feed)
    assert constant.code == 2 and "can't be told" in constant.out
    assert "pixels, channels, class bcc, class mel, class nv can't be told" in constant.err
    assert "All 18 images that count were tried, one a lesion" in constant.err
    assert "--images" not in constant.err
    fewer = skinlite("inspect", model(sharp=0.0), "--data", images, "--feed", feed, "--images", "9")
    assert "can't be told. Try more with --images" in fewer.err
    two = skinlite("inspect", model(outputs=2), "--data", images, "--feed", feed, "--json")
    assert two.code == 2 and "2 of its outputs" in two.err
    assert "2 of its outputs" in json.loads(two.out)["refused"]
    assert skinlite("inspect", model(), "--feed", feed).code == 2
    assert skinlite("inspect", model(), "--data", tmp_path / "none").code == 2
    assert skinlite("inspect", tmp_path / "none.onnx").code == 2
    assert not feed.exists()
