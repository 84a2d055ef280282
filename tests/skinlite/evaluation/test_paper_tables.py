"""The paper's tables: its figures are all there, and ours only where they were measured."""

import numpy as np
import pytest

from skinlite.evaluation.metrics import evaluate
from skinlite.models.paper import paper
from skinlite.vocabulary import CLASSES

pytest.importorskip("keras", reason="pip install 'skinlite[train]'")

from skinlite.evaluation.page import Page, Table
from skinlite.evaluation.paper_tables import ABSENT, Measured, paper_tables

LABELS = np.repeat(np.arange(7), 10)
ANSWERS = np.eye(7)[np.where(np.arange(70) % 10 < 8, LABELS, (LABELS + 1) % 7)]
METRICS = evaluate(LABELS, ANSWERS)


def run(backbone: str, regime: str, label: str) -> Measured:
    return Measured(backbone, regime, label, METRICS, params=2_996_000, depth=109)


def by_title(page: Page) -> dict[str, Table]:
    return {table.title.partition(":")[0]: table for table in page.tables}


def test_without_runs_nothing_is_measured() -> None:
    tables = by_title(paper_tables({}, []))
    assert list(tables) == [f"Table {n}" for n in ("4", "5", "6", "7", "A3", "A4", "A5")]
    for name, table in tables.items():
        measured = table.header.index("measured") if "measured" in table.header else 2
        cells = {row[measured] for row in table.rows}
        assert cells == ({"paper", ABSENT} if name in ("Table A3", "Table A4") else {ABSENT})
        assert {len(row) for row in table.rows} == {len(table.header)}
    assert [row[1] for row in tables["Table 5"].rows] == ["0.79", "0.84", "0.76", "0.77"]
    theirs = [row for row in tables["Table A4"].rows if row[2] == "paper"]
    assert len(theirs) == 13
    recalls = ("0.72", "0.76", "0.75", "0.92", "0.58", "0.92", "0.92", "0.80")
    assert ("mobilenet_v3_large", "metadata", "paper", *recalls) in theirs
    assert len(tables["Table A5"].rows) == 4 * 7
    assert len(tables["Table 4"].rows) == 10 * 3


def test_a_run_stands_where_its_regime_belongs() -> None:
    runs = [
        run("densenet201", "augmented", "a"),
        run("densenet201", "metadata", "b"),
        run("mobilenet_v3_large", "both", "c, LEAKY"),
    ]
    tables = by_title(paper_tables({}, runs))
    assert ("densenet201", "0.84", "0.800", "a") in tables["Table 5"].rows
    assert ("densenet201", "0.89", "0.800", "b") in tables["Table 6"].rows
    assert ("mobilenet_v3_large", "0.84", "0.800", "c, LEAKY") in tables["Table 6"].rows
    sevenths = {row[1]: row[2:4] for row in tables["Table 7"].rows if row[4] == "c, LEAKY"}
    assert sevenths == {
        "parameters, million": ("5.5", "3.00"),
        "depth": ("118", "109"),
        "accuracy": ("0.86", "0.800"),
        "seconds": ("116", ABSENT),
    }
    averages = {row[1]: row[3] for row in tables["Table A5"].rows if row[4] == "c, LEAKY"}
    assert averages["sensitivity = balanced accuracy (ISIC 2018)"] == "0.800"
    assert averages["specificity"] == f"{1 - 2 / 60:.3f}"
    assert averages["(sensitivity + specificity) / 2"] == f"{(0.8 + 1 - 2 / 60) / 2:.3f}"
    f1 = [row for row in tables["Table A3"].rows if row[2] == "measured: a"]
    assert f1 == [("densenet201", "augmented", "measured: a", *["0.80"] * len(CLASSES), "0.80")]


def test_the_page_in_both_forms() -> None:
    page = paper_tables({}, [run("vgg16", "augmented", "a | <b>")])
    markdown, html = page.to_markdown(), page.to_html()
    assert "| vgg16 | 0.77 | 0.800 | a \\| <b> |" in markdown
    assert "<td>0.800</td><td>a | &lt;b&gt;</td>" in html
    assert paper().source.split(",")[0] in markdown
    assert markdown.count("\n## ") == html.count("<h2>") == 7
