"""What `data check` tells though it is no fault, and the fault that only the files show."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from skinlite.data.dataset import read_dataset
from skinlite.data.findings import find_identical_files, find_known_pairs, find_unknown_lesions
from skinlite.data.layouts.recognize import read_table
from skinlite.data.layouts.tables import image_paths

TABLE = "HAM10000_metadata.csv"


def table(**changed: list[str]) -> pd.DataFrame:
    """Three rows of HAM10000, the first two of one lesion under two ids."""
    rows = {
        "image_id": ["ISIC_0032881", "ISIC_0033607", "ISIC_1"],
        "lesion_id": ["HAM_0002364", "HAM_0004585", "HAM_1"],
        "dx": ["nv", "nv", "nv"],
    }
    return pd.DataFrame(rows | changed, dtype=str)


def test_known_pairs_are_named() -> None:
    (pair,) = find_known_pairs(table())
    assert pair.kind == "one lesion, two lesion ids"
    assert pair.rows == ("ISIC_0032881 (HAM_0002364) and ISIC_0033607 (HAM_0004585)",)
    wrong, _ = find_known_pairs(table(dx=["nv", "mel", "nv"]))
    assert (wrong.kind, wrong.rows) == (
        "one lesion, two diagnoses",
        ("ISIC_0032881 (nv) and ISIC_0033607 (mel)",),
    )
    assert find_known_pairs(table(lesion_id=["HAM_1", "HAM_1", "HAM_2"])) == []
    assert find_known_pairs(table(image_id=["a", "ISIC_0033607", "b"])) == []


def test_unknown_lesions_are_named_at_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    table(lesion_id=["HAM_1", "", "Unknown"]).to_csv(path, index=False)
    (unknown,) = find_unknown_lesions(read_table(path))
    assert unknown.kind == "lesion unknown"
    assert unknown.rows == ("line 3 (ISIC_0033607)", "line 4 (ISIC_1)")
    assert find_unknown_lesions(table()) == []


@pytest.fixture
def data(tiny_data: Path, tmp_path: Path) -> Path:
    """Two pairs of identical files, one with two diagnoses."""
    data = Path(shutil.copytree(tiny_data, tmp_path / "data"))
    frame = read_dataset(data).frame
    lesions = frame.drop_duplicates("lesion_id").sort_values(["dx", "image_id"])
    first, last = lesions["path"].iloc[0], lesions["path"].iloc[-1]
    shutil.copy(first, last)
    shutil.copy(lesions["path"].iloc[1], lesions["path"].iloc[2])
    return data


def test_identical_files_are_a_fault_where_they_contradict(data: Path) -> None:
    frame, images = read_table(data / TABLE), image_paths(data / TABLE)
    (fault,), (finding,) = find_identical_files(frame, images)
    assert (fault.kind, len(fault.rows)) == ("one file, several diagnoses", 1)
    assert "(akiec)" in fault.rows[0] and "(vasc)" in fault.rows[0]
    assert (finding.kind, len(finding.rows)) == ("one file, several images", 1)
    assert "(SYN_" in finding.rows[0]
    read_dataset(data)  # training goes on


def test_the_command_tells_faults_from_findings(skinlite, data: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = skinlite("data", "check", data, "--json")
    found = json.loads(out)
    assert code == 2
    assert [one["kind"] for one in found["faults"]] == ["one file, several diagnoses"]
    assert [(one["kind"], one["count"]) for one in found["findings"]] == [
        ("one file, several images", 1)
    ]
    text = skinlite("data", "check", data).out
    assert "1 kind(s) of error; 1 kind(s) of finding" in text


@pytest.mark.parametrize(
    ("blanks", "told"),
    [(None, "lesions    unknown: the table has no lesion ids"), (3, "unknown for 3 images")],
)
def test_unknown_lesions_do_not_fail_the_check(
    skinlite,  # type: ignore[no-untyped-def]
    tiny_data: Path,
    tmp_path: Path,
    blanks: int | None,
    told: str,
) -> None:
    data = shutil.copytree(tiny_data, tmp_path / "data")
    rows = pd.read_csv(data / TABLE, dtype=str)
    rows.loc[rows.index[:blanks], "lesion_id"] = ""
    rows.to_csv(data / TABLE, index=False)
    code, out, _ = skinlite("data", "check", data, "--json")
    found = json.loads(out)
    unknown = blanks or len(rows)
    assert (code, found["faults"]) == (0, [])
    assert [(one["kind"], one["count"]) for one in found["findings"]] == [
        ("lesion unknown", unknown)
    ]
    assert found["summary"]["lesions_unknown"] == unknown
    assert found["summary"]["lesions"] == rows["lesion_id"].replace("", None).nunique()
    text = skinlite("data", "check", data).out
    assert told in text and "no errors; 1 kind(s) of finding" in text


def test_the_real_table_has_findings_and_no_fault(ham10000: Path) -> None:
    path = ham10000 / TABLE
    frame, images = read_table(path), image_paths(path)
    wrong, two_ids = find_known_pairs(frame)
    assert wrong.rows == ("ISIC_0032881 (nv) and ISIC_0033607 (mel)",)
    assert len(two_ids.rows) == 99
    faults, (same,) = find_identical_files(frame, images)
    assert faults == [] and len(same.rows) == 2
    assert find_unknown_lesions(frame) == []
