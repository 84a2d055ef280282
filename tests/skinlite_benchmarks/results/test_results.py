"""Results survive the file, can't be changed, and refuse another version."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from skinlite.errors import InputError
from skinlite_benchmarks.results.results import Results, read_results


def test_round_trip(results: Results, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(results.model_dump_json())
    assert read_results(tmp_path / "results.json") == read_results(tmp_path) == results


def test_another_schema_version_is_refused(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(results.model_dump_json().replace('"schema_version":3', '"schema_version":1'))
    with pytest.raises(InputError, match=r"schema version 1; this skinlite reads 3"):
        read_results(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema_version": 3}', "\0"])
def test_damaged_results_are_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(InputError, match="damaged"):
        read_results(path)


def test_results_are_immutable(results: Results) -> None:
    with pytest.raises(ValidationError):
        results.reference = None


def test_size_ratio(results: Results) -> None:
    assert results.times_smaller("quick int8") == 50
