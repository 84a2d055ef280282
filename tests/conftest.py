"""Fixtures for every test: a small synthetic data set, the real one where it is, a cache."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from skinlite.data.synthetic import write_synthetic


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Decoded pictures go to a temporary folder, never to the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINLITE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 synthetic lesions, at least four of each class. Read only: copy it to change it."""
    folder = tmp_path_factory.mktemp("tiny") / "data"
    write_synthetic(folder, lesions=60, seed=0)
    return folder


@pytest.fixture(scope="session")
def ham10000() -> Path:
    """The real data set, which isn't part of the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "ham10000"
    folder = Path(os.environ.get("SKINLITE_HAM10000") or beside)
    if not folder.is_dir():
        pytest.skip(f"HAM10000 is not at {folder}; set SKINLITE_HAM10000 to its folder")
    return folder
