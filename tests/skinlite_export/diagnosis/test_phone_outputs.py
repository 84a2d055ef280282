"""phone.json as it must not be: what is wrong with it is told, and nothing is diagnosed."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.errors import InputError
from skinlite.files.read_write import MOST_BYTES
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.bundle.golden import read_vectors
from skinlite_export.diagnosis.phone_outputs import read_outputs

RightOutputs = Callable[[Bundle], dict[str, Any]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one.update(schema_version=2), "schema_version"),
        (lambda one: one.update(model="other.tflite"), f"only {TFLITE}"),
        (lambda one: one["vectors"][0].update(picture="me.png"), "no golden image 'me.png'"),
        (lambda one: one["vectors"].append(one["vectors"][0]), "akiec.png is in it twice"),
        (lambda one: one["vectors"][1]["image"].pop(), "image has 6911 numbers instead of 6912"),
        (lambda one: one["vectors"][1]["probabilities"].append(0), "8 numbers instead of 7"),
        (lambda one: one["vectors"][1].update(patient={"age": [5]}), "are patient, not age"),
        (lambda one: one["vectors"][3]["probabilities"].insert(0, np.nan), "finite number"),
        (lambda one: one["vectors"].clear(), "vectors"),
        (lambda one: one["vectors"].append({"picture": "mel.png"}), "neither image nor patient"),
        (lambda one: one.update(Vectors=[]), "Vectors"),
    ],
)
def test_bad_input(
    right_outputs: RightOutputs,
    tiny_bundle: Bundle,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], None],
    words: str,
) -> None:
    path, document = tmp_path / "phone.json", right_outputs(tiny_bundle)
    path.write_text(json.dumps(document))
    assert len(read_outputs(path, tiny_bundle, read_vectors(tiny_bundle)).vectors) == 8
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=re.escape(words)):
        read_outputs(path, tiny_bundle, read_vectors(tiny_bundle))


def test_files_that_are_no_outputs(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, known = tmp_path / "phone.json", read_vectors(tiny_bundle)
    for place in (path, tmp_path):
        with pytest.raises(InputError, match=place.name):
            read_outputs(place, tiny_bundle, known)
    path.write_text("no JSON")
    with pytest.raises(InputError, match="damaged"):
        read_outputs(path, tiny_bundle, known)
    with path.open("r+b") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(InputError, match=r"phone\.json has more than 64 MB, the limit"):
        read_outputs(path, tiny_bundle, known)
