"""An attacker's list: each edit with every hash and the card made anew is refused with a sentence.

What no check can tell without a signature is listed too, as docs/bundle.md has it.
"""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from skinlite.cli.bundles.verify import check_whole
from skinlite.errors import InputError, SkinliteWarning
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import (
    CARD,
    ENCODING,
    MANIFEST,
    ONNX,
    Bundle,
    list_files,
    open_bundle,
    write_manifest,
)
from skinlite_export.bundle.kits import KITS
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.model_card.card import card_of
from skinlite_export.recipe import Gates, Recipe
from skinlite_export.rewrites.registry import ALL
from skinlite_export.verify.consistency import check_consistency

from .edits import BELIEVED, REFUSED, VECTORS, Edit, text

ANY = Gates(
    agreement=0, balanced_accuracy_drop=1, melanoma_recall_drop=1, macro_auc_drop=1, ece_rise=1
)


@pytest.fixture(scope="session")
def accepted(kept_run: Run, conv_prepared: Prepared, once: Callable[..., Path]) -> Bundle:
    """Every gate of it holds. Read only."""
    from skinlite_export.export_run import export_run

    recipe = Recipe(rewrites=ALL, calibration_pictures=20, gates=ANY)
    return open_bundle(
        once("accepted", lambda out: export_run(kept_run, conv_prepared, recipe, out, kits=KITS))
    )


def edited(original: Bundle, folder: Path, edit: Edit) -> Bundle:
    """A copy that somebody changed who knows skinlite: card, hashes and seal are made anew."""
    shutil.copytree(original.path, folder)
    known = json.loads((folder / MANIFEST).read_text())
    edit(folder, known)
    manifest = Manifest.model_validate_json(json.dumps(known))
    manifest = manifest.model_copy(update={"files": list_files(folder)})
    if (folder / CARD).is_file():
        with suppress(KeyError):  # skinlite itself makes no card of that
            (folder / CARD).write_text(card_of(manifest))
    write_manifest(folder, manifest.model_copy(update={"files": list_files(folder)}))
    return open_bundle(folder)


def check(bundle: Bundle) -> None:
    """What ``skinlite verify`` does."""
    check_whole(bundle)


@pytest.mark.parametrize("name", REFUSED)
def test_an_edit_with_hashes_made_anew_is_refused(
    accepted: Bundle, tmp_path: Path, name: str
) -> None:
    edit, told = REFUSED[name]
    with pytest.raises(InputError, match=told):
        check(edited(accepted, tmp_path / "bundle", edit))


@pytest.mark.parametrize("name", [VECTORS, ENCODING])
@pytest.mark.parametrize("content", ["{nope", "[" * 200_000, "9" * 5000])
def test_a_document_that_is_none_is_refused_by_name(
    accepted: Bundle, tmp_path: Path, name: str, content: str
) -> None:
    """Python's reader of JSON has errors of its own for what is too deep and for long numbers."""
    edit = text(name, lambda _: content)
    with pytest.raises(InputError, match=rf"{name} is(n't valid JSON| damaged)"):
        check(edited(accepted, tmp_path / "bundle", edit))


@pytest.mark.parametrize("name", BELIEVED)
def test_what_only_a_signature_can_tell(accepted: Bundle, tmp_path: Path, name: str) -> None:
    check(edited(accepted, tmp_path / "bundle", BELIEVED[name]))


def test_a_card_that_says_something_else(accepted: Bundle, tmp_path: Path) -> None:
    """Of another version its words aren't known."""
    bundle = edited(accepted, tmp_path / "bundle", lambda folder, manifest: None)
    check(bundle)
    text(CARD, lambda card: card.replace("Not a medical", "A medical"))(bundle.path, {})
    files = list_files(bundle.path)
    write_manifest(bundle.path, bundle.manifest.model_copy(update={"files": files}))
    with pytest.warns(SkinliteWarning, match=r"MODEL_CARD\.md isn't exactly the text"):
        check_consistency(open_bundle(bundle.path))
    versions = bundle.manifest.versions | {"skinlite": "0.0.1"}
    changes = {"files": files, "versions": versions}
    write_manifest(bundle.path, bundle.manifest.model_copy(update=changes))
    check_consistency(open_bundle(bundle.path))
    for before, after, told in (
        ("Export accepted", "Export REJECTED", "another status than the manifest"),
        (bundle.manifest.files[ONNX].sha256, "0" * 64, "is of another bundle"),
    ):
        text(CARD, lambda card, a=before, b=after: card.replace(a, b))(bundle.path, {})
        with pytest.raises(InputError, match=rf"MODEL_CARD\.md .*{told}"):
            check_consistency(open_bundle(bundle.path))
        text(CARD, lambda card, a=before, b=after: card.replace(b, a))(bundle.path, {})


def test_a_document_with_a_name_twice(accepted: Bundle, tmp_path: Path) -> None:
    """One reader takes the first, another the last."""
    shutil.copytree(accepted.path, tmp_path / "bundle")
    path = tmp_path / "bundle" / MANIFEST
    path.write_text(path.read_text().replace("{", '{"status": "rejected",', 1))
    with pytest.raises(InputError, match=r"manifest\.json has status twice"):
        check_consistency(open_bundle(tmp_path / "bundle"))
