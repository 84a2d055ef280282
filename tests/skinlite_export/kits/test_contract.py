"""What the JavaScript kits refuse of a bundle: all that they would answer wrongly."""

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from skinlite_export.bundle.folder import ENCODING, MANIFEST, TFLITE, Bundle
from skinlite_export.bundle.kits import kits_folder

SCRIPT = """
import { readFileSync } from "node:fs";
const { checkBundle } = await import(process.argv[1]);
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(([manifest, encoding]) => {
  try { return checkBundle(manifest, encoding) ?? ""; } catch (error) { return error.message; }
})));
"""

Change = Callable[[dict[str, Any], dict[str, Any]], Any]


def _familiarity(**changes: Any) -> Change:
    return lambda manifest, _: manifest["decision"]["familiarity"].update(changes)


REFUSED: dict[str, Change] = {
    "geometry: crop is corner; this kit knows centre, none.": lambda manifest, _: manifest[
        "geometry"
    ].update(crop="corner"),
    "geometry: antialias is true; this kit knows false.": lambda manifest, _: manifest[
        "geometry"
    ].update(antialias=True),
    "geometry: rounding is undefined; this kit knows nearest.": lambda manifest, _: manifest[
        "geometry"
    ].pop("rounding"),
    "patient_encoding.json: kind is age-only; this kit knows": lambda _, table: table.update(
        kind="age-only"
    ),
    "columns, and the model takes ": lambda _, table: table["columns"].pop(),
    "leave patient_encoding.json out": lambda manifest, _: manifest["signatures"][TFLITE][
        "inputs"
    ].pop(),
    "The manifest has no model.tflite.": lambda manifest, _: manifest["signatures"].clear(),
    "the statistics aren't those that this kit computes": _familiarity(statistics=["mean R"]),
    "decision: its numbers don't fit its": _familiarity(mean=[0.0] * 12),
    "its numbers don't fit its statistics": _familiarity(threshold=None),
    "don't fit its statistics and classes": lambda manifest, _: manifest["decision"]["sets"][
        "thresholds"
    ].pop("mel"),
    "numbers don't fit its statistics and classes.": lambda manifest, _: manifest["decision"][
        "points"
    ]["mel"].update(classes=["mole"], threshold=0.5),
}


@pytest.mark.slow
def test_what_the_kit_does_not_do_is_refused(exported: Callable[..., Bundle]) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node: apt install nodejs")
    bundle = exported()
    plain = [(bundle.path / name).read_text() for name in (MANIFEST, ENCODING)]
    asked = [[*map(json.loads, plain)] for _ in range(len(REFUSED) + 2)]
    for (manifest, encoding), change in zip(asked, REFUSED.values(), strict=False):
        change(manifest, encoding)
    asked[-2][1] = None
    line = [node, "--input-type=module", "-e", SCRIPT]
    line.append((kits_folder() / "web/contract.js").as_uri())
    done = subprocess.run(line, input=json.dumps(asked), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *told, asking, fine = json.loads(done.stdout)
    for said, expected in zip(told, REFUSED, strict=True):
        assert expected in said
    assert "patient_encoding.json is needed" in asking and fine == ""
