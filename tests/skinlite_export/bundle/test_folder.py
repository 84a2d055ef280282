"""A bundle proves that it is whole, and says what it holds."""

import json
import os
import shutil
from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite.files.read_write import sha256_of
from skinlite.training.runs.run import Run
from skinlite.vocabulary import CLASSES, IMAGE, PATIENT
from skinlite_export.bundle.folder import MANIFEST, SEAL, Bundle, list_files, open_bundle, seal
from skinlite_export.manifest.manifest import Manifest

FILES = [
    "MODEL_CARD.md",
    "labels.txt",
    "manifest.json",
    "manifest.json.sha256",
    "model.onnx",
    "model.tflite",
    "patient_encoding.json",
    "golden/vectors.json",
    "golden/decoding.jpg",
    *(f"golden/{name}{kind}.png" for name in (*CLASSES, "decoding") for kind in ("", ".48x48")),
]


def check(path: Path) -> None:
    """What verify and predict do first."""
    open_bundle(path).check_files()


def test_the_untouched_bundle_is_whole(tiny_bundle: Bundle) -> None:
    check(tiny_bundle.path)
    present = {
        path.relative_to(tiny_bundle.path).as_posix()
        for path in tiny_bundle.path.rglob("*")
        if path.is_file()
    }
    assert present == set(FILES)
    assert set(tiny_bundle.manifest.files) == set(FILES) - {MANIFEST, SEAL}
    assert not [path for path in tiny_bundle.path.parent.iterdir() if path != tiny_bundle.path]


@pytest.mark.parametrize("bit", [0x01, 0x80])
@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_in_any_file_is_refused(bundle: Bundle, name: str, bit: int) -> None:
    path = bundle.path / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= bit
    path.write_bytes(content)
    with pytest.raises(InputError, match=Path(name).name.removesuffix(".sha256")):
        check(bundle.path)


