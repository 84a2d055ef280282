"""What the model files say of themselves: it is there, it is true, and it costs nothing."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.classes import HAM10000, ClassList
from skinlite.data.examples import Examples
from skinlite.data.patient import PatientEncoder
from skinlite.errors import InputError
from skinlite.process.quiet import silenced
from skinlite.vocabulary import CLASS_NAMES, CLASSES, IMAGE, PATIENT, PROBABILITIES
from skinlite_export.bundle.folder import MANIFEST, SEAL, Bundle, open_bundle, seal
from skinlite_export.manifest.manifest import About, Geometry
from skinlite_export.metadata.check import check_metadata, differences, read_tflite
from skinlite_export.metadata.contract import Contract, contract_of
from skinlite_export.metadata.schema import decode, encode
from skinlite_export.recipe import Recipe
from skinlite_export.runtime.runner import LiteRTRunner, predict_all

ENCODER = PatientEncoder(age_mean=51.9, age_std=17.0)
ABOUT = About(name="net", version="1", description="a net", author="Ærø & Co", license="MIT")


@pytest.fixture
def contents(classifier: Any) -> Callable[..., tuple[bytes, bytes, Contract]]:
    """Makes a .tflite without and with metadata, and its contract."""
    from skinlite_export.convert.to_tflite import convert_float32
    from skinlite_export.metadata.embed import into_tflite
    from skinlite_export.tflite.interface import with_interface

    plain = convert_float32(classifier)

    def make(path: Path, **options: Any) -> tuple[bytes, bytes, Contract]:
        content = with_interface(plain, Recipe(quantize="none", **options), ENCODER)
        path.write_bytes(content)
        signature = LiteRTRunner(path).signature
        contract = contract_of(signature, ABOUT, HAM10000, Geometry(), ENCODER)
        return content, into_tflite(content, contract), contract

    return make


Contents = Callable[..., tuple[bytes, bytes, Contract]]


def test_the_tflite_says_what_goes_in_and_out(tiny_bundle: Bundle) -> None:
    metadata, files = read_tflite(tiny_bundle.path / "model.tflite")
    manifest = tiny_bundle.manifest
    assert About.model_validate(vars(metadata), from_attributes=True) == manifest.about
    assert manifest.about.name == "mobilenet_v3_large-48px"
    assert manifest.about.author == manifest.about.license == "not stated"
    assert "synthetic" in metadata.description and "no diagnosis" in metadata.description
    (graph,) = metadata.subgraph_metadata
    inputs = {one.name: one for one in graph.input_tensor_metadata}
    assert set(inputs) == {IMAGE, PATIENT}
    image, patient = inputs[IMAGE], inputs[PATIENT]
    (answer,) = graph.output_tensor_metadata
    assert (answer.name, "labels.txt" in answer.description) == (PROBABILITIES, True)
    size = image.content.content_properties.default_size
    assert (size.width, size.height) == (48, 48)
    (unit,) = image.process_units
    assert (unit.options.mean, unit.options.std) == ((0.0,), (1.0,))
    assert files["labels.txt"] == (tiny_bundle.path / "labels.txt").read_text()
    assert files["labels_en.txt"].splitlines() == list(CLASS_NAMES.values())
    assert files["patient_columns.txt"].splitlines() == list(tiny_bundle.encoder().columns)
    recorded = [
        one.name for part in (metadata, image, patient, answer) for one in part.associated_files
    ]
    assert sorted(recorded) == sorted(files)
    assert encode(metadata)[4:8] == b"M001" and decode(encode(metadata)) == metadata


def test_who_and_what_was_stated(tiny_bundle: Bundle) -> None:
    from skinlite_export.manifest.origin import about_of

    source = tiny_bundle.manifest.source.model_copy(update={"synthetic": False})
    assert "CC BY-NC" in about_of(source, Recipe()).license
    stated = about_of(source, Recipe(author="A. Uthor", license="CC BY-NC 4.0"))
    assert (stated.author, stated.license) == ("A. Uthor", "CC BY-NC 4.0")
    assert stated.version == source.model_sha256[:12]
    # No format in it: bundles of one run then hold the same bytes as their float32 .onnx.
    assert about_of(source, Recipe(quantize="int8")) == about_of(source, Recipe(quantize="none"))
    untrained = source.model_copy(update={"trained": False})
    assert "untrained: its predictions mean nothing" in about_of(untrained, Recipe()).description


def test_the_onnx_says_the_same(tiny_bundle: Bundle) -> None:
    session = tiny_bundle.runner("model.onnx").session  # type: ignore[attr-defined]
    known, about = session.get_modelmeta(), tiny_bundle.manifest.about
    properties = known.custom_metadata_map
    assert known.description == properties["description"] == about.description
    assert (properties["model_author"], properties["version"]) == (about.author, about.version)
    assert list(json.loads(properties["classes"])) == list(CLASSES)
    assert json.loads(properties["inputs"])[0]["shape"] == [1, 48, 48, 3]
    assert json.loads(properties["geometry"])["resize"] == "bilinear"
    assert json.loads(properties["patient_encoding"])["age_mean"] == tiny_bundle.encoder().age_mean


def test_answers_and_bytes_stay(contents: Contents, few: Examples, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    plain, described, contract = contents(path)
    before = LiteRTRunner(path)
    expected = predict_all(before, few.images, few.patients)
    (tmp_path / "described.tflite").write_bytes(described)
    after = LiteRTRunner(tmp_path / "described.tflite")
    assert np.array_equal(predict_all(after, few.images, few.patients), expected)
    assert (after.signature, after.partitions) == (before.signature, before.partitions)
    assert contents(path)[1] == described
    from skinlite_export.metadata.embed import into_tflite

    assert into_tflite(plain, contract.model_copy(update={"author": "B"})) != described


def test_files_with_other_inputs(contents: Contents, tmp_path: Path) -> None:
    """Every tensor has its own words, in the file's order; codes have their names."""
    path = tmp_path / "model.tflite"
    _, described, contract = contents(
        path, patient_input="raw", with_attention=True, io="uint8", resize_in_graph=(60, 80)
    )
    path.write_bytes(described)
    assert differences(path, contract) == []
    metadata, files = read_tflite(path)
    assert metadata.author == "Ærø & Co"
    (graph,) = metadata.subgraph_metadata
    names = [one.name for one in graph.input_tensor_metadata + graph.output_tensor_metadata]
    assert sorted(names) == ["age", "attention", IMAGE, PROBABILITIES, "sex", "site"]
    assert names == names_in(path)
    assert files["sexes.txt"].split() == list(ENCODER.sexes)
    assert files["sites.txt"].splitlines() == list(ENCODER.localizations)
    with zipfile.ZipFile(path) as archive:  # Android's readers don't inflate
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def names_in(path: Path) -> list[str]:
    """The tensors that go in, then those that come out, as an interpreter counts them."""
    from ai_edge_litert.interpreter import Interpreter

    with silenced():
        interpreter = Interpreter(model_path=str(path))
    runner = interpreter.get_signature_runner("serving_default")
    details = runner.get_input_details() | runner.get_output_details()
    by_index = {one["index"]: name for name, one in details.items()}
    whole = interpreter.get_input_details() + interpreter.get_output_details()
    return [by_index[one["index"]] for one in whole]


