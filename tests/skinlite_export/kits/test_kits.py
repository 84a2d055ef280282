"""The kits: chosen by name, sealed in the bundle, served as they are; Android's signatures."""

import zipfile
from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite_export.bundle.folder import Bundle
from skinlite_export.bundle.kits import KITS, kits_folder
from skinlite_export.serve.static_files import build_site
from tests.skinlite_export.kits.android_signatures import PACKAGE, SIGNATURES, write_java


@pytest.mark.slow
def test_kits_are_part_of_the_sealed_bundle(damaged: Bundle, no_runtime: Path) -> None:
    bundle = damaged
    bundle.check_files()
    sources = [path for path in kits_folder().rglob("*") if path.is_file()]
    assert len(sources) > 25
    for source in sources:
        name = f"kits/{source.relative_to(kits_folder()).as_posix()}"
        assert (bundle.path / name).read_bytes() == source.read_bytes()
        assert name in bundle.manifest.files
    site = build_site(bundle, no_runtime)
    for path in (bundle.path / "kits/web").glob("*.js"):
        assert site[f"/kit/{path.name}"].path.read_bytes() == path.read_bytes()
    (bundle.path / "kits/android/plain/Patient.kt").write_text("// changed")
    with pytest.raises(InputError, match=r"kits/android/plain/Patient\.kt was changed"):
        bundle.check_files()


def test_what_was_not_compiled_or_not_run_says_so() -> None:
    android = kits_folder() / "android"
    for path in kits_folder().rglob("*"):
        if path.suffix in (".kt", ".swift"):
            told = path.read_text()
            assert told.startswith("// NOT COMPILED by") == (android not in path.parents), path
            on_phones = path.parent in (android / "app", android / "androidTest")
            assert told.startswith("// NEVER RUN by skinlite's tests") == on_phones, path
    for name in KITS:
        text = " ".join((kits_folder() / name / "README.md").read_text().split())
        assert "## Into an app" in text and "## Test it" in text and "no diagnosis" in text
        assert "if it isn't `familiar`, show no class" in text


@pytest.mark.slow
def test_what_is_for_phones_compiles_against_androids_signatures(jar: Path) -> None:
    if not SIGNATURES.is_dir():
        pytest.skip(f"there is no Android: pip install --target build/android {PACKAGE}")
    with zipfile.ZipFile(jar) as compiled:
        names = {Path(name).stem for name in compiled.namelist()}
    assert names >= {"MainActivity", "LiteRtModel", "BitmapPicture", "GoldenTest"}
    assert "Interpreter" not in names and "Activity" not in names  # read, not compiled


def test_signatures_are_androids(tmp_path: Path) -> None:
    if not SIGNATURES.is_dir():
        pytest.skip(f"there is no Android: pip install --target build/android {PACKAGE}")
    source = tmp_path / "One.kt"
    source.write_text("import android.widget.Button\nfun f(b: Button) = b.text.also { b.hue }")
    write_java(SIGNATURES, [source], tmp_path)
    button = (tmp_path / "android/widget/Button.java").read_text()
    assert "public class Button extends android.widget.TextView {" in button
    assert "public Button(android.content.Context context)" in button
    text = (tmp_path / "android/widget/TextView.java").read_text()
    assert "public java.lang.CharSequence getText()" in text and "ue()" not in text
