"""Copies of data and runs for the command line to damage."""

import shutil
from pathlib import Path

import pytest

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