@pytest.mark.parametrize("name", [name for name in FILES if name != MANIFEST])
def test_a_missing_file_is_named(bundle: Bundle, name: str) -> None:
    (bundle.path / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing"):
        check(bundle.path)


@pytest.mark.parametrize("name", ["extra.txt", "golden/extra.png", "golden/manifest.json"])
def test_a_file_that_is_not_listed_is_named(bundle: Bundle, name: str) -> None:
    (bundle.path / name).write_text("{}")
    with pytest.raises(InputError, match=f"{name} isn't listed"):
        check(bundle.path)


def test_every_fault_is_told_at_once(bundle: Bundle) -> None:
    (bundle.path / "labels.txt").write_text("nv\n")
    (bundle.path / "model.onnx").unlink()
    with pytest.raises(InputError) as caught:
        check(bundle.path)
    for told in ("labels.txt was changed", "model.onnx is missing", "skinlite export"):
        assert told in str(caught.value)


def test_the_seal_is_what_sha256sum_reads(tiny_bundle: Bundle) -> None:
    digest, name = (tiny_bundle.path / SEAL).read_text().split()
    assert (digest, name) == (sha256_of(tiny_bundle.path / MANIFEST), MANIFEST)


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a bundle.*skinlite export"):
        open_bundle(tmp_path)


def rewrite_manifest(bundle: Bundle, **changes: object) -> None:
    """Change the manifest and seal it again."""
    known = json.loads((bundle.path / MANIFEST).read_text())
    (bundle.path / MANIFEST).write_text(json.dumps(known | changes))
    (bundle.path / SEAL).write_text(seal(bundle.path))


@pytest.mark.parametrize(("version", "told"), [(1, "Export"), (3, "Update skinlite, or export")])
def test_a_manifest_of_another_version_is_refused(bundle: Bundle, version: int, told: str) -> None:
    rewrite_manifest(bundle, schema_version=version, versions={"skinlite": "0.0.7"})
    with pytest.raises(InputError) as caught:
        open_bundle(bundle.path)
    writer = f"{bundle.path} was written by skinlite 0.0.7 (manifest version {version}), which"
    assert str(caught.value).startswith(writer)
    assert f"can't read. {told} the run again with this one: skinlite export" in str(caught.value)


def test_a_manifest_that_lacks_a_field_names_its_writer(bundle: Bundle) -> None:
    path = bundle.path / MANIFEST
    known = json.loads(path.read_text())
    del known["about"]
    path.write_text(json.dumps(known))
    with pytest.raises(InputError, match=r"manifest\.json is damaged.*about: Field required"):
        open_bundle(bundle.path)  # the seal tells that it wasn't written so
    (bundle.path / SEAL).write_text(seal(bundle.path))
    told = r"about: Field required.*was written by skinlite 0\.1.*skinlite export"
    with pytest.raises(InputError, match=told):
        open_bundle(bundle.path)


def test_a_manifest_comes_back_from_json(tiny_bundle: Bundle) -> None:
    manifest = tiny_bundle.manifest
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest
    assert (tiny_bundle.path / MANIFEST).read_text() == manifest.model_dump_json(indent=2) + "\n"


def test_what_the_manifest_says_is_so(tiny_bundle: Bundle, tiny_run: Run) -> None:
    manifest, model = tiny_bundle.manifest, tiny_run.load_model()
    source = manifest.source
    assert (manifest.status, source.trained, source.synthetic) == ("ungated", True, True)
    assert (source.backbone, source.image_size, source.epochs) == ("mobilenet_v3_large", 48, 1)
    assert source.parameters == model.count_params()
    assert source.model_sha256 == sha256_of(tiny_run.path / "model.keras")
    assert (tiny_bundle.path / "labels.txt").read_text().split() == list(CLASSES)
    assert tiny_bundle.encoder() == tiny_run.encoder()
    assert set(manifest.signatures) == set(tiny_bundle.models)
    for file, signature in manifest.signatures.items():
        assert signature == tiny_bundle.runner(file).signature
        assert [(one.name, one.shape, one.dtype) for one in signature.inputs] == [
            (IMAGE, (1, 48, 48, 3), "float32"),
            (PATIENT, (1, len(tiny_run.encoder().columns)), "float32"),
        ]
    for name, entry in manifest.files.items():
        assert entry.bytes == (tiny_bundle.path / name).stat().st_size
    assert list_files(tiny_bundle.path) == manifest.files


def test_the_encoder_of_a_bundle_is_read_with_a_message(bundle: Bundle) -> None:
    (bundle.path / "patient_encoding.json").write_text("{}")
    with pytest.raises(InputError, match=r"patient_encoding\.json is damaged.*age_mean"):
        bundle.encoder()


def test_a_model_that_is_none(bundle: Bundle) -> None:
    for name in ("model.tflite", "model.onnx"):
        os.truncate(bundle.path / name, 1000)
        with pytest.raises(InputError, match=f"{name} can't be loaded"):
            bundle.runner(name)
    with pytest.raises(InputError, match="no model file"):
        bundle.runner("absent.tflite")
    with pytest.raises(InputError, match=r"only runtimes for \.mnn, \.onnx, .*\.tflite"):
        bundle.runner("labels.txt")


def test_what_is_no_file_is_called_what_it_is(bundle: Bundle) -> None:
    """Beside what is missing, for it isn't, and where nothing is listed."""
    for name in ("labels.txt", SEAL, "kits"):
        (bundle.path / name).unlink(missing_ok=True)
        os.mkfifo(bundle.path / name)
    (bundle.path / "MODEL_CARD.md").unlink()
    (bundle.path / "MODEL_CARD.md").mkdir()
    (bundle.path / "link").symlink_to("nothing")
    with pytest.raises(InputError) as refused:
        bundle.check_files()
    told = str(refused.value)
    for name in ("labels.txt", SEAL, "kits"):
        assert f"{name} is a pipe, not a regular file" in told
    assert "MODEL_CARD.md is a folder, not a regular file" in told
    assert "link is a link to nothing, not a regular file" in told and "missing" not in told
    (bundle.path / MANIFEST).unlink()
    os.mkfifo(bundle.path / MANIFEST)
    with pytest.raises(InputError, match=rf"{MANIFEST} is a pipe"):
        open_bundle(bundle.path)


def test_a_bundle_that_a_killed_kit_moved_away_is_found_by_all(
    bundle: Bundle, tiny_run: Run, tiny_data: Path, tmp_path: Path
) -> None:
    from skinlite.cli.benchmark.inputs import tflite_of
    from skinlite.data.layouts.tables import find_table
    from skinlite.files.locks import OLD, beside
    from skinlite_benchmarks.candidates.find import find_contestants

    data = Path(shutil.copytree(tiny_data, tmp_path / "data"))
    for place, find in (
        (bundle.path, tflite_of),
        (bundle.path, lambda path: find_contestants([path], ["litert"])),
        (data, find_table),  # synthesize --replace moves its folder, too
    ):
        place.replace(beside(place, OLD))
        find(place)
        assert place.is_dir() and not beside(place, OLD).exists()
