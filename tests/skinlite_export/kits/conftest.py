"""The Android kit compiled by Kotlin, and a bundle to be damaged."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from skinlite_export.bundle.folder import Bundle, open_bundle
from skinlite_export.bundle.kits import kits_folder
from tests.skinlite_export.kits.android_signatures import SIGNATURES, write_java

KOTLIN = Path(__file__).parents[3] / "build/kotlin/node_modules/kotlin-compiler"
STUBS = Path(__file__).with_name("stubs")


@pytest.fixture
def damaged(exported: Callable[..., Bundle], tmp_path: Path) -> Bundle:
    """A bundle to be damaged."""
    return open_bundle(Path(shutil.copytree(exported().path, tmp_path / "bundle")))


@pytest.fixture(scope="session")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Android kit, compiled; what is for phones only where Android's signatures are there."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("there is no Java: apt install default-jre-headless")
    if not KOTLIN.is_dir():
        pytest.skip("there is no Kotlin: npm install --prefix build/kotlin kotlin-compiler@2.4.20")
    folder = tmp_path_factory.mktemp("kotlin")
    sources = [*(kits_folder() / "android/plain").glob("*.kt"), Path(__file__).with_name("Main.kt")]
    if SIGNATURES.is_dir():
        kit = [*(kits_folder() / "android").rglob("*.kt")]
        write_java(SIGNATURES, [*kit, *STUBS.rglob("*.java")], folder / "signatures")
        sources = [*kit, sources[-1], folder / "signatures", STUBS]
    compiler = [java, "-Xmx700m", "-cp", f"{KOTLIN}/lib/*"]
    compiler += ["org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-kotlin-home", str(KOTLIN)]
    to = ["-Werror", "-no-reflect", "-d", str(folder / "kit.jar")]
    subprocess.run([*compiler, *to, *map(str, sources)], check=True)
    return folder / "kit.jar"


@pytest.fixture(scope="session")
def kit(jar: Path) -> list[str]:
    """The command that runs the Android kit's golden vectors."""
    return ["java", "-cp", f"{jar}:{KOTLIN}/lib/kotlin-stdlib.jar", "skinlite.MainKt"]
