"""``skinlite report paper``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite.training.runs.info import RunMetrics
from skinlite.training.runs.run import Run

Skinlite = Callable[..., Any]


pytestmark = pytest.mark.usefixtures("short_paper")


def test_renders_a_run(skinlite: Skinlite, tiny_run: Run, tmp_path: Path) -> None:
    code, out, err = skinlite("report", "paper", tiny_run.path)
    assert code == 0, err
    metrics = RunMetrics.model_validate_json((tiny_run.path / "metrics.json").read_bytes()).test
    (line,) = [one for one in out.splitlines() if one.startswith("| mobilenet_v3_large | 0.84")]
    assert f"| {metrics.accuracy:.3f} | run, lesion split, 48 px, regime both, SYNTHETIC" in line
    assert "| mobilenet | depth | 55 | 55 |" in out
    assert "| resnet50 | 0.70 | not measured |" in out
    for suffix in ("md", "html"):
        code, shown, err = skinlite(
            "report", "paper", tiny_run.path, "--out", tmp_path / f"paper.{suffix}"
        )
        assert (code, shown) == (0, "")
    assert (tmp_path / "paper.md").read_text() == out
    assert (tmp_path / "paper.html").read_text().startswith("<!doctype html>")


def test_what_is_told(skinlite: Skinlite, run: Path, tmp_path: Path) -> None:
    """A leaky split, a network that the paper lacks, and what is no finished run."""
    config = json.loads((run / "config.json").read_text())
    config["split"] = config["split"] | {"kind": "paper", "leaky": True}
    config["config"]["backbone"] = "vgg16"  # which the paper trained in the other regime only
    (run / "config.json").write_text(json.dumps(config))
    code, out, err = skinlite("report", "paper", run)
    assert code == 0
    assert "paper split (LEAKY)" in err and "no such network" in err
    (run / "metrics.json").unlink()
    for status, advice in (("interrupted", "--resume"), ("untrained", "Leave it out")):
        (run / "config.json").write_text(json.dumps(config | {"status": status}))
        code, out, err = skinlite("report", "paper", run)
        assert (code, out) == (2, "") and advice in err
    for line in ([tmp_path], [run, "--out", tmp_path / "page.pdf"]):
        code, out, err = skinlite("report", "paper", *line)
        assert (code, out) == (2, "")
        assert "skinlite train" in err or ".html" in err
