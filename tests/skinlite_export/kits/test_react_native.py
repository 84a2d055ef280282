"""The React Native kit: type-checked against the real packages, its plain part run under Node."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skinlite.data.preprocessing import load_image
from skinlite_export.bundle.folder import ENCODING, MANIFEST, TFLITE, Bundle
from skinlite_export.bundle.golden import FOLDER, VECTORS, read_vectors
from skinlite_export.diagnosis.diagnose import diagnose

MODULES = Path(__file__).parents[3] / "build/react-native/node_modules"
INSTALL = (
    "npm install --prefix build/react-native typescript@5.9.3 react-native@0.86.3 "
    "react-native-fast-tflite@3.0.1"
)

SCRIPT = """
import { readFileSync, writeFileSync } from "node:fs";
import { Classifier, inWords, pictureOf, runGolden } from "./skinlite.js";
const [bundle, raw, out] = process.argv.slice(2);
const json = (name) => JSON.parse(readFileSync(`${bundle}/${name}`, "utf8"));
const [manifest, { vectors }] = [json("manifest.json"), json("golden/vectors.json")];
let asked = 0; // the model's answers are the bundle's: the runtime is a phone's
const model = { async run() {
  const { probabilities } = vectors[asked++].models["model.tflite"];
  return { probabilities: Float32Array.from(probabilities) };
} };
const classifier = new Classifier(manifest, json("patient_encoding.json"), model);
const read = async (name) => {
  const { height, width } = JSON.parse(readFileSync(`${raw}/${name}.json`, "utf8"));
  return pictureOf(height, width, readFileSync(`${raw}/${name}.rgba`));
};
const outputs = await runGolden(classifier, vectors, "Node", read);
writeFileSync(out, JSON.stringify(outputs));
try { pictureOf(2, 2, new Uint8Array(12)); } catch (error) { console.error(error.message); }
const words = outputs.vectors.map(({ decision }) => inWords({ decision }, manifest));
console.log(JSON.stringify(words));
"""


@pytest.fixture(scope="module")
def compiler() -> list[str]:
    """The command that compiles the kit in a folder."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node: apt install nodejs")
    if not (MODULES / "react-native-fast-tflite").is_dir():
        pytest.skip(f"there is no React Native: {INSTALL}")
    return [node, str(MODULES / "typescript/bin/tsc"), "-p"]


@pytest.fixture
def kit(exported: Callable[..., Bundle], tmp_path: Path) -> Path:
    """The kit as it is in a bundle, beside the packages."""
    (tmp_path / "node_modules").symlink_to(MODULES)
    kit = Path(shutil.copytree(exported().path / "kits/react-native", tmp_path / "kit"))
    (kit / "package.json").write_text('{"type": "module"}')
    return kit


@pytest.mark.slow
def test_types_fit_the_real_packages(compiler: list[str], kit: Path) -> None:
    done = subprocess.run([*compiler, str(kit), "--noEmit"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    text = (kit / "model.ts").read_text()
    (kit / "model.ts").write_text(text.replace("await loaded.run(given)", "await loaded.run(7)"))
    done = subprocess.run([*compiler, str(kit), "--noEmit"], capture_output=True, text=True)
    assert done.returncode and "'number' is not assignable to parameter of type" in done.stdout


@pytest.mark.slow
def test_the_plain_part_gives_the_golden_numbers(
    compiler: list[str], kit: Path, exported: Callable[..., Bundle], tmp_path: Path
) -> None:
    bundle, raw, outputs = exported(), tmp_path / "raw", tmp_path / "phone.json"
    raw.mkdir()
    known = read_vectors(bundle).vectors
    for vector in known:
        image = load_image(bundle.path / FOLDER / vector.picture)
        rgba = np.concatenate([image, np.full_like(image[:, :, :1], 255)], axis=2)
        (raw / f"{vector.picture}.rgba").write_bytes(rgba.tobytes())
        size = {"height": image.shape[0], "width": image.shape[1]}
        (raw / f"{vector.picture}.json").write_text(json.dumps(size))
    built = tmp_path / "built"
    subprocess.run([*compiler, str(kit), "--outDir", str(built)], check=True)
    (built / "package.json").write_text('{"type": "module"}')
    (built / "main.js").write_text(SCRIPT)
    needed = (MANIFEST, ENCODING, f"{FOLDER}/{VECTORS}")
    assert all((bundle.path / name).is_file() for name in needed)
    line = [compiler[0], str(built / "main.js"), str(bundle.path), str(raw), str(outputs)]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "2x2 has four levels a pixel, not 12" in done.stderr
    told = diagnose(bundle, outputs)
    assert [(stage.checked, stage.fault) for stage in told.findings] == [(8, None)] * 4
    for words, vector in zip(json.loads(done.stdout), known, strict=True):
        decided = vector.models[TFLITE].decision
        assert decided
        several = decided.familiar and len(decided.classes) > 1
        assert words.startswith("Not sure: could be ") == several
        assert ("does not look like" in words) == (not decided.familiar)