def reseal(bundle: Bundle, **changes: object) -> Bundle:
    known = json.loads((bundle.path / MANIFEST).read_text())
    (bundle.path / MANIFEST).write_text(json.dumps(known | changes))
    (bundle.path / SEAL).write_text(seal(bundle.path))
    return open_bundle(bundle.path)


def test_another_manifest_is_told_by_its_fields(bundle: Bundle) -> None:
    assert "model.tflite and model.onnx" in check_metadata(bundle)
    about = bundle.manifest.about.model_dump() | {"author": "somebody else"}
    classes = dict(reversed(CLASS_NAMES.items()))
    with pytest.raises(InputError, match=r"model.tflite.*author, TFLITE_METADATA's author"):
        check_metadata(reseal(bundle, about=about))
    with pytest.raises(InputError, match=r"classes, kinds, labels\.txt in its zip"):
        check_metadata(reseal(bundle, about=bundle.manifest.about.model_dump(), classes=classes))


def test_the_order_of_the_classes_counts(tiny_bundle: Bundle) -> None:
    manifest, path = tiny_bundle.manifest, tiny_bundle.path / "model.onnx"
    signature, encoder = manifest.signatures[path.name], tiny_bundle.encoder()
    turned = ClassList.of(HAM10000.codes[::-1])
    for classes, told in ((HAM10000, []), (turned, ["classes", "kinds"])):
        contract = contract_of(signature, manifest.about, classes, manifest.geometry, encoder)
        assert differences(path, contract) == told


def test_another_encoding_is_told(bundle: Bundle) -> None:
    path = bundle.path / "patient_encoding.json"
    path.write_text(path.read_text().replace('"female",', '"woman",', 1))
    with pytest.raises(InputError, match="patient_encoding, patient_encoding's columns, "):
        check_metadata(bundle)


@pytest.mark.parametrize("file", ["model.tflite", "model.onnx"])
def test_a_file_without_is_refused(bundle: Bundle, classifier: Any, file: str) -> None:
    from skinlite_export.convert.to_onnx import to_onnx
    from skinlite_export.convert.to_tflite import convert_float32

    plain = convert_float32(classifier)
    (bundle.path / file).write_bytes(to_onnx(plain) if file.endswith("onnx") else plain)
    with pytest.raises(InputError, match=rf"{file} has no metadata .*skinlite export"):
        check_metadata(bundle)
