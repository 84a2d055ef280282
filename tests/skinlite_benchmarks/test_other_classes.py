"""Benchmarks of bundles and files that know other classes than HAM10000's."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from skinlite.training.runs.run import Run
from skinlite_benchmarks.compare.changes import compare
from skinlite_benchmarks.results.results import read_results
from skinlite_export.bundle.folder import Bundle

from ..skinlite_export.inspect.conftest import coloured, tflite_file
from .theirs.conftest import QUICK, benchmarked

__all__ = ["benchmarked", "coloured", "tflite_file"]

Benchmarked = Callable[..., tuple[Any, dict[str, Any]]]
Bundles = Callable[[int], Bundle]


def test_a_report_of_two_classes(
    other_bundle: Bundles,
    other_run: Callable[[int], Run],
    other_data: Path,
    conv_net: str,
    benchmarked: Benchmarked,
) -> None:
    run = other_run(2)
    told, found = benchmarked(other_bundle(2).path, run.path, "--model", run.path)
    assert told.code == 0, told
    results = read_results(found["out"])
    for contestant in results.contestants:
        accuracy = contestant.accuracy
        assert accuracy is not None and list(accuracy.exported.per_class) == ["benign", "malignant"]
        assert accuracy.melanoma_recall is None and accuracy.critical_recall is not None
        assert accuracy.critical_recall.value == accuracy.exported.per_class["malignant"].recall
    for name in ("report.md", "report.html"):
        page = (found["out"] / name).read_text()
        assert "Critical recall (malignant)" in page and "a probability for each class" in page
        for word in ("seven", "elanoma", "paper", "HAM10000"):
            assert word not in page, (name, word)
    row = pd.read_csv(found["out"] / "report.csv").iloc[0]
    assert row["critical"] == "malignant" and row["critical_recall"] >= 0
    assert pd.isna(row["melanoma_recall"])
    compared = {one.metric for one in compare(results, results).changes}
    assert "critical_recall" in compared and "melanoma_recall" not in compared


def test_bundles_of_different_classes_in_one_report(
    other_bundle: Bundles, other_data: Path, benchmarked: Benchmarked
) -> None:
    bundles = [other_bundle(count).path for count in (2, 8)]
    told, found = benchmarked(*bundles)
    assert told.code == 0, told
    page = (found["out"] / "report.md").read_text()
    assert "| Critical recall |" in page and "(malignant)" in page and "(mel)" in page
    told, _ = benchmarked(*bundles, "--data", other_data)
    assert told.code == 2
    assert "predicts akiec, bcc, bkl, df, mel, nv, scc, vasc, and the images of" in told.err


def two_folders(coloured: Callable[..., Path], folder: Path) -> Path:
    """Images of melanomas and nevi, a folder each."""
    for name in ("mel", "nv"):
        shutil.copytree(coloured() / name, folder / name)
    return folder


LIKE = ("--pixels", "-1..1", "--channels", "RGB", "--geometry", "crop")


def test_their_file_of_other_classes(
    benchmarked: Benchmarked,
    coloured: Callable[..., Path],
    tflite_file: Callable[..., Path],
    tmp_path: Path,
) -> None:
    data, file = two_folders(coloured, tmp_path / "two"), tflite_file(["nv", "mel"])
    told, found = benchmarked(file, "--data", data, "--classes", "nv,mel", *LIKE)
    assert told.code == 0, told
    (one,) = found["contestants"]
    exported = one["accuracy"]["exported"]
    assert list(exported["per_class"]) == ["mel", "nv"] and exported["accuracy"] > 0.9
    told, _ = benchmarked(file, "--data", data, "--classes", "nv,bcc", *LIKE)
    assert told.code == 2 and "has the classes nv, bcc, and these images mel, nv" in told.err
    told, _ = benchmarked(tflite_file(), "--data", data, "--classes", "nv,mel", *LIKE)
    assert told.code == 2 and "has 7 outputs, and 2 classes are named" in told.err


def test_a_mapping_file_makes_their_classes(
    benchmarked: Benchmarked,
    coloured: Callable[..., Path],
    tflite_file: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """Their two classes, our seven folders: a file says which is which, and which are left out."""
    names = sorted(path.name for path in coloured().iterdir())
    chosen = {"mel": "malignant", "nv": "benign"}
    lines = [f"{name},{chosen.get(name, '')}" for name in names]
    (tmp_path / "map.csv").write_text("\n".join(["label,class", *lines]))
    told, found = benchmarked(
        *(tflite_file(["nv", "mel"]), "--data", coloured(), "--label-map", tmp_path / "map.csv"),
        *("--classes", "benign,malignant", *LIKE),
    )
    assert told.code == 0, told
    accuracy = json.loads((found["out"] / "results.json").read_text())["contestants"][0]["accuracy"]
    assert accuracy["exported"]["images"] == 20 and accuracy["exported"]["accuracy"] > 0.9
    assert accuracy["exported"]["critical"] == "malignant"


@pytest.mark.parametrize("option", ["--label-column", "--label-map"])
def test_a_run_knows_its_labels(
    skinlite: Callable[..., Any], other_run: Callable[[int], Run], conv_net: str, option: str
) -> None:
    run = other_run(2).path
    told = skinlite("benchmark", run, "--model", run, option, "x", *QUICK, "--reference", "none")
    assert told.code == 2 and "leave out --label-column and --label-map" in " ".join(
        told.err.split()
    )
