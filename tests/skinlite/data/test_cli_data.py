"""``skinlite data check`` and ``synthesize`` as a user meets them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skinlite.cli.data import app
from skinlite.data.dataset import read_dataset
from skinlite.errors import InputError


@pytest.fixture
def broken(tiny_data: Path, tmp_path: Path) -> Path:
    """Twelve unknown classes, one image missing, one truncated."""
    data = tmp_path / "data"
    shutil.copytree(tiny_data, data)
    table = data / "HAM10000_metadata.csv"
    table.write_text(table.read_text().replace(",nv,", ",naevus,", 12))
    cut, gone, *_ = sorted(data.glob("*/*.jpg"))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    gone.unlink()
    return data


def test_a_clean_folder(tiny_data: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(tiny_data)])
    assert result.exit_code == 0, result.output
    assert "no errors" in result.stdout
    assert "lesions    60, " in result.stdout
    assert result.stderr == ""


def test_a_table_of_nothing_but_its_header(tiny_data: Path, tmp_path: Path) -> None:
    table = tmp_path / "HAM10000_metadata.csv"
    table.write_text((tiny_data / table.name).read_text().splitlines()[0])
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert (result.exit_code, "no row: 1" in result.stdout) == (2, True), result.output
    with pytest.raises(InputError, match="no row"):
        read_dataset(tmp_path)


def test_a_class_without_pictures_is_told(tiny_data: Path, tmp_path: Path) -> None:
    """Images of six classes can be judged, so that is no fault; they can't train."""
    data = shutil.copytree(tiny_data, tmp_path / "data")
    table = data / "HAM10000_metadata.csv"
    rows = table.read_text().splitlines(keepends=True)
    table.write_text("".join(row for row in rows if ",df," not in row))
    result = CliRunner().invoke(app, ["check", str(data)])
    assert result.exit_code == 0
    assert "no image of df: skinlite train needs every class" in result.stdout


def test_faults_are_grouped_counted_and_cut_at_ten(broken: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(broken)])
    assert result.exit_code == 2
    assert "unknown class: 12 (use akiec, " in result.stdout
    assert "; 12 x 'naevus')" in result.stdout
    assert result.stdout.count("): 'naevus'") == 10
    assert "... and 2 more; list them with --all" in result.stdout
    assert "image missing: 1 (" in result.stdout
    assert "image undecodable: 1 (" in result.stdout
    assert "3 kind(s) of error" in result.stdout
    every = CliRunner().invoke(app, ["check", str(broken), "--all"])
    assert every.exit_code == 2
    assert every.stdout.count("): 'naevus'") == 12


def test_json_has_it_all(broken: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(broken), "--json"])
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["table"] == str(broken / "HAM10000_metadata.csv")
    counts = {fault["kind"]: (fault["count"], len(fault["rows"])) for fault in found["faults"]}
    assert counts == {
        "unknown class": (12, 12),
        "image missing": (1, 1),
        "image undecodable": (1, 1),
    }
    assert found["summary"]["lesions"] == 60
    assert found["summary"]["pictures"] == sum(found["summary"]["classes"].values()) + 12


def test_what_was_looked_at_is_told(
    tiny_data: Path, broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = CliRunner().invoke(app, ["check", str(tiny_data)]).stdout
    assert "looked at  all 77 images decoded" in everything
    monkeypatch.setattr("skinlite.data.decoding.SAMPLE", 5)
    quick = CliRunner().invoke(app, ["check", str(tiny_data), "--quick"])
    assert quick.exit_code == 0
    assert "looked at  6 images decoded; of 71 only header and end, so that damage" in quick.stdout
    result = CliRunner().invoke(app, ["check", str(broken), "--quick", "--json"])
    found = json.loads(result.stdout)
    assert (result.exit_code, found["faults"][-1]["kind"]) == (2, "image undecodable")
    assert found["decoded"] + found["headers_only"] == 76


def test_a_table_without_the_columns_is_still_told(tmp_path: Path) -> None:
    (tmp_path / "HAM10000_metadata.csv").write_text("lesion_id,dx\nHAM_1,nv\n")
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 2
    assert "missing column: 4" in result.stdout


def test_a_folder_that_is_none_is_an_input_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(tmp_path / "absent")])
    assert isinstance(result.exception, InputError)


def test_synthesize_writes_a_set_that_checks(tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    line = ["synthesize", "--out", str(out), "--lesions", "30", "--seed", "1"]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 0, result.output
    assert f"skinlite train --data {out}" in result.stdout
    assert CliRunner().invoke(app, ["check", str(out)]).exit_code == 0
    assert isinstance(CliRunner().invoke(app, line).exception, InputError)
    assert CliRunner().invoke(app, [*line, "--replace"]).exit_code == 0


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, skinlite.cli.data; print(*{'numpy', 'pandas', 'PIL'} & set(sys.modules))"
    line = [sys.executable, "-c", code]
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip() == ""


def test_the_real_validation_set_is_clean(ham10000: Path) -> None:
    """The small official validation set, decoded whole."""
    table = ham10000 / "ISIC2018_Task3_Validation_GroundTruth.csv"
    result = CliRunner().invoke(app, ["check", str(table), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["faults"], found["summary"]["pictures"]) == ([], 193)
