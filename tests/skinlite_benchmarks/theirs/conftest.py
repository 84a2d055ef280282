"""Files that skinlite didn't make: classifiers that know colours, and images of those."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ...skinlite_export.inspect.conftest import COLOURS, coloured, onnx_file, tflite_file

__all__ = ["coloured", "onnx_file", "tflite_file"]

QUICK = ("--threads", "1", "--rounds", "2", "--no-details")
LIKE = ("--channels", "RGB", "--geometry", "crop")
CLASSES = ",".join(COLOURS)


@pytest.fixture
def dataset(coloured: Callable[..., Path], tmp_path: Path) -> Path:
    """70 images, ten a class, as HAM10000's table has them."""
    folder, rows = tmp_path / "colours", []
    folder.mkdir()
    for image in sorted(coloured().glob("*/*.png")):
        name = f"{image.parent.name}_{image.stem}"
        shutil.copy(image, folder / f"{name}.png")
        rows.append((name, name, image.parent.name, 50, "male", "back"))
    columns = ["image_id", "lesion_id", "dx", "age", "sex", "localization"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "HAM10000_metadata.csv", index=False)
    return folder


@pytest.fixture
def benchmarked(
    skinlite: Callable[..., Any], tmp_path: Path
) -> Callable[..., tuple[Any, dict[str, Any]]]:
    """Benchmarks as a user does; what was printed, and the contestants by name."""

    def run(*arguments: Any, reference: Any = "none") -> tuple[Any, dict[str, Any]]:
        out = tmp_path / f"report-{len(list(tmp_path.glob('report-*')))}"
        told = skinlite("benchmark", *arguments, *QUICK, "--reference", reference, "--out", out)
        if told.code:
            assert not out.exists()
            return told, {}
        found = json.loads((out / "results.json").read_text())
        return told, found | {one["name"]: one for one in found["contestants"]} | {"out": out}

    return run
