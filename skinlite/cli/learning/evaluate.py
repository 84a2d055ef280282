"""``skinlite evaluate``: what a run or a bundle is worth on a split of its data set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from skinlite.cli.bundles.submission import write_answers
from skinlite.cli.learning.score_tables import print_evaluation
from skinlite.cli.progress import counting
from skinlite.cli.shared import DataOption, JsonOption, console, hold, hold_file, need, output
from skinlite.data.splits.leaks import Leaks
from skinlite.errors import InputError

TRAINED_ON = "images that it was trained on: every score is an upper bound"
SEEN = Leaks(state="found", reason="the training images themselves")

if TYPE_CHECKING:
    from skinlite.cli.bundles.predictions import Answered
    from skinlite.data.dataset import Dataset
    from skinlite.evaluation.evaluation import Evaluation
    from skinlite.evaluation.metadata_only import MetadataOnly
    from skinlite.training.run import Run
    from skinlite_export.bundle.folder import Bundle


def evaluate(
    artefact: Annotated[Path, typer.Argument(metavar="RUN_OR_BUNDLE")],
    data: DataOption = None,
    split: Annotated[
        Literal["train", "validation", "test", "all"],
        typer.Option(help="Of the run; all takes the whole of --data, whatever the run's split."),
    ] = "test",
    model: Annotated[
        Path | None, typer.Option(help="Run whose split a bundle is evaluated on.")
    ] = None,
    isic_csv: Annotated[
        Path | None,
        typer.Option(
            "--isic-csv", metavar="FILE", help="Write the answers as ISIC 2018 takes them."
        ),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw curves, bars, matrix, attention there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a run (Keras) or a bundle (its .tflite) on held-out images."""
    _check_places(isic_csv, figures)
    from skinlite.cli.bundles.predictions import answer_bundle, answer_run
    from skinlite.data.dataset import read_dataset
    from skinlite.evaluation.evaluation import evaluate_fully
    from skinlite.files.claims import restore
    from skinlite.training.run import open_run
    from skinlite_export.bundle.folder import MANIFEST, open_bundle

    restore(artefact)
    bundle = open_bundle(artefact) if (artefact / MANIFEST).exists() else None
    run = open_run(model or artefact) if model or not bundle else None
    if run is None and split != "all":
        raise InputError(
            "A bundle doesn't hold its run's split: name the run with --model RUN, or take every "
            f"image of another data set with --split all (asked for: --split {split})."
        )
    if bundle and run and split != "all":
        _check_origin(bundle, run)
    if data is None and run is None:
        raise InputError("Say where the images are: --data DIR.")
    dataset = read_dataset(data or Path(run.info.data if run else ""))
    with counting("reading images", len(dataset.frame)) as advance:
        if bundle:
            answered = answer_bundle(bundle, run, dataset, split, advance)
        elif run:
            need("keras", "train")
            answered = answer_run(run, dataset, split, advance)
    leaks = _leaks(run, split, dataset, answered.leaks)
    found = evaluate_fully(
        answered.examples.labels,
        answered.probabilities,
        answered.rows,
        temperature=answered.temperature,
        temperature_from=answered.temperature_from,
        leaks=leaks,
    )
    alone = _without_images(answered, split, run)
    found = found.model_copy(update={"metadata_only": alone})
    title = _title(artefact, split, dataset, run)
    if leaks.statement:
        title += f", {TRAINED_ON if leaks == SEEN else leaks.warning}"
    if split == "all" and run and leaks.state == "found":
        console.print("[yellow]warning:[/] --split all includes images the run was trained on.")
    if isic_csv:
        write_answers(isic_csv, answered.rows["image_id"].tolist(), answered.probabilities)
    if figures:
        _draw(figures, title, answered, found, run if not bundle else None)
    if as_json:
        output.print_json(found.model_dump_json())
    else:
        print_evaluation(found, title)


def _leaks(run: "Run | None", split: str, dataset: "Dataset", known: Leaks | None) -> Leaks:
    """What is known of lesions of these images that the network was trained or selected on."""
    from skinlite.data.splits.leakage import leaks_between

    if run is None:
        return Leaks(
            state="unknown",
            reason="what the bundle was trained on is only told by its run; name it with --model",
        )
    if known is None:
        return leaks_between(run.split(), dataset.frame)
    return SEEN if split == "train" else known


def _without_images(
    answered: "Answered", split: str, run: "Run | None"
) -> "tuple[MetadataOnly, ...]":
    """What the metadata alone reach on held-out rows of a run whose training rows are known."""
    from skinlite.evaluation.metadata_only import metadata_only

    if run is None or answered.training is None or split not in ("validation", "test"):
        return ()
    return tuple(metadata_only(answered.training, answered.rows, run.encoder()))


def _check_origin(bundle: "Bundle", run: "Run") -> None:
    """Refuse another run's split: its held-out images may have trained this bundle."""
    if bundle.manifest.source.model_sha256 != run.model_sha256():
        raise InputError(
            f"{bundle.path} wasn't exported from {run.path} as it is now, so what that run holds "
            "out may have trained the bundle. Name the run it came from with --model, or export "
            "again."
        )


def _check_places(isic_csv: Path | None, figures: Path | None) -> None:
    """Refuse where nothing could be written, before anything is computed."""
    if isic_csv:
        hold_file("--isic-csv", isic_csv)
    if figures:
        if figures.exists() and (not figures.is_dir() or any(figures.iterdir())):
            raise InputError(f"{figures} exists already. Choose another folder with --figures.")
        hold(figures)
        need("matplotlib", "train")


def _title(artefact: Path, split: str, dataset: "Dataset", run: "Run | None") -> str:
    title = f"{artefact}, split {split}"
    if run and run.info.status == "untrained":
        title += ", UNTRAINED network: its scores mean nothing"
    return title + (", synthetic images" if dataset.synthetic else "")


def _draw(
    folder: Path, title: str, answered: "Answered", found: "Evaluation", run: "Run | None"
) -> None:
    from skinlite.evaluation.figures.plots import Looks, draw_figures, pick_looks

    examples = answered.examples
    picked = pick_looks(examples.labels)
    maps = answered.maps(picked)
    some = examples.take(picked)
    names = draw_figures(
        folder,
        title,
        examples.labels,
        answered.probabilities,
        found,
        history=run.history() if run else None,
        looks=None
        if maps is None
        else Looks(some.images, maps, some.labels, answered.probabilities[picked]),
    )
    console.print(f"{folder}: {', '.join(names)}", markup=False, soft_wrap=True)
    if maps is None:
        console.print("no attention.png: the bundle's file gives no attention map.")
