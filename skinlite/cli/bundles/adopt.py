"""``skinlite adopt``: a network that another program trained becomes a run folder."""

from pathlib import Path
from typing import Annotated

import typer

from skinlite.cli.parsing import parse_names
from skinlite.cli.progress import reporting
from skinlite.cli.shared import (
    LabelColumnOption,
    LabelMapOption,
    OutOption,
    command_line,
    output,
    output_folder,
)
from skinlite.cli.tables import number
from skinlite.errors import InputError
from skinlite.process.optional_packages import need_all

CLASSES = "Its outputs in order, as nv,mel,...; default: as labelled images say."
PIXELS = "Range that it takes: 0-255, 0-1, -1..1, imagenet, caffe, z-score, z-score-data, or auto."
SPLIT = (
    "CSV file with image_id and split, where it is known which images trained it; or unknown: "
    "then every score says so."
)


def adopt(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help=".keras, .h5 of Keras 2 or 3, .onnx of PyTorch, or a SavedModel's folder of Keras "
            "2.",
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Labelled images: they prove the feed and judge."),
    ] = None,
    out: OutOption = None,
    classes: Annotated[str | None, typer.Option(metavar="NAME,...", help=CLASSES)] = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    pixels: Annotated[str, typer.Option(help=PIXELS)] = "auto",
    channels: Annotated[str, typer.Option(help="RGB, BGR or auto.")] = "auto",
    geometry: Annotated[
        str, typer.Option(help="How it takes an image: crop, stretch or auto.")
    ] = "auto",
    logits: Annotated[
        bool | None,
        typer.Option(
            "--logits/--probabilities", help="What it gives; default: as its outputs look."
        ),
    ] = None,
    split: Annotated[str, typer.Option(metavar="FILE|unknown", help=SPLIT)] = "unknown",
    author: Annotated[str, typer.Option(help="Of the network.")] = "",
    license_: Annotated[str, typer.Option("--license", help="Of the network.")] = "",
    images: Annotated[
        int, typer.Option(min=21, help="About how many its feed is tried on; more take longer.")
    ] = 100,
) -> None:
    """Adopt a network that was trained elsewhere: its feed goes into the graph.

    The run that is written is taken by export, evaluate and everything behind them.
    """
    if data is None:
        raise InputError(
            "Give labelled images with --data: they prove how the network wants to be fed, "
            "calibrate it, and judge it."
        )
    need_all({"keras": "train", "tf_keras": "export", "tensorflow": "export"})
    from skinlite_export.adopt.adopt import adopt as make

    folder = output_folder(out, "runs", f"{file.stem}-adopted")
    with reporting() as report:
        run = make(
            file,
            data,
            folder,
            classes=None if classes is None else _listed(classes),
            label_column=label_column,
            label_map=label_map,
            pixels=pixels,
            channels=channels,
            geometry=geometry,
            logits=logits,
            split=split,
            author=author,
            license=license_,
            images=images,
            report=report,
        )
    adopted, scores = run.info.adopted, run.metrics()
    assert adopted is not None
    output.print(f"{run.path}: adopted {file.name}", markup=False)
    output.print(
        f"it takes {adopted.pixels}, {adopted.channels}, {adopted.geometry}; its outputs are "
        f"{', '.join(adopted.classes)}; all of that is in its graph now",
        markup=False,
    )
    leaks = run.leaks()
    output.print(
        f"test images: accuracy {number(scores.test.accuracy)}, balanced accuracy "
        f"{number(scores.test.balanced_accuracy)}{leaks.mark}",
        markup=False,
    )
    if leaks.warning:
        output.print(leaks.warning, markup=False)
    again = command_line("export", "--model", run.path, "--data", data)
    output.print(f"next: {again}", markup=False)


def _listed(text: str) -> tuple[str, ...]:
    """The names as they are written: one that is there twice is to be seen."""
    names = tuple(name.strip() for name in text.split(","))
    if not parse_names(text):
        raise InputError("--classes is empty: give NAME,... or leave it out.")
    return names
