"""The published JSON Schemas are those of the code, and real documents validate against them."""

import json

import pytest
from jsonschema import Draft202012Validator

from skinlite_export.bundle.folder import Bundle
from skinlite_export.schemas import DOCUMENTS, path_of, schema_of


@pytest.mark.parametrize("name", DOCUMENTS)
def test_they_are_current(name: str) -> None:
    assert path_of(name).read_text() == schema_of(name), "run: make docs"
    Draft202012Validator.check_schema(json.loads(schema_of(name)))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("manifest", "manifest.json"),
        ("patient_encoding", "patient_encoding.json"),
        ("vectors", "golden/vectors.json"),
    ],
)
def test_a_bundle_validates(tiny_bundle: Bundle, name: str, file: str) -> None:
    validator = Draft202012Validator(json.loads(path_of(name).read_text()))
    document = json.loads((tiny_bundle.path / file).read_text())
    validator.validate(document)
    for field in document:
        if field in validator.schema["required"]:
            lacking = {key: value for key, value in document.items() if key != field}
            assert not validator.is_valid(lacking)
