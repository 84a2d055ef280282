"""Who takes part: a bundle's models, bare files, run folders, and the reference."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skinlite.classes import ClassList
from skinlite.data.patient import PatientEncoder
from skinlite.data.preprocessing import Shaping
from skinlite.errors import InputError
from skinlite.files.locks import restore
from skinlite.files.read_write import read_json, sha256_of
from skinlite.training.runs.find import open_run
from skinlite.training.runs.info import METRICS, MODEL
from skinlite_benchmarks.candidates.reference import RECORD, ReferenceRecord
from skinlite_benchmarks.candidates.third_party import inspection_of
from skinlite_benchmarks.measure.stored_inputs import Takes
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.accuracy import accuracy_in_bundle, accuracy_of
from skinlite_benchmarks.results.results import Contestant
from skinlite_export.bundle.folder import MANIFEST, ONNX, TFLITE, Bundle, open_bundle
from skinlite_export.inspect.record import Inspection
from skinlite_export.runtime.runner import FILES, RUNNERS, runtimes_for

CONFIG = "config.json"

KERAS, SAVED_MODEL = (".keras", ".h5", ".hdf5"), "saved_model.pb"
"""Networks that another program trained and that nothing here times as they are."""

RUNTIMES = ("litert", "onnxruntime")
"""What model files run on, unless asked otherwise; run folders always run on Keras."""


@dataclass(frozen=True)
class Entry:
    """A model file on a runtime, and what is known of it before it is measured.

    Attributes:
        encoder: of the patients; None for a bare file.
        model_sha256: of the Keras model that it was made from; None for a bare file.
        inspection: what a file of somebody else's takes; None for one of skinlite's.
        shaping: how its images get their size.
        classes: that it predicts; None where that isn't known.
        label_column: of the data set that trained it, see `skinlite.data.dataset.Dataset`.
        label_map: likewise.
    """

    path: Path
    contestant: Contestant
    encoder: PatientEncoder | None = None
    model_sha256: str | None = None
    inspection: Inspection | None = None
    shaping: Shaping = "crop"
    classes: ClassList | None = None
    label_column: str | None = None
    label_map: Mapping[str, str] | None = None

    @property
    def takes(self) -> Takes | None:
        """What a file of somebody else's is fed while it is timed."""
        if self.inspection is None:
            return None
        return Takes(tensors=self.inspection.inputs, feed=self.contestant.feed)


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
        name = contestant.name.removesuffix(_suffix(contestant.runtime)) + _suffix(runtime)
    return contestant.model_copy(update={"name": name, "runtime": runtime})


def _suffix(runtime: str) -> str:
    """What names of bundles' models and of runs have at their end."""
    title = RUNNERS[runtime].title
    return f" {title}" if title else ""


def _models_of(path: Path) -> list[Entry]:
    """On the first runtime that runs them."""
    restore(path)
    if path.suffix.lower() in KERAS or (path / SAVED_MODEL).is_file():
        raise InputError(
            f"{path} is a Keras file or a SavedModel, and what is timed are .tflite and .onnx "
            "files. Make a run of it with skinlite adopt, or convert it where it was made."
        )
    if not path.is_dir():
        return [_of_bare_file(path)]
    return [_of_run(path)] if is_run(path) else _of_bundle(path)


def is_run(path: Path) -> bool:
    """Whether a folder is a run's, not a bundle's."""
    return (path / CONFIG).is_file() and not (path / MANIFEST).is_file()


def find_reference(path: Path) -> Entry:
    """The reference: one that we converted is known by the record beside it."""
    if not path.with_name(RECORD).is_file():
        return _of_bare_file(path)
    entry = _of_file(path)
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


def _of_file(path: Path) -> Entry:
    if path.is_dir():
        raise InputError(f"{path} is a folder; a .tflite or .onnx file was expected.")
    return Entry(path, contestant_of(path, runtimes_for(path)[0]))


