"""Copies of data and runs for the command line to damage."""

import shutil
import sys
from pathlib import Path

import pytest

from skinlite.models import paper as published
from skinlite.training.runs.run import Run


@pytest.fixture
def data(tiny_data: Path, tmp_path: Path) -> Path:
    """A copy of `tiny_data` to be damaged."""
    return Path(shutil.copytree(tiny_data, tmp_path / "data"))


@pytest.fixture
def run(tiny_run: Run, tmp_path: Path) -> Path:
    """A copy of `tiny_run` to be damaged."""
    return Path(shutil.copytree(tiny_run.path, tmp_path / "run"))


@pytest.fixture
def image(tiny_data: Path) -> Path:
    """One of the images."""
    return min(tiny_data.glob("*/*.jpg"))


@pytest.fixture
def short_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves one backbone of table 4, so that ``report paper`` builds one and not ten."""
    whole = published.paper()
    table = {"mobilenet": whole.table4["mobilenet"]}
    monkeypatch.setattr(published, "paper", lambda: whole.model_copy(update={"table4": table}))


PROGRAM = f"""
import runpy, sys
import pytest
from skinlite.__main__ import main
from skinlite.process.quiet import silenced
fixtures = runpy.run_path({str(Path(__file__).parents[2] / "conftest.py")!r})
with silenced():
    fixtures["add_conv_net"](pytest.MonkeyPatch())
sys.exit(main())
"""


@pytest.fixture
def program() -> list[str]:
    """Begins the command line of a process of its own: `skinlite`, which knows `conv_net`."""
    return [sys.executable, "-c", PROGRAM]
