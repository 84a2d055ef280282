"""Documentation that can't rot: the CLI page is what the commands say of themselves."""

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


def test_every_option_that_the_readme_shows_exists() -> None:
    reference = (ROOT / "docs/cli.md").read_text()
    shown = re.findall(r"^skinlite (\w+).*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert shown
    for line in re.findall(r"^skinlite .*$", (ROOT / "README.md").read_text(), re.MULTILINE):
        words = line.partition("#")[0].split()
        assert f"## `skinlite {words[1]}" in reference, line
        for option in (word for word in words if word.startswith("--")):
            assert f"`{option}" in reference or f" {option} " in reference, line


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
