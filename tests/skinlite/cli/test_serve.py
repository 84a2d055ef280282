"""``skinlite serve``: what it refuses before it listens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite_export.bundle.folder import MANIFEST, SEAL, Bundle, seal

Skinlite = Callable[..., Any]


def test_without_a_bundle_or_with_none(skinlite: Skinlite, tmp_path: Path) -> None:
    code, out, err = skinlite("serve")
    assert (code, out) == (2, "") and "skinlite serve BUNDLE" in err
    code, _, err = skinlite("serve", tmp_path)
    assert code == 2 and "skinlite export" in err


def test_without_litert(skinlite: Skinlite, tiny_bundle: Bundle) -> None:
    code, _, err = skinlite("serve", tiny_bundle.path)
    assert code == 2 and "skinlite serve --install-runtime" in err


def test_a_bundle_that_lost_its_golden_vectors(skinlite: Skinlite, bundle: Bundle) -> None:
    (bundle.path / "golden" / "vectors.json").unlink()
    code, _, err = skinlite("serve", bundle.path)
    assert code == 2 and "golden/vectors.json is missing" in err


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_int8_tensors_that_browsers_can_not(skinlite: Skinlite, bundle: Bundle, side: str) -> None:
    manifest = bundle.manifest.model_dump(mode="json")
    manifest["signatures"]["model.tflite"][side][0]["dtype"] = "int8"
    changed = type(bundle.manifest).model_validate(manifest)
    (bundle.path / MANIFEST).write_text(changed.model_dump_json())
    (bundle.path / SEAL).write_text(seal(bundle.path))
    code, _, err = skinlite("serve", bundle.path)
    assert code == 2 and "--io uint8" in err
