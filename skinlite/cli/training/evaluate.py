"""``skinlite evaluate``: what a run or a bundle is worth on a split of its data set."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from skinlite.cli.bundles.submission import write_answers
from skinlite.cli.progress import reporting
from skinlite.cli.shared import DataOption, JsonOption, console, hold, hold_file, output
from skinlite.cli.training.score_tables import print_evaluation, print_shifts
from skinlite.errors import InputError
from skinlite.process.optional_packages import need

TRAINED_ON = "images of the training: every score is an upper bound"

if TYPE_CHECKING:
    from skinlite.api.evaluate import Judged


def evaluate(
    artefact: Annotated[Path, typer.Argument(metavar="RUN_OR_BUNDLE")],
    data: DataOption = None,
    split: Annotated[
        Literal["train", "validation", "test", "all"],
        typer.Option(help="Side of the run's split; all uses every image of --data."),
    ] = "test",
    model: Annotated[
        Path | None, typer.Option(help="Run whose split a bundle is evaluated on.")
    ] = None,
    isic_csv: Annotated[
        Path | None,
        typer.Option(
            "--isic-csv",
            metavar="FILE",
            help="Write the predictions in ISIC's format.",
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write figures there: curves, bars, confusion matrix, attention."
        ),
    ] = None,
    shifts: Annotated[
        bool,
        typer.Option(
            "--shifts",
            help="Also judge images as other cameras make them: noise, blur, light, colours, "
            "JPEG; takes minutes. With --figures as a figure, too.",
        ),
    ] = False,
    shift_images: Annotated[
        int, typer.Option(min=1, help="Number of images for --shifts, at most.")
    ] = 300,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a run (Keras) or a bundle (its .tflite) on held-out images."""
    _check_places(isic_csv, figures)
    from skinlite.api.evaluate import SEEN, judge
    from skinlite.api.shifts import as_table, under_shifts

    with reporting() as report:
        judged = judge(artefact, data, split, model, report)
        shifted = as_table(under_shifts(judged, shift_images, report)) if shifts else None
    predictions, found, run = judged.predictions, judged.evaluation, judged.run
    title = _title(artefact, split, judged)
    if found.leaks.statement:
        title += f", {TRAINED_ON if found.leaks == SEEN else found.leaks.warning}"
    if split == "all" and run and found.leaks.state == "found":
        console.print(
            "[yellow]warning:[/] --split all includes images that the run was trained on."
        )
    if isic_csv:
        names = predictions.rows["image_id"].tolist()
        write_answers(isic_csv, names, predictions.probabilities, judged.dataset.classes)
    if figures:
        _draw(figures, title, judged)
        _draw_points(figures, title, judged)
        if shifted is not None:
            from skinlite.evaluation.figures.shifts import draw_shifts

            draw_shifts(figures / "shifts.png", title, shifted)
    if as_json:
        known = json.loads(found.model_dump_json())
        if shifted is not None:
            known["shifts"] = json.loads(shifted.to_json(orient="records"))
        output.print_json(data=known)
    else:
        print_evaluation(found, title)
        if shifted is not None:
            print_shifts(shifted)


def _check_places(isic_csv: Path | None, figures: Path | None) -> None:
    """Refuse where nothing could be written, before anything is computed."""
    if isic_csv:
        hold_file("--isic-csv", isic_csv)
    if figures:
        if figures.exists() and (not figures.is_dir() or any(figures.iterdir())):
            raise InputError(f"{figures} exists already. Choose another folder with --figures.")
        hold(figures)
        need("matplotlib", "train")


def _title(artefact: Path, split: str, judged: "Judged") -> str:
    title = f"{artefact}, split {split}"
    if judged.run and not judged.run.info.trained:
        title += ", UNTRAINED network: its scores mean nothing"
    return title + (", synthetic images" if judged.dataset.synthetic else "")


def _draw_points(folder: Path, title: str, judged: "Judged") -> None:
    """Of a bundle that has some, the operating points."""
    decision = judged.bundle.manifest.decision if judged.bundle else None
    codes = judged.dataset.classes.codes
    points = {
        name: ([codes.index(code) for code in point.classes], point.threshold)
        for name, point in (decision.points.items() if decision else ())
        if point.threshold is not None
    }
    if points:
        from skinlite.evaluation.figures.points import draw_points

        known = judged.predictions
        path = folder / "points.png"
        draw_points(path, title, known.examples.labels, known.probabilities, points)


def _draw(folder: Path, title: str, judged: "Judged") -> None:

    from skinlite.evaluation.figures.plots import Looks, draw_figures, pick_looks

    predictions = judged.predictions
    examples = predictions.examples
    picked = pick_looks(examples.labels)
    maps = predictions.maps(picked)
    some = examples.take(picked)
    run = None if judged.bundle else judged.run
    names = draw_figures(
        folder,
        title,
        examples.labels,
        predictions.probabilities,
        judged.evaluation,
        history=run.history() if run else None,
        looks=None
        if maps is None
        else Looks(
            some.images,
            maps,
            some.labels,
            predictions.probabilities[picked],
            judged.dataset.classes.codes,
        ),
    )
    console.print(f"{folder}: {', '.join(names)}", markup=False, soft_wrap=True)
    if maps is None:
        console.print("no attention.png: the bundle's file has no attention map.")
