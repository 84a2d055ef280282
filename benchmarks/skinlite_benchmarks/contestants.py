"""Who takes part: the models of a bundle, bare .tflite and .onnx files, and the reference."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from skinlite.errors import InputError
from skinlite.files import read_json, sha256_of
from skinlite_benchmarks.accuracy import accuracy_of
from skinlite_benchmarks.reference import RECORD, ReferenceRecord
from skinlite_benchmarks.results import Contestant
from skinlite_export.bundle import ONNX, Bundle, open_bundle

Runtime = Literal["litert", "onnxruntime"]
RUNTIMES: dict[str, Runtime] = {".tflite": "litert", ".onnx": "onnxruntime"}


@dataclass(frozen=True)
class Entry:
    """A model file and what is known of it before it is measured."""

    path: Path
    contestant: Contestant


def find_contestants(paths: list[Path]) -> list[Entry]:
    """The models to measure, in the order given; a model that comes twice is measured once.

    A bundle takes part with its .tflite and, where it has one, its .onnx.

    Raises:
        InputError: neither a bundle nor a model file, or a bundle that was changed.
    """
    entries: dict[str, Entry] = {}
    for path in paths:
        for entry in _of_bundle(path) if path.is_dir() else [_of_file(path)]:
            entries.setdefault(entry.contestant.sha256, entry)
    return _with_unique_names(list(entries.values()))


def find_reference(path: Path) -> Entry:
    """The reference: one that we converted is known by the record beside it."""
    entry = _of_file(path)
    if not path.with_name(RECORD).is_file():
        return entry
    known = read_json(ReferenceRecord, path.with_name(RECORD))
    name = f"{known.title} {known.format}"
    update = {"name": name, "format": known.format, "trained": known.trained}
    return replace(entry, contestant=entry.contestant.model_copy(update=update))


def _of_file(path: Path) -> Entry:
    if path.suffix not in RUNTIMES:
        raise InputError(f"{path} is neither a bundle nor a .tflite or .onnx file.")
    if not path.is_file():
        raise InputError(f"There is no model file {path}.")
    return Entry(
        path,
        Contestant(
            name=path.stem,
            # Enough to know it by; a report is passed on, and the folders above are private.
            file="/".join(path.parts[-2:]),
            bytes=path.stat().st_size,
            sha256=sha256_of(path),
            runtime=RUNTIMES[path.suffix],
        ),
    )


def _of_bundle(path: Path) -> list[Entry]:
    bundle = open_bundle(path)
    bundle.check_files()
    return [_of_bundle_file(bundle, file) for file in bundle.models]


def _of_bundle_file(bundle: Bundle, file: str) -> Entry:
    manifest = bundle.manifest
    recipe = manifest.recipe
    scheme = recipe.onnx if file == ONNX else recipe.quantize
    form = "float32" if scheme == "none" else scheme
    found = [one for one in manifest.verification.files if one.file == file]
    accuracy = None
    if found and manifest.source.trained:
        accuracy = accuracy_of(
            found[0].metrics,
            source="bundle",
            pictures="test",
            keras=manifest.verification.keras,
            agreement=found[0].agreement,
        )
    entry = _of_file(bundle.path / file)
    source = manifest.source
    network = source.backbone if source.width == 1 else f"{source.backbone} x {source.width:g}"
    update = {
        "name": f"{network} {form}" + (" ONNX" if file == ONNX else ""),
        "format": form,
        "trained": source.trained,
        "synthetic": source.synthetic,
        "accuracy": accuracy,
    }
    return replace(entry, contestant=entry.contestant.model_copy(update=update))


def _with_unique_names(entries: list[Entry]) -> list[Entry]:
    """Tell namesakes apart by their folder, and by a number where that is the same too."""
    for label in ("{name} ({folder})", "{name} #{number}"):
        count = Counter(entry.contestant.name for entry in entries)
        entries = [
            entry
            if count[entry.contestant.name] == 1
            else replace(
                entry,
                contestant=entry.contestant.model_copy(
                    update={
                        "name": label.format(
                            name=entry.contestant.name,
                            folder=entry.path.resolve().parent.name,
                            number=number,
                        )
                    }
                ),
            )
            for number, entry in enumerate(entries, 1)
        ]
    return entries
