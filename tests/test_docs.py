"""Documentation that can't rot: the CLI page is what the commands say of themselves."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from skinlite.data.patient import PatientEncoder
from skinlite_export.bundle.golden import Expected, Vector, Vectors
from skinlite_export.manifest.manifest import About, Geometry, Manifest, Source
from skinlite_export.manifest.provenance import Data
from skinlite_export.metadata.contract import STANDARD_KEYS, Contract

ROOT = Path(__file__).resolve().parents[1]

LIGHT = ("numpy", "pandas", "pydantic", "PIL", "threadpoolctl", "flatbuffers")
"""What every folder may import."""


def test_the_cli_reference_is_what_the_commands_say(tmp_path: Path) -> None:
    page = tmp_path / "cli.md"
    command = ["-m", "typer", "skinlite.cli.main", "utils", "docs", "--name", "skinlite"]
    subprocess.run(
        [sys.executable, *command, "--title", "Command line", "--output", str(page)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    assert (ROOT / "docs/cli.md").read_text() == page.read_text(), "run: make docs"


def test_every_option_that_the_pages_show_exists() -> None:
    reference = (ROOT / "docs/cli.md").read_text()
    pages = [ROOT / "README.md", ROOT / "docs/first-steps.md"]
    shown = [
        line
        for page in pages
        for line in re.findall(r"^skinlite .*$", page.read_text(), re.MULTILINE)
    ]
    assert len(shown) > 10
    for line in shown:
        words = line.partition("#")[0].split()
        assert f"## `skinlite {words[1]}" in reference, line
        for option in (word for word in words if word.startswith("--")):
            assert f"`{option}" in reference or f" {option} " in reference, line


def test_the_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 120
    assert text.count("![") == 1 and "pip install" in text and "```python" in text


def test_every_path_and_module_that_the_pages_name_is_there() -> None:
    pages = [
        path for part in ("*", "docs/**/*", "benchmarks/**/*") for path in ROOT.glob(f"{part}.md")
    ]
    path = r"\b((?:skinlite|export|benchmarks|tests|findings)/[\w./-]*\w\.(?:py|sh|csv|css))\b"
    for page in (page for page in pages if page.name != "CHANGELOG.md"):
        text = page.read_text()
        for name in re.findall(path, text):
            assert (ROOT / name).exists(), f"{page.name}: {name}"
        for name in re.findall(r"python -m (skinlite[\w.]+)", text):
            assert importlib.util.find_spec(name), f"{page.name}: {name}"


def test_the_map_has_every_folder_and_what_it_may_import() -> None:
    rows = re.findall(
        r"^\| `([\w/]+)` \| .* \|(.*)\|$", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE
    )
    allowed = {folder: set(re.findall(r"`(\w+)`", names)) for folder, names in rows}
    there = set()
    for package in ("skinlite", "export/skinlite_export", "benchmarks/skinlite_benchmarks"):
        for folder in {path.parent for path in (ROOT / package).rglob("*.py")}:
            name = folder.relative_to(ROOT).as_posix()
            there.add(name)
            assert len(list(folder.glob("*.py"))) - 1 <= 12, (
                f"{name}: too many files for one folder"
            )
            free = {"skinlite", Path(package).name, *sys.stdlib_module_names, *LIGHT}
            if package.startswith("benchmarks"):
                free.add("skinlite_export")
            assert imports_of(folder) - free <= allowed.get(name, set()), name
    assert there == allowed.keys()


def imports_of(folder: Path) -> set[str]:
    """Top-level names of the modules that a folder's files import, inside functions too."""
    names: set[str] = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
    return names


def test_every_link_of_the_pages_leads_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")):
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_the_bundle_page_names_every_field() -> None:
    page = (ROOT / "docs/bundle.md").read_text()
    kinds = (Manifest, About, Source, Data, Geometry, PatientEncoder, Expected, Vector, Vectors)
    for kind in kinds:
        for field in kind.model_fields:
            assert f"`{field}`" in page, f"{kind.__name__}.{field}"
    for key in (STANDARD_KEYS.get(field, field) for field in Contract.model_fields):
        assert f"`{key}`" in page, key
