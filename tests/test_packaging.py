"""The wheel: it installs, and works outside of the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


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
    code = "from skinlite.data.splits import same_lesion as s; print(len(s.known_pairs().images))"
    known = run("-c", code)
    assert known.stdout.strip() == "102"
    kits = run("-c", "from skinlite_export.bundle.kits import kits_folder; print(kits_folder())")
    assert (Path(kits.stdout.strip()) / "web" / "geometry.js").is_file()
    assert kits.stdout.startswith(str(site))
