"""What is fuzzed: a whole file of each kind that skinlite reads, and how it is read.

Models are left out: LiteRT and onnxruntime read those, and skinlite hands them none whose hash
isn't the manifest's.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from skinlite.cli.bundles.verify import check_contents
from skinlite.cli.data import examine
from skinlite.cli.parsing import parse_gates
from skinlite.data.check import summarise
from skinlite.data.dataset import read_dataset
from skinlite.data.layouts.tables import find_table, image_paths
from skinlite.data.preprocessing import load_image
from skinlite.data.splits.known_pairs import read_pairs
from skinlite.data.splits.split_by_lesion import read_split
from skinlite.files.read_write import sha256_of
from skinlite.training.runs.find import open_run
from skinlite.training.runs.info import HISTORY
from skinlite.training.runs.run import Run
from skinlite_benchmarks.compare.changes import compare
from skinlite_benchmarks.reliability.commands import Inputs
from skinlite_benchmarks.results.results import RESULTS, read_results
from skinlite_export.bundle.folder import MANIFEST, SEAL, Bundle, open_bundle, seal
from skinlite_export.bundle.golden import VECTORS, read_vectors
from skinlite_export.diagnosis.diagnose import diagnose
from skinlite_export.manifest.manifest import FileEntry

BUNDLED = ("labels.txt", "patient_encoding.json", "MODEL_CARD.md", "golden/vectors.json")


@dataclass(frozen=True)
class Target:
    """A file, whole, and who reads a changed one; ``read`` gets a folder and the content."""

    name: str
    content: bytes
    read: Callable[[Path, bytes], object]
    is_json: bool = False


def targets(inputs: Inputs, results: Path) -> Iterator[Target]:
    """Everything that is fuzzed.

    Args:
        inputs: a data set, a run and a bundle.
        results: a report folder of ``skinlite benchmark``.
    """
    table = find_table(inputs.data)
    image = next(iter(image_paths(table).values()))
    yield Target("table of a data set", table.read_bytes(), partial(_table, table))
    yield Target(
        "image",
        image.read_bytes(),
        lambda place, data: load_image(_put(place / image.name, data)),
    )
    yield Target("split.csv", (inputs.run / "split.csv").read_bytes(), _split)
    yield Target(
        "config.json of a run",
        (inputs.run / "config.json").read_bytes(),
        lambda place, data: open_run(_put(place / "config.json", data).parent),
        is_json=True,
    )
    run = open_run(inputs.run)
    yield Target(HISTORY, (inputs.run / HISTORY).read_bytes(), partial(_history, run))
    yield Target(
        "pairs of one lesion",
        b"image_a,image_b,relation\nISIC_1,ISIC_2,same lesion\nISIC_1,ISIC_3,same file\n",
        lambda place, data: read_pairs(_put(place / "pairs.csv", data)),
    )
    yield Target(
        "limits of the gates",
        b"agreement = 0.98\nmelanoma_recall_drop = 0.01\n",
        lambda place, data: parse_gates(str(_put(place / "gates.toml", data))),
    )
    bundle = open_bundle(inputs.bundle)
    yield Target(
        "manifest.json, sealed anew",
        (inputs.bundle / MANIFEST).read_bytes(),
        partial(_bundle, inputs.bundle, MANIFEST),
        is_json=True,
    )
    for name in BUNDLED:
        yield Target(
            f"{name}, hashes made anew",
            (inputs.bundle / name).read_bytes(),
            partial(_bundle, inputs.bundle, name),
            is_json=name.endswith(".json"),
        )
    yield Target(
        "phone.json",
        _phone(bundle),
        lambda place, data: diagnose(bundle, _put(place / "p", data)),
        True,
    )
    yield Target(
        "results.json",
        (results / RESULTS).read_bytes(),
        lambda place, data: compare(
            read_results(results), read_results(_put(place / RESULTS, data))
        ),
        is_json=True,
    )


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _table(whole: Path, place: Path, content: bytes) -> None:
    """All of ``skinlite data check`` but the decoding, and what ``skinlite train`` reads."""
    folder = place / "data"
    shutil.copytree(whole.parent, folder, copy_function=_link)
    (folder / whole.name).unlink()
    _put(folder / whole.name, content)
    summarise(examine(folder).frame)
    read_dataset(folder)


def _history(run: Run, place: Path, content: bytes) -> None:
    """Of an older version, which kept no hashes."""
    _put(place / HISTORY, content)
    Run(place, run.info.model_copy(update={"files": {}})).history()


def _split(place: Path, content: bytes) -> None:
    read_split(_put(place / "split.csv", content))


def _bundle(whole: Path, name: str, place: Path, content: bytes) -> None:
    """Everything that ``skinlite verify`` does before a model runs; hashes are made anew."""
    folder = place / "bundle"
    change(whole, name, content, folder)
    bundle = open_bundle(folder)
    check_contents(bundle)
    read_vectors(bundle)


def change(whole: Path, name: str, content: bytes, folder: Path) -> None:
    """A bundle with another content of one file, and with the hashes that go with it."""
    shutil.copytree(whole, folder, copy_function=_link)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    for linked in {name, MANIFEST, SEAL}:  # written to, they would change the whole one
        (folder / linked).unlink()
    _put(folder / name, content)
    if name != MANIFEST:
        entry = FileEntry(sha256=sha256_of(folder / name), bytes=len(content))
        manifest["files"][name] = entry.model_dump()
        _put(folder / MANIFEST, json.dumps(manifest).encode())
    _put(folder / SEAL, seal(folder).encode())


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def _phone(bundle: Bundle) -> bytes:
    vectors = json.loads((bundle.path / "golden" / VECTORS).read_text())["vectors"]
    model = bundle.models[0]
    computed = [
        {"picture": vector["picture"], "probabilities": vector["models"][model]["probabilities"]}
        for vector in vectors
    ]
    return json.dumps({"schema_version": 1, "model": model, "vectors": computed}).encode()
