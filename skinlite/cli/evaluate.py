"""``skinlite evaluate``: the metrics of a run or a bundle on a split of its data set."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from skinlite.cli.progress import counting
from skinlite.cli.shared import DataOption, JsonOption, console, need, output
from skinlite.cli.tables import print_metrics
from skinlite.errors import InputError


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
    as_json: JsonOption = False,
) -> None:
    """Score a run (Keras) or a bundle (its .tflite) on held-out pictures."""
    import pandas as pd

    from skinlite.data.dataset import read_dataset
    from skinlite.data.examples import Examples
    from skinlite.data.patient import PatientEncoder
    from skinlite.evaluation.metrics import evaluate as score
    from skinlite.training.prepare import all_examples, prepare_again
    from skinlite.training.run import open_run
    from skinlite_export.bundle import MANIFEST, open_bundle
    from skinlite_export.feed import answer

    bundle = open_bundle(artefact) if (artefact / MANIFEST).exists() else None
    run = open_run(model or artefact) if model or not bundle else None
    if run is None and split != "all":
        raise InputError(
            "A bundle doesn't hold its run's split: name the run with --model RUN, or take every "
            f"picture of another data set with --split all (asked for: --split {split})."
        )
    if data is None and run is None:
        raise InputError("Say where the pictures are: --data DIR.")
    dataset = read_dataset(data or Path(run.info.data if run else ""))

    def read(encoder: PatientEncoder, image_size: int) -> tuple[Examples, pd.DataFrame]:
        with counting("reading pictures", len(dataset.frame)) as advance:
            if run and split != "all":
                prepared = prepare_again(run, dataset, advance)
                return prepared.examples[split], prepared.rows(split)
            return all_examples(dataset, encoder, image_size, advance), dataset.frame

    if bundle:
        bundle.check_files()
        examples, rows = read(bundle.encoder(), bundle.manifest.source.image_size)
        probabilities = answer(bundle.runner(), examples, rows, bundle.encoder())
    elif run:
        need("keras", "train")
        from skinlite.training.trainer import predict

        examples, _ = read(run.encoder(), run.info.config.image_size)
        probabilities = predict(run.load_model(), examples)
    metrics = score(examples.labels, probabilities)
    if split == "all" and run:
        console.print("[yellow]warning:[/] --split all includes pictures the run was trained on.")
    if as_json:
        output.print_json(metrics.model_dump_json())
    else:
        synthetic = ", synthetic pictures" if dataset.synthetic else ""
        print_metrics(metrics, f"{artefact}, split {split}{synthetic}")
