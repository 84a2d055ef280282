"""``skinlite train``: a data set to a run folder."""

from pathlib import Path
from typing import Annotated

import typer

from skinlite.cli.progress import counting, reporting
from skinlite.cli.shared import (
    DataOption,
    OutOption,
    console,
    need,
    output,
    output_folder,
    validated,
)
from skinlite.errors import InputError


def train(
    data: DataOption = None,
    out: OutOption = None,
    backbone: Annotated[str, typer.Option(help="Backbone, snake case.")] = "mobilenet_v3_large",
    topology: Annotated[
        str, typer.Option(help="Where it is cut: paper, or released for the authors' notebooks.")
    ] = "paper",
    image_size: Annotated[
        int | None, typer.Option(help="Height and width in pixels; left out, the paper's.")
    ] = None,
    width: Annotated[
        float, typer.Option(help="Multiplies the channels of a MobileNet (its alpha).")
    ] = 1.0,
    weights: Annotated[str, typer.Option(help="imagenet, none, or a weights FILE.")] = "none",
    epochs: Annotated[
        int, typer.Option(min=0, help="At most so many; 0 writes an untrained run.")
    ] = 30,
    batch_size: Annotated[int, typer.Option(min=1)] = 64,
    learning_rate: Annotated[float, typer.Option(help="Peak, for AdamW.")] = 2e-3,
    patience: Annotated[
        int, typer.Option(min=1, help="Stop after so many epochs without a better model.")
    ] = 12,
    seed: Annotated[int, typer.Option(help="Decides split, order and augmentation.")] = 0,
    resume: Annotated[
        Path | None,
        typer.Option(help="Interrupted run to go on with, under its own settings."),
    ] = None,
) -> None:
    """Train a classifier on a HAM10000 or ISIC 2018 folder, split by lesion."""
    need("keras", "train")
    from skinlite.data.dataset import read_dataset
    from skinlite.models.backbones import find_backbone
    from skinlite.training.config import TrainConfig
    from skinlite.training.fit import Training
    from skinlite.training.prepare import prepare, prepare_again
    from skinlite.training.run import partial_folder, reopen_run

    if resume:
        unfinished = reopen_run(resume)
        config = unfinished.info.config
        out = unfinished.path.with_name(unfinished.path.name.removesuffix(".partial"))
        dataset = read_dataset(data or Path(unfinished.info.data))
        with counting("reading pictures", len(dataset.frame)) as advance:
            prepared = prepare_again(unfinished, dataset, advance)
    else:
        if data is None:
            raise InputError("Say where the data set is: --data DIR. Without data: skinlite demo")
        config = validated(
            TrainConfig,
            {
                "backbone": backbone,
                "topology": topology,
                "image_size": image_size or find_backbone(backbone).input_size,
                "width": width,
                "weights": weights,
                "epochs": epochs,
                "batch_size": batch_size,
                "learning_rate": learning_rate,
                "patience": patience,
                "seed": seed,
            },
        )
        name = backbone if width == 1 else f"{backbone}-{width:g}"
        out = output_folder(out, "runs", f"{name}-{config.image_size}px")
        if partial_folder(out).exists():
            raise InputError(
                f"{partial_folder(out)} was left by a training that was killed, or still runs. "
                f"Go on with: skinlite train --resume {out}"
            )
        dataset = read_dataset(data)
        with counting("reading pictures", len(dataset.frame)) as advance:
            prepared = prepare(dataset, config.image_size, seed, advance)

    with reporting() as report:
        training = Training(out, config, prepared, report)
        run = training.resume() if resume else training.start()
    if run.info.status == "interrupted":
        console.print(
            f"Stopped after {run.info.epochs_done} of {config.epochs} epochs; the best model so "
            f"far is kept. Go on with: skinlite train --resume {out}",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(130)
    output.print(out)
