"""`evaluate`: what a run or a bundle is worth on a split of a data set."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from skinlite.api.data import counted, dataset_of, run_of
from skinlite.api.predictions import Answered, answer_bundle, answer_run
from skinlite.data.dataset import Dataset, read_like
from skinlite.data.splits.count_leaks import leaks_between
from skinlite.data.splits.leaks import Leaks
from skinlite.errors import InputError
from skinlite.evaluation.evaluation import Evaluation, evaluate_fully
from skinlite.evaluation.metadata_only import MetadataOnly, metadata_only
from skinlite.process.optional_packages import need
from skinlite.progress import Report, silent
from skinlite.training.runs.run import Run

if TYPE_CHECKING:
    from skinlite_export.bundle.folder import Bundle

Split = Literal["train", "validation", "test", "all"]

SEEN = Leaks(state="found", reason="the training images themselves")


@dataclass(frozen=True)
class Judged:
    """An evaluation, and what it was made of.

    Attributes:
        evaluation: the scores.
        predictions: of which it is.
        dataset: of which the images are.
        run: whose split it is; None where that isn't known.
        bundle: that was judged; None where the run was.
    """

    evaluation: Evaluation
    predictions: Answered
    dataset: Dataset
    run: Run | None
    bundle: "Bundle | None"


def evaluate(
    model: "Run | Bundle | Path | str",
    data: Dataset | Path | str | None = None,
    split: Split = "test",
    *,
    run: Run | Path | str | None = None,
    report: Report = silent,
) -> Evaluation:
    """Evaluate a run (its Keras model) or a bundle (its .tflite) on images.

    Args:
        model: run, bundle, or the folder of one.
        data: a data set, or its folder; default: the run's.
        split: side of the run's split; ``all`` uses every image of ``data``.
        run: the run of a bundle, for its split. A bundle needs it, unless ``split`` is ``all``.
        report: called with what is being done, the steps done and the steps in all.

    Returns:
        Scores between 0 and 1 with 95 % intervals over lesions, calibration, subgroups, scores of
        predictions from metadata alone, and in ``leaks`` whether the network was trained on
        lesions of these images.

    Raises:
        InputError: neither run nor bundle, a file that was changed, no ``run``, or one that the
            bundle doesn't come from.
        MissingExtraError: Keras isn't installed, and ``model`` is a run.
    """
    return judge(model, data, split, run, report).evaluation


def judge(
    model: "Run | Bundle | Path | str",
    data: Dataset | Path | str | None,
    split: Split,
    run: Run | Path | str | None,
    report: Report = silent,
) -> Judged:
    """`evaluate`, with what the scores were made of."""
    from skinlite.files.locks import restore
    from skinlite_export.bundle.folder import MANIFEST, Bundle, open_bundle

    if isinstance(model, Path | str):
        restore(Path(model))
    bundle = None
    if isinstance(model, Bundle):
        bundle = model
    elif not isinstance(model, Run) and (Path(model) / MANIFEST).exists():
        bundle = open_bundle(Path(model))
    elif run is not None:
        raise InputError(
            "`run` names the run of a bundle, but here a run itself is evaluated. Leave out `run`."
        )
    else:
        run = model
    run = None if run is None else run_of(run)
    if run is None and split != "all":
        raise InputError(
            "A bundle doesn't contain its run's split: name the run with `run=RUN`, or evaluate "
            f"every image of another data set with `split='all'` (asked for: {split})."
        )
    if bundle and run:
        _check_origin(bundle, run)
    if run is not None:
        dataset = dataset_of(data, run.info)
    elif data is None:
        raise InputError("Say where the images are: `data=DIR`.")
    else:
        dataset = dataset_for(bundle, data) if bundle else dataset_of(data)
    advance = counted(report, "reading images", len(dataset.frame))
    if bundle:
        predictions = answer_bundle(bundle, run, dataset, split, advance)
    elif run:
        need("keras", "train")
        predictions = answer_run(run, dataset, split, advance)
    evaluation = evaluate_fully(
        predictions.examples.labels,
        predictions.probabilities,
        predictions.rows,
        temperature=predictions.temperature,
        temperature_from=predictions.temperature_from,
        leaks=_leaks(run, split, dataset, predictions.leaks),
        classes=dataset.classes,
    )
    alone = _without_images(predictions, split, run)
    evaluation = evaluation.model_copy(update={"metadata_only": alone})
    return Judged(evaluation, predictions, dataset, run, bundle)


def dataset_for(bundle: "Bundle", data: Dataset | Path | str) -> Dataset:
    """A data set with a bundle's classes.

    Raises:
        InputError: it can't be read, or has other classes.
    """
    manifest = bundle.manifest
    classes, known = manifest.class_list, manifest.data
    if not isinstance(data, Dataset):
        labels = (known.label_column, known.label_map) if known else (None, None)
        return read_like(data, classes, *labels, metadata_columns=bundle.encoder().names)
    if data.classes.codes != classes.codes:
        raise InputError(
            f"{bundle.path} predicts {', '.join(classes.codes)}, and {data.root} has the classes "
            f"{', '.join(data.classes.codes)}. Read it with the bundle's `classes`."
        )
    return data


def _leaks(run: Run | None, split: str, dataset: Dataset, known: Leaks | None) -> Leaks:
    """What is known of lesions of these images that the network was trained or selected on."""
    if run is None:
        return Leaks(
            state="unknown",
            reason="only the bundle's run knows what it was trained on, and the run isn't given",
        )
    if known is None:
        return leaks_between(run.split(), dataset.frame)
    return SEEN if split == "train" else known


def _without_images(predictions: Answered, split: str, run: Run | None) -> tuple[MetadataOnly, ...]:
    """What the metadata alone reach on held-out rows of a run whose training rows are known."""
    if run is None or predictions.training is None or split not in ("validation", "test"):
        return ()
    if not run.encoder().asks:  # nothing to compare with: the network knows no patient
        return ()
    return tuple(
        metadata_only(
            predictions.training, predictions.rows, run.encoder(), classes=run.info.classes
        )
    )


def _check_origin(bundle: "Bundle", run: Run) -> None:
    """Refuse another run, which knows neither what trained this bundle nor its float model."""
    if bundle.manifest.source.model_sha256 != run.model_sha256():
        raise InputError(
            f"{bundle.path} wasn't exported from {run.path} as it is now, so the bundle may have "
            "been trained on that run's test images. Name the run it came from with `run`, or "
            "export again."
        )
