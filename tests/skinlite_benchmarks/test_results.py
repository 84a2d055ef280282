"""Results survive the file, can't be changed, and refuse another version."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from skinlite.errors import InputError
from skinlite.files import read_json
from skinlite_benchmarks.results import Results


def test_round_trip(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(results.model_dump_json())
    assert read_json(Results, path) == results


def test_another_schema_version_is_refused(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(results.model_dump_json().replace('"schema_version":1', '"schema_version":2'))
    with pytest.raises(InputError, match="schema_version"):
        read_json(Results, path)


def test_results_are_immutable(results: Results) -> None:
    with pytest.raises(ValidationError):
        results.reference = None


def test_size_ratio(results: Results) -> None:
    assert results.times_smaller("quick int8") == 50
