"""tflite-support, whose tools Android's are, reads what we wrote. In an environment of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skinlite.vocabulary import CLASSES
from skinlite_export.bundle.folder import Bundle
from skinlite_export.metadata.check import read_tflite

PACKAGES = ["tflite-support==0.4.4", "flatbuffers==2.0.7", "numpy<2"]
"""Only what reading metadata needs: the whole of it brings an audio stack and protobuf 3."""

READ = """
import json, sys
from tensorflow_lite_support.metadata.cc.python import _pywrap_metadata_version as parser
from tensorflow_lite_support.metadata.python import metadata

content = open(sys.argv[1], "rb").read()
shown = metadata.MetadataDisplayer.with_model_buffer(content)
buffer = bytes(shown.get_metadata_buffer())
populator = metadata.MetadataPopulator.with_model_buffer(content)
populator.load_metadata_buffer(bytearray(buffer))
print(json.dumps({
    "metadata": json.loads(shown.get_metadata_json()),
    "packed": shown.get_packed_associated_file_list(),
    "recorded": populator.get_recorded_associated_file_list(),
    "labels": shown.get_associated_file_buffer("labels.txt").decode(),
    "parser": parser.GetMinimumMetadataParserVersion(buffer),
}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with tflite-support, which can't be installed beside ours."""
    folder = tmp_path_factory.mktemp("tflite_support")
    here = folder / "bin" / "python"
    # By our pip: to put one into the environment takes longer than all the rest.
    pip = [sys.executable, "-m", "pip", "--python", here, "install", "--no-compile"]
    pip += ["--quiet", "--disable-pip-version-check", "--no-deps"]
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", folder],
        [*pip, "--only-binary=:all:", "--retries=0", "--timeout=20", *PACKAGES],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            pytest.skip("no environment with tflite-support could be made in five minutes")
        if done.returncode:
            reason = (done.stderr.strip() or "venv failed").splitlines()[-1]
            pytest.skip(f"no environment with tflite-support can be made: {reason}")
    return here


@pytest.mark.slow
def test_the_displayer_shows_it(tiny_bundle: Bundle, python: Path) -> None:
    path = tiny_bundle.path / "model.tflite"
    told = subprocess.run(
        [python, "-c", READ, path], capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, Any] = json.loads(told)
    shown, (tables, files) = found["metadata"], read_tflite(path)
    for field in ("name", "description", "version", "author", "license"):
        assert shown[field] == getattr(tables, field)
    assert shown["min_parser_version"] == found["parser"]
    assert sorted(found["packed"]) == sorted(found["recorded"]) == sorted(files)
    assert found["labels"].split() == list(CLASSES)
    (graph,) = shown["subgraph_metadata"]
    inputs = {one["name"]: one for one in graph["input_tensor_metadata"]}
    content = inputs["image"]["content"]["content_properties"]
    assert content == {"color_space": "RGB", "default_size": {"width": 48, "height": 48}}
    (unit,) = inputs["image"]["process_units"]
    assert unit == {"options_type": "NormalizationOptions", "options": {"mean": [0], "std": [1]}}
    kinds = [one["type"] for one in inputs["patient"]["associated_files"]]
    assert kinds == ["TENSOR_AXIS_LABELS"]
    (answer,) = graph["output_tensor_metadata"]
    assert [one.get("locale") for one in answer["associated_files"]] == [None, "en"]
