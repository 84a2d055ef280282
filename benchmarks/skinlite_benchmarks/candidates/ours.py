"""What skinlite made takes part with what it knows of itself: run folders and bundles."""

from pathlib import Path

from skinlite.training.runs.find import open_run
from skinlite.training.runs.info import METRICS, MODEL
from skinlite_benchmarks.candidates.entry import Entry, contestant_of, of_file
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.accuracy import accuracy_in_bundle, accuracy_of
from skinlite_export.bundle.folder import ONNX, TFLITE, Bundle, open_bundle
from skinlite_export.runtime.runner import RUNNERS


def of_run(path: Path) -> Entry:
    """A run's float model, with the metrics that its training left.

    Raises:
        InputError: the model or the metrics aren't the run's.
    """
    run = open_run(path)
    trained = run.info.trained
    accuracy = None
    if trained and (path / METRICS).is_file():
        scores = run.metrics().test
        accuracy = accuracy_of(scores, source="run", images="test", leaks=run.leaks())
    config = run.info.network
    update = {
        "name": f"{naming.network(config.backbone, config.width, config.slim)} float32"
        f"{runtime_suffix('keras')}",
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


def of_bundle(path: Path) -> list[Entry]:
    """The models of a bundle.

    Raises:
        InputError: it is none, or one of its files was changed.
    """
    bundle = open_bundle(path)
    bundle.check_files()
    return [_of_bundle_file(bundle, file) for file in bundle.models]


def _of_bundle_file(bundle: Bundle, file: str) -> Entry:
    manifest = bundle.manifest
    recipe, data = manifest.recipe, manifest.data
    scheme = recipe.onnx if file == ONNX else recipe.quantize
    form = "float32" if scheme == "none" else scheme
    entry = of_file(bundle.path / file)
    source = manifest.source
    network = naming.network(source.backbone, source.width, source.slim)
    update = {
        "name": f"{network} {form}{runtime_suffix(entry.contestant.runtime)}",
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


def runtime_suffix(runtime: str) -> str:
    """What names of bundles' models and of runs have at their end."""
    title = RUNNERS[runtime].title
    return f" {title}" if title else ""
