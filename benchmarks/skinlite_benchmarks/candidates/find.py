"""Who takes part: a bundle's models, bare files, run folders, and the reference."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from skinlite.errors import InputError
from skinlite.files.locks import restore
from skinlite.files.read_write import read_json
from skinlite_benchmarks.candidates.entry import Entry, of_bare_file, of_file
from skinlite_benchmarks.candidates.ours import of_bundle, of_run, runtime_suffix
from skinlite_benchmarks.candidates.reference import RECORD, ReferenceRecord
from skinlite_benchmarks.results.results import Contestant
from skinlite_export.bundle.folder import MANIFEST
from skinlite_export.runtime.runner import FILES, RUNNERS, runtimes_for

CONFIG = "config.json"

KERAS, SAVED_MODEL = (".keras", ".h5", ".hdf5"), "saved_model.pb"
"""Networks that another program trained and that nothing here times as they are."""

RUNTIMES = ("litert", "onnxruntime")
"""What model files run on, unless asked otherwise; run folders always run on Keras."""


def find_contestants(
    paths: list[Path], runtimes: Sequence[str] = RUNTIMES, others: Sequence[Entry] = ()
) -> list[Entry]:
    """The models to measure, in the order given; a model that comes twice is measured once.

    Args:
        paths: bundles, which take part with their .tflite and, where they have one, their .onnx;
            bare files; run folders.
        runtimes: that model files run on, each on all of them that can.
        others: who takes part besides, behind them.

    Raises:
        InputError: no model, one that no runtime asked for runs, or a bundle that was changed.
    """
    entries: dict[tuple[str, str], Entry] = {}
    for path in paths:
        of_path = [
            replace(entry, contestant=_on_runtime(entry.contestant, name))
            for entry in _models_of(path)
            for name in runtimes_for(entry.path)
            if name in (*runtimes, "keras") and (name in FILES or entry.inspection is None)
        ]
        if not of_path:
            raise InputError(f"{path} runs on none of --runtimes {','.join(runtimes)}.")
        for entry in of_path:
            contestant = entry.contestant
            entries.setdefault((contestant.sha256, contestant.runtime), entry)
    for entry in others:
        entries.setdefault((entry.contestant.sha256, entry.contestant.runtime), entry)
    return _with_unique_names(list(entries.values()))


def _on_runtime(contestant: Contestant, runtime: str) -> Contestant:
    """The same file on another runtime, named after it."""
    if runtime == contestant.runtime:
        return contestant
    if len(RUNNERS[runtime].suffixes) > 1:  # the format stays in the name
        name = f"{contestant.name} on {RUNNERS[runtime].title}"
    else:
        name = contestant.name.removesuffix(runtime_suffix(contestant.runtime)) + runtime_suffix(
            runtime
        )
    return contestant.model_copy(update={"name": name, "runtime": runtime})


def _models_of(path: Path) -> list[Entry]:
    """On the first runtime that runs them."""
    restore(path)
    if path.suffix.lower() in KERAS or (path / SAVED_MODEL).is_file():
        raise InputError(
            f"{path} is a Keras file or a SavedModel, and what is timed are .tflite and .onnx "
            "files. Make a run of it with skinlite adopt, or convert it where it was made."
        )
    if not path.is_dir():
        return [of_bare_file(path)]
    return [of_run(path)] if is_run(path) else of_bundle(path)


def is_run(path: Path) -> bool:
    """Whether a folder is a run's, not a bundle's."""
    return (path / CONFIG).is_file() and not (path / MANIFEST).is_file()


def find_reference(path: Path) -> Entry:
    """The reference: one that we converted is known by the record beside it."""
    if not path.with_name(RECORD).is_file():
        return of_bare_file(path)
    entry = of_file(path)
    known = read_json(ReferenceRecord, path.with_name(RECORD))
    name = f"{known.title} {known.format}"
    update = {
        "name": name,
        "format": known.format,
        "backbone": known.backbone,
        "width": 1.0,
        "trained": known.trained,
        "network_proven": known.network_proven,
    }
    contestant = entry.contestant.model_copy(update=update)
    return Entry(path, contestant, model_sha256=known.model_sha256)


def with_reference(entries: Sequence[Entry], reference: Entry) -> list[Entry]:
    """The reference behind the others, once, and under a name of its own."""
    baseline = reference.contestant
    others = [
        entry
        for entry in entries
        if (entry.contestant.sha256, entry.contestant.runtime)
        != (baseline.sha256, baseline.runtime)
    ]
    return _with_unique_names([*others, reference])


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
