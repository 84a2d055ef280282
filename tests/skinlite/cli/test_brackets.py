"""Names of users with brackets in them are printed as they are: rich takes them for markup."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.classes import ClassList
from skinlite.cli.training.score_tables import print_evaluation
from skinlite.evaluation.evaluation import evaluate_fully
from skinlite_export.bundle.folder import Bundle, write_manifest

CODES = ("mel [in situ]", "nevus [common]")


def test_the_tables_of_an_evaluation(capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(40) % 2
    rows = pd.DataFrame(
        {
            "lesion_id": np.arange(40),
            "age": 50.0,
            "sex": "female",
            "localization": "back",
            "dataset": "ours",
        }
    )
    probabilities = random.dirichlet([1, 1], 40)
    found = evaluate_fully(labels, probabilities, rows, classes=ClassList.of(CODES))
    print_evaluation(found, "a [run]")
    said = capsys.readouterr().out
    assert "a [run]" in said
    assert all(said.count(code) >= 3 for code in CODES)  # a row, and the matrix's two sides


def test_what_is_predicted(bundle: Bundle, skinlite: Callable[..., Any], image: Path) -> None:
    names = bundle.manifest.classes | {"nv": "nevus [common]"}
    write_manifest(bundle.path, bundle.manifest.model_copy(update={"classes": names}))
    done = skinlite("predict", bundle.path, image)
    assert done.code == 0 and "nevus [common]" in done.out, done.err


def test_the_title_of_a_bar() -> None:
    from skinlite.cli.progress import _bar

    with _bar() as shown:
        task = shown.add_task("testing on 3 images: net [small]", total=1)
        (column, *_) = shown.columns
        assert str(column(shown.tasks[task])) == "testing on 3 images: net [small]"
