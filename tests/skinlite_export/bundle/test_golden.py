"""Golden vectors: they hold on the bundle they came from, and name the stage that does not."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared
from skinlite.vocabulary import CLASSES
from skinlite_export.bundle.check_golden import _check_decoder, _difference, check_golden
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.bundle.golden import FOLDER, VECTORS, read_vectors


def test_they_hold_on_an_untouched_bundle(tiny_bundle: Bundle) -> None:
    images, tflite, onnx, decisions = check_golden(tiny_bundle)
    assert images == "8 golden images: pixels and encoded metadata are equal"
    assert tflite.startswith("model.tflite: probabilities within 0.0e+00")
    assert onnx.startswith("model.onnx: probabilities within ")
    assert decisions == "decisions: as the manifest's thresholds make them"


def vectors_of(bundle: Bundle) -> list[dict[str, Any]]:
    return json.loads((bundle.path / "golden" / "vectors.json").read_text())["vectors"]


def test_one_of_each_class_from_the_test_split(
    tiny_bundle: Bundle, tiny_prepared: Prepared
) -> None:
    vectors, test = vectors_of(tiny_bundle), tiny_prepared.examples["test"]
    *lesions, drawn = vectors
    assert [vector["dx"] for vector in lesions] == list(CLASSES) and drawn["decoded"]
    for vector in lesions:
        picture = np.asarray(
            Image.open(tiny_bundle.path / "golden" / vector["models"]["model.tflite"]["pixels"])
        )
        rows = [row for row, image in enumerate(test.images) if np.array_equal(image, picture)]
        assert rows and CLASSES[test.labels[rows[0]]] == vector["dx"]
        np.testing.assert_allclose(vector["encoded"], test.patients[rows[0]])


def edit(vector: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Bundle], None]:
    """Changes one entry of vectors.json."""

    def apply(bundle: Bundle) -> None:
        path = bundle.path / "golden" / "vectors.json"
        known = json.loads(path.read_text())
        change(next(one for one in known["vectors"] if one["dx"] == vector))
        path.write_text(json.dumps(known))

    return apply


def repaint(name: str) -> Callable[[Bundle], None]:
    """Changes one level of one pixel of an image; of the raw one, a whole corner of the crop."""

    def apply(bundle: Bundle) -> None:
        path = bundle.path / "golden" / name
        pixels = np.asarray(Image.open(path)).copy()
        rows, columns = pixels.shape[:2]
        middle = (slice(rows // 2, rows // 2 + rows // 10), slice(columns // 2, None))
        pixels[middle] = 255 - pixels[middle]
        Image.fromarray(pixels).save(path)

    return apply


def shift_answers(file: str) -> Callable[[dict[str, Any]], None]:
    def change(vector: dict[str, Any]) -> None:
        expected = vector["models"][file]
        expected["probabilities"] = np.roll(expected["probabilities"], 1).tolist()

    return change


def shift_patient(vector: dict[str, Any]) -> None:
    vector["models"]["model.onnx"]["patient"]["patient"].reverse()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (repaint("mel.png"), r"mel\.png: crop and resize"),
        (repaint("nv.48x48.png"), r"nv\.png: crop and resize"),
        (edit("df", lambda one: one["patient"].update(age=99)), r"df\.png: the metadata"),
        (edit("df", lambda one: one["encoded"].reverse()), r"df\.png: the metadata"),
        (edit("df", shift_patient), r"df\.png: model\.onnx gets another 'patient'"),
        (edit("bcc", shift_answers("model.tflite")), r"bcc\.png: model\.tflite gives"),
        (edit("vasc", shift_answers("model.onnx")), r"vasc\.png: model\.onnx gives"),
        (edit("mel", lambda one: one.pop("encoded")), r"vectors\.json is damaged"),
    ],
)
def test_the_first_wrong_stage_is_named(
    bundle: Bundle, damage: Callable[[Bundle], None], told: str
) -> None:
    damage(bundle)
    with pytest.raises(InputError, match=told):
        check_golden(bundle)


def test_a_probability_that_is_no_number_is_no_agreement(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skinlite_export.bundle.check_golden._difference", lambda *_: math.nan)
    with pytest.raises(InputError, match="gives probabilities that differ by nan"):
        check_golden(bundle)


def test_the_attention_is_compared_too(tiny_bundle: Bundle) -> None:
    expected = read_vectors(tiny_bundle).vectors[0].models[TFLITE]
    left = expected.model_copy(update={"attention": [[4.0, 0.0]]})
    right = expected.model_copy(update={"attention": [[0.0, 4.0]]})
    assert _difference(left, left) == 0 and _difference(left, right) == 1


def test_one_pixel_that_a_decoder_gives_otherwise_is_told(bundle: Bundle) -> None:
    vector = next(one for one in read_vectors(bundle).vectors if one.decoded)
    golden = bundle.path / FOLDER
    _check_decoder(golden, vector)
    pixels = np.asarray(Image.open(golden / str(vector.decoded))).copy()
    pixels[0, 0, 0] ^= 128
    Image.fromarray(pixels).save(golden / str(vector.decoded))
    with pytest.raises(InputError, match="Pillow decodes it differently"):
        _check_decoder(golden, vector)


def test_vectors_cannot_loosen_what_they_are_held_to(bundle: Bundle) -> None:
    path = bundle.path / FOLDER / VECTORS
    known = json.loads(path.read_text())
    path.write_text(json.dumps(known | {"tolerance": 0.5}))
    with pytest.raises(InputError, match=r"vectors\.json is damaged"):
        check_golden(bundle)