def _of_bare_file(path: Path) -> Entry:
    """One that skinlite made, or one of somebody else's."""
    entry = _of_file(path)
    contestant = entry.contestant
    found = inspection_of(path, contestant.runtime, contestant.sha256)
    if found is None:
        return entry
    update = {"name": f"{contestant.name} (theirs)", "theirs": True, "bytes": found.bytes}
    return replace(entry, contestant=contestant.model_copy(update=update), inspection=found)


def contestant_of(file: Path, runtime: str) -> Contestant:
    """A file of which nothing else is known."""
    return Contestant.model_validate(
        {
            "name": file.stem,
            # Enough to know it by; a report is passed on, and the folders above are private.
            "file": "/".join(file.parts[-2:]),
            "bytes": sum(one.stat().st_size for one in (file, *_weights_of(file))),
            "sha256": sha256_of(file),
            "runtime": runtime,
        }
    )


def _weights_of(file: Path) -> list[Path]:
    """Of formats that keep them in a file of their own, beside the network's."""
    weights = file.with_suffix(".bin")
    return [weights] if file.suffix in (".xml", ".param") and weights.is_file() else []


def _of_run(path: Path) -> Entry:
    """A run's float model, with the metrics that its training left.

    Raises:
        InputError: the model or the metrics aren't the run's.
    """
    run = open_run(path)
    trained = run.info.status != "untrained"
    accuracy = None
    if trained and (path / METRICS).is_file():
        scores = run.metrics().test
        accuracy = accuracy_of(scores, source="run", images="test", leaks=run.leaks())
    config = run.info.network
    update = {
        "name": f"{naming.network(config.backbone, config.width, config.slim)} float32"
        f"{_suffix('keras')}",
        "format": "float32",
        "backbone": config.backbone,
        "width": config.width,
        "slim": config.slim,
        "trained": trained,
        "synthetic": run.info.synthetic,
        "network_proven": run.info.names_network,
        "accuracy": accuracy,
    }
    contestant = contestant_of(run.intact(MODEL), "keras").model_copy(update=update)
    return Entry(
        path,
        contestant,
        run.encoder(),
        contestant.sha256,
        shaping=config.shaping,
        classes=run.info.classes,
        label_column=run.info.label_column,
        label_map=run.info.label_map,
    )


def _of_bundle(path: Path) -> list[Entry]:
    bundle = open_bundle(path)
    bundle.check_files()
    return [_of_bundle_file(bundle, file) for file in bundle.models]


def _of_bundle_file(bundle: Bundle, file: str) -> Entry:
    manifest = bundle.manifest
    recipe, data = manifest.recipe, manifest.data
    scheme = recipe.onnx if file == ONNX else recipe.quantize
    form = "float32" if scheme == "none" else scheme
    entry = _of_file(bundle.path / file)
    source = manifest.source
    network = naming.network(source.backbone, source.width, source.slim)
    update = {
        "name": f"{network} {form}{_suffix(entry.contestant.runtime)}",
        "format": form,
        "backbone": source.backbone,
        "width": source.width,
        "slim": source.slim,
        "rejected": manifest.status == "rejected",
        "trained": source.trained,
        "synthetic": source.synthetic,
        "network_proven": source.network_proven,
        "accuracy": accuracy_in_bundle(manifest, file),
        "error_by_depth": manifest.error_by_depth if file == TFLITE else None,
        "error_by_depth_onnx": manifest.error_by_depth_onnx if file == TFLITE else None,
        "points": {
            name: point.model_copy(update={"files": {file: point.files[file]}, "gates": ()})
            for name, point in (manifest.decision.points if manifest.decision else {}).items()
            if file in point.files
        },
        "points_leaks": manifest.leaks,
    }
    return Entry(
        entry.path,
        entry.contestant.model_copy(update=update),
        bundle.encoder(),
        source.model_sha256,
        shaping=bundle.shaping,
        classes=manifest.class_list,
        label_column=data.label_column if data else None,
        label_map=data.label_map if data else None,
    )


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
