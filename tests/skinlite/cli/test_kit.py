"""``skinlite kit``: sample code into a bundle that is sealed already."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite_export.bundle.folder import Bundle, open_bundle
from skinlite_export.bundle.kits import kits_folder

Skinlite = Callable[..., Any]


def kits_of(path: Path) -> set[str]:
    """The kits of a bundle, which has to be whole."""
    bundle = open_bundle(path)
    bundle.check_files()
    sources = kits_folder()
    found = [path / name for name in bundle.manifest.files if name.startswith("kits/")]
    for file in found:
        assert file.read_bytes() == (sources / file.relative_to(path / "kits")).read_bytes()
    return {file.relative_to(path / "kits").parts[0] for file in found}


def test_kits_into_a_bundle(skinlite: Skinlite, bundle: Bundle) -> None:
    code, out, err = skinlite("kit", bundle.path, "--kit", "web,android")
    assert (code, err) == (0, "")
    assert [Path(line).parent.name for line in out.split()] == ["web", "android"]
    assert all(Path(line).is_file() for line in out.split())
    assert kits_of(bundle.path) == {"web", "android"}
    manifest = open_bundle(bundle.path).manifest
    assert manifest.files.items() > bundle.manifest.files.items()
    assert manifest.model_copy(update={"files": bundle.manifest.files}) == bundle.manifest
    assert list(bundle.path.parent.iterdir()) == [bundle.path]

    code, _, err = skinlite("kit", bundle.path, "--kit", "ios,web")
    assert code == 2 and "has web in kits/ already" in err
    assert kits_of(bundle.path) == {"web", "android"}
    assert skinlite("kit", bundle.path, "--kit", "ios").code == 0
    assert kits_of(bundle.path) == {"web", "android", "ios"}
    assert skinlite("verify", bundle.path).code == 0


def test_into_a_copy(skinlite: Skinlite, bundle: Bundle, tmp_path: Path) -> None:
    line = ["kit", bundle.path, "--kit", "web", "--out", tmp_path / "copy"]
    assert skinlite(*line).code == 0
    assert kits_of(tmp_path / "copy") == {"web"} and kits_of(bundle.path) == set()
    code, _, err = skinlite(*line)
    assert code == 2 and "exists already" in err and "--out" in err


@pytest.mark.parametrize(
    ("names", "told"),
    [("windows", "no kit 'windows'. --kit needs"), (",", "Which kit? --kit needs one or more of")],
)
def test_a_kit_that_there_is_not(skinlite: Skinlite, bundle: Bundle, names: str, told: str) -> None:
    code, out, err = skinlite("kit", bundle.path, "--kit", names)
    assert (code, out) == (2, "") and told in err and "android, ios, react-native, web" in err


def test_no_bundle_and_one_that_was_changed(
    skinlite: Skinlite, bundle: Bundle, tmp_path: Path
) -> None:
    code, _, err = skinlite("kit", tmp_path, "--kit", "web")
    assert code == 2 and "is not a bundle" in err and "skinlite export" in err
    (bundle.path / "labels.txt").write_text("changed")
    code, _, err = skinlite("kit", bundle.path, "--kit", "web")
    assert code == 2 and "labels.txt was changed" in err
    assert not (bundle.path / "kits").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_bundle_that_is_read_only(skinlite: Skinlite, bundle: Bundle) -> None:
    for folder in (bundle.path, bundle.path.parent):
        folder.chmod(0o555)
        try:
            code, _, err = skinlite("kit", bundle.path, "--kit", "web")
        finally:
            folder.chmod(0o755)
        assert code == 2 and "Can't write" in err and "--out" in err
        assert list(bundle.path.parent.iterdir()) == [bundle.path] and kits_of(bundle.path) == set()
