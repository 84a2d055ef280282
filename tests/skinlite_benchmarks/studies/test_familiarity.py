"""Folders of other images are named, or refused in a sentence."""

from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite_benchmarks.studies.familiarity import _named


def test_other_images_come_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for text in ("photographs", f"photographs={tmp_path}", "photographs=", "a=/no/such/folder"):
        with pytest.raises(InputError, match="names no folder with images: give NAME=FOLDER"):
            _named(text)
    (tmp_path / "b.JPG").touch()
    (tmp_path / "a.png").touch()
    files = [tmp_path / "a.png", tmp_path / "b.JPG"]
    assert _named(f"photographs={tmp_path}") == ("photographs", files)
