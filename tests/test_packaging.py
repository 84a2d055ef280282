"""The wheel: it declares what it imports, installs, and works outside of the checkout."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("skinlite", "export/skinlite_export", "benchmarks/skinlite_benchmarks")
BROUGHT = {"_tools", "tflite_micro"}
"""A module of MNN's under a name of its own, and a runtime that no extra installs."""


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = sum(project["optional-dependencies"].values(), project["dependencies"])
    declared = {_normal(re.split(r"[^\w.-]", line)[0]) for line in lines}
    ours = {Path(package).name for package in PACKAGES}
    imported = {name for package in PACKAGES for name in _imported(ROOT / package)}
    found = packages_distributions()
    undeclared = {
        name
        for name in imported - ours - BROUGHT - set(sys.stdlib_module_names)
        # What isn't installed here may be called like its package.
        if declared.isdisjoint(map(_normal, found.get(name, (name,))))
    }
    assert {"numpy", "scipy", "flatbuffers", "h5py"} <= imported and undeclared == set()


def _imported(package: Path) -> Iterator[str]:
    """The top-level names that a package's modules import, anywhere in them."""
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (name.name.partition(".")[0] for name in node.names)
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def _normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


@pytest.mark.slow
def test_a_wheel_works_outside_of_the_checkout(tmp_path: Path) -> None:
    site = tmp_path / "site"
    run = lambda *words: subprocess.run(  # noqa: E731
        [sys.executable, *words], check=True, capture_output=True, text=True, cwd=tmp_path, env=env
    )
    env = {**os.environ, "PYTHONPATH": str(site)}
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    (wheel,) = tmp_path.glob("*.whl")
    run("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel))
    modules = (
        "skinlite.cli.main, skinlite_export.bundle.folder, "
        "skinlite_benchmarks.report.html.render_html"
    )
    places = run("-c", f"import {modules}; print(skinlite.__file__, skinlite_export.__file__)")
    assert all(place.startswith(str(site)) for place in places.stdout.split())
    told = run("-c", "from skinlite.cli.main import main; main()", "--version")
    assert told.stdout.startswith("skinlite ")
    page = site / "skinlite_benchmarks" / "report" / "html"
    assert (page / "report.html.jinja").is_file() and (page / "report.css").is_file()
    assert (site / "skinlite_export" / "serve" / "page" / "index.html").is_file()
    code = "from skinlite.data.splits import known_pairs as s; print(len(s.known_pairs().images))"
    known = run("-c", code)
    assert known.stdout.strip() == "102"
    kits = run("-c", "from skinlite_export.bundle.kits import kits_folder; print(kits_folder())")
    assert (Path(kits.stdout.strip()) / "web" / "geometry.js").is_file()
    assert kits.stdout.startswith(str(site))
