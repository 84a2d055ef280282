"""The sweep reaches what it is to disturb: hashes that are made anew hold."""

from pathlib import Path

import pytest

from skinlite_benchmarks.reliability.targets import change
from skinlite_export.bundle.folder import ENCODING, MANIFEST, open_bundle

from .conftest import write_bundle


@pytest.mark.parametrize("name", [ENCODING, MANIFEST])
def test_hashes_are_made_anew_and_the_whole_bundle_stays(tmp_path: Path, name: str) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for model in ("tiny.tflite", "tiny.onnx"):
        (models / model).write_bytes(b"model")
    whole = write_bundle(tmp_path / "whole", models)
    content = (whole / name).read_bytes() + b"\n"
    change(whole, name, content, tmp_path / "changed")
    assert (tmp_path / "changed" / name).read_bytes() == content
    open_bundle(tmp_path / "changed").check_files()
    open_bundle(whole).check_files()
