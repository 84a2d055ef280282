"""A bundle whose file takes and gives other tensors, through every command that runs it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skinlite.training.runs.run import Run
from skinlite.vocabulary import IMAGE
from skinlite_benchmarks.measure.worker import Request, Worker
from skinlite_export.bundle.folder import Bundle


def test_a_bundle_with_all_of_it(
    conv_run: Run, skinlite: Callable[..., Any], tmp_path: Path
) -> None:
    """Exported, verified, asked, scored and timed through the command line."""
    out = tmp_path / "bundle"
    options = ["--resize-in-graph", "450x600", "--patient-input", "raw", "--with-attention"]
    code, _, err = skinlite(
        "export", "--model", conv_run.path, "--out", out, "--gates", "off", *options
    )
    assert code == 0, err
    code, told, err = skinlite("verify", out)
    assert code == 0, err
    manifest = json.loads((out / "manifest.json").read_text())
    inputs = manifest["signatures"]["model.tflite"]["inputs"]
    assert [(one["name"], one["dtype"]) for one in inputs] == [
        (IMAGE, "uint8"),
        ("age", "float32"),
        ("sex", "int32"),
        ("site", "int32"),
    ]
    vectors = json.loads((out / "golden" / "vectors.json").read_text())["vectors"]
    expected = vectors[0]["models"]["model.tflite"]
    assert expected["pixels"] == "akiec.450x600.png"
    assert set(expected["patient"]) == {"age", "sex", "site"}
    assert len(expected["attention"]) == 8
    overlay = tmp_path / "overlay.png"
    image = out / "golden" / "mel.png"
    code, _, err = skinlite("predict", out, image, "--age", "55", "--attention", overlay)
    assert code == 0, err
    with Image.open(overlay) as seen:
        assert seen.size[0] == seen.size[1] == 225
    code, told, err = skinlite("evaluate", out, "--model", conv_run.path, "--json")
    assert code == 0, err
    proof = manifest["verification"]["files"][0]["metrics"]
    assert json.loads(told)["confusion"] == proof["confusion"]
    worker = Worker(out / "model.tflite", "litert", 1, 0)
    assert worker.loaded.image_shape == (450, 600, 3)
    assert len(worker.turn(Request(timed=2, untimed=0)).nanoseconds) == 2


def test_attention_that_is_not_there(
    skinlite: Callable[..., Any], tiny_bundle: Bundle, image: Path, tmp_path: Path
) -> None:
    line = ["predict", tiny_bundle.path, image, "--attention"]
    code, _, err = skinlite(*line, tmp_path / "overlay.png")
    assert code == 2 and "--with-attention" in err
    code, _, err = skinlite(*line, tmp_path / "overlay.tiff")
    assert code == 2 and ".png" in err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--io", "int8", "--quantize", "float16"], "--io uint8"),
        (["--io", "uint8", "--ranges", "minmax"], "--ranges mse"),
        (["--io", "int8", "--patient-input", "raw"], "--io uint8"),
        (["--integer-only", "--patient-input", "raw"], "Leave one out"),
        (["--io", "float32", "--resize-in-graph", "450x600"], "--io uint8"),
        (["--resize-in-graph", "900x1200"], "larger than 450x600"),
        (["--resize-in-graph", "0x600"], "450x600"),
        (["--resize-in-graph", "450"], "HEIGHTxWIDTH"),
        (["--io", "int16"], "--io"),
        (["--patient-input", "json"], "--patient-input"),
    ],
)
def test_what_can_not_be_had_together(
    skinlite: Callable[..., Any], flags: list[str], told: str
) -> None:
    code, out, err = skinlite("export", *flags)
    assert (code, out) == (2, "")
    assert told in err
