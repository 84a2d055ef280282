"""``skinlite train``: a data set to a run folder."""

from pathlib import Path
from typing import Annotated, Any

import typer

from skinlite.cli.parsing import class_codes, column_names
from skinlite.cli.progress import reporting
from skinlite.cli.shared import (
    ClassesOption,
    DataOption,
    LabelColumnOption,
    LabelMapOption,
    MetadataColumnsOption,
    OutOption,
    command_line,
    console,
    hold,
    output,
    output_folder,
)
from skinlite.errors import InputError
from skinlite.process.optional_packages import need
from skinlite.settings import validated

PRESETS = (
    "default; paper: the paper's protocol; or transfer: from --weights, at first with a frozen "
    "backbone. Flags override it."
)
REGIMES = (
    "metadata (patient metadata, weighted loss), augmented (augmented images, without these), or "
    "both; default: both, in the paper's preset metadata."
)
SPLITS = (
    "lesion; paper (by image: it leaks, and figures are labelled so); official (tested on "
    "--test-data); or a CSV file with image_id and split."
)
SAME_LESION = (
    "Pairs of images that show one lesion, which stay on one side: a CSV file with image_a, "
    "image_b and relation, as skinlite data duplicates writes it."
)


def train(
    data: DataOption = None,
    out: OutOption = None,
    preset: Annotated[str, typer.Option(help=PRESETS)] = "default",
    regime: Annotated[str | None, typer.Option(help=REGIMES)] = None,
    split: Annotated[str, typer.Option(help=SPLITS)] = "lesion",
    test_data: Annotated[
        Path | None, typer.Option(help="ISIC 2018 test folder, for --split official.")
    ] = None,
    same_lesion: Annotated[Path | None, typer.Option(metavar="FILE", help=SAME_LESION)] = None,
    classes: ClassesOption = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    metadata_columns: MetadataColumnsOption = None,
    backbone: Annotated[str, typer.Option(help="Backbone, in snake case.")] = "mobilenet_v3_large",
    topology: Annotated[
        str, typer.Option(help="Where it is cut: paper, or released for the authors' notebooks.")
    ] = "paper",
    image_size: Annotated[
        int | None, typer.Option(help="Height and width in pixels; default: the paper's.")
    ] = None,
    width: Annotated[
        float, typer.Option(help="Multiplies the channels of a MobileNet (its alpha).")
    ] = 1.0,
    weights: Annotated[
        str | None,
        typer.Option(
            help="imagenet, none, or a weights FILE of Keras, timm or torchvision "
            "(none; paper: imagenet)."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=0, help="Largest number of epochs (30; paper: 250); 0 writes an untrained run."
        ),
    ] = None,
    epoch_pictures: Annotated[
        int | None,
        typer.Option(
            "--epoch-images",
            "--epoch-pictures",
            min=1,
            help="Images per epoch (all once; augmented: 18015).",
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Images per step (64; paper: 32).")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Highest learning rate (0.002; paper: 0.001).")
    ] = None,
    freeze: Annotated[
        bool | None,
        typer.Option(help="Keep the backbone as it is and train the head (preset transfer)."),
    ] = None,
    unfreeze_epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Of a frozen backbone: the last epochs, in which it is trained too "
            "(0; transfer: 8).",
        ),
    ] = None,
    lower_rate: Annotated[
        float | None,
        typer.Option(
            help="Multiplies a backbone layer's learning rate for each halving of the resolution "
            "between it and the feature map (1; transfer: 0.5)."
        ),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Trained run to learn from besides the labels (distillation). It brings its split "
            "along; backbone, width and size may be others.",
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1, help="Stop after this number of epochs without a better model (12; paper: 25)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed of split, order and augmentation.")] = 0,
    precision: Annotated[
        str, typer.Option(help="float32, mixed_bfloat16 or mixed_float16, for a GPU.")
    ] = "float32",
    xla: Annotated[
        str, typer.Option(help="Compile with XLA: auto (on a GPU, not on a CPU), on or off.")
    ] = "auto",
    steps_per_execution: Annotated[
        int | None, typer.Option(min=1, help="Batches per call (16 on a GPU, 1 on a CPU).")
    ] = None,
    devices: Annotated[
        str, typer.Option(help="Number of devices that share each batch, or all.")
    ] = "1",
    hosts: Annotated[
        str,
        typer.Option(
            help="one, or all: processes of a Slurm, MPI or Kubernetes job share each batch (JAX)."
        ),
    ] = "one",
    resume: Annotated[
        Path | None,
        typer.Option(help="Interrupted run to resume, with its own settings."),
    ] = None,
) -> None:
    """Train a classifier on a data set, split by patient or lesion, as far as they are known."""
    need("keras", "train")
    from skinlite.api import train as training
    from skinlite.models.backbones import find_backbone
    from skinlite.training.config import TrainConfig
    from skinlite.training.execution import Execution
    from skinlite.training.runs.find import whole_folder

    execution = validated(
        Execution,
        {
            "xla": xla,
            "steps_per_execution": steps_per_execution,
            "devices": devices,
            "hosts": hosts,
        },
    )
    place = execution.join()
    try:
        if resume:
            out = whole_folder(resume)
            if place.first:
                hold(out)
            with reporting() as report:
                training.resume(resume, data, execution=execution, report=report)
        else:
            if data is None:
                raise InputError("Give the data set: --data DIR. Without data: skinlite demo")
            settings: dict[str, Any] = {
                "preset": preset,
                "regime": regime,
                "backbone": backbone,
                "topology": topology,
                "image_size": image_size or find_backbone(backbone).input_size,
                "width": width,
                "weights": weights,
                "epochs": epochs,
                "epoch_pictures": epoch_pictures,
                "batch_size": batch_size,
                "learning_rate": learning_rate,
                "freeze": freeze,
                "unfreeze_epochs": unfreeze_epochs,
                "lower_rate": lower_rate,
                "patience": patience,
                "seed": seed,
                "precision": precision,
            }
            given = {name: value for name, value in settings.items() if value is not None}
            config = validated(TrainConfig, given)
            name = backbone if width == 1 else f"{backbone}-{width:g}"
            name = f"{name}-{config.image_size}px" + ("-taught" if teacher else "")
            out = output_folder(out, "runs", name) if place.first else out or Path(name)
            with reporting() as report:
                training.train(
                    data,
                    out=out,
                    split=split,
                    test_data=test_data,
                    same_lesion=same_lesion,
                    classes=class_codes(classes),
                    label_column=label_column,
                    label_map=label_map,
                    metadata_columns=column_names(metadata_columns),
                    teacher=teacher,
                    execution=execution,
                    report=report,
                    **given,
                )
    except training.TrainingInterruptedError as stop:
        info = stop.run.info
        if not place.first:
            raise typer.Exit(130) from None
        console.print(
            f"Stopped after {info.epochs_done} of {info.settings.epochs} epochs; the best model so "
            f"far is saved. Resume it with: {command_line('train', '--resume', out)}",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(130) from None
    if place.first:
        output.print(out)
