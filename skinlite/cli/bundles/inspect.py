"""``skinlite inspect``: what a model file of anybody's is, and how it wants to be fed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from skinlite.cli.parsing import as_flags
from skinlite.cli.shared import (
    JsonOption,
    LabelColumnOption,
    LabelMapOption,
    console,
    hold_file,
    output,
)
from skinlite.cli.tables import number, wide
from skinlite.errors import InputError

if TYPE_CHECKING:
    from skinlite_export.inspect.record import Finding, InspectedTensor, Inspection, Margin

MOST_OPERATORS = 12


def inspect(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help=".tflite, .onnx, .keras or .h5 file, or a SavedModel folder."
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Labelled images, to find how the file wants to be fed: a data set, or a folder "
            "for each class.",
        ),
    ] = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    images: Annotated[
        int,
        typer.Option(min=6, help="About how many are tried, classes balanced; more take longer."),
    ] = 100,
    feed: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Write how to feed it; needs --data."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What a classifier's file takes and gives, what is suspicious, and how to feed it."""
    from skinlite.data.dataset import read_dataset
    from skinlite.files.read_write import write_atomically
    from skinlite_benchmarks.cost.model import cost_of
    from skinlite_export.inspect.feeding.how_to_feed import find_feed
    from skinlite_export.inspect.open_model import open_model

    if feed and not data:
        raise InputError("--feed writes what labelled images show: give them with --data.")
    if feed:
        hold_file("--feed", feed)
    opened = open_model(file)
    found = opened.inspection
    if not found.runs and (cost := cost_of(file)):
        found = found.model_copy(update={"macs": cost.macs, "parameters": cost.parameters})
    refused: InputError | None = None
    if data:
        try:
            with console.status("trying ways to feed it"):
                labelled = read_dataset(data, label_column=label_column, label_map=label_map)
                finding = find_feed(opened, labelled, images)
            found = found.model_copy(update={"finding": finding})
        except InputError as error:
            refused = error
            found = found.model_copy(update={"refused": str(error)})
    if as_json:
        output.print_json(found.model_dump_json())
    else:
        _print(found, opened.single)
    if refused:
        raise refused
    if feed and found.finding:
        untold = found.finding.untold
        if untold:
            raise InputError(
                f"{feed} isn't written: {', '.join(untold)} can't be told. {found.finding.remedy}"
            )
        write_atomically(feed, found.finding.feed.model_dump_json(indent=1) + "\n")
        console.print(f"{feed}: how to feed {file.name}", markup=False, soft_wrap=True)


def _print(found: "Inspection", single: bool) -> None:
    made_by = f", made by {found.made_by}" if found.made_by else ""
    output.print(f"{found.file}: {found.format}, {found.bytes:,} bytes{made_by}", markup=False)
    table = Table("", "name", "shape", "format", "layout", "scale, zero point")
    for title, tensors in (("takes", found.inputs), ("gives", found.outputs)):
        for tensor in tensors:
            table.add_row(title, *_row(tensor))
            title = ""
    if table.row_count:
        wide(100).print(table)
    named = [f"{count} x {name}" for name, count in found.operators.items()]
    more = f" and {len(named) - MOST_OPERATORS} kinds more" if len(named) > MOST_OPERATORS else ""
    facts = {
        "operators": ", ".join(named[:MOST_OPERATORS]) + more,
        "results in": ", ".join(f"{name} ({n})" for name, n in found.number_formats.items()),
        "XNNPACK partitions": "" if found.partitions is None else str(found.partitions),
        "multiply-accumulates": f"{found.macs:,}" if found.macs else "",
        "parameters": f"{found.parameters:,}" if found.parameters else "",
        "signatures": ", ".join(found.signatures),
        "metadata": ", ".join(found.metadata),
        "outputs are": "" if found.scores == "unknown" else found.scores,
    }
    for title, text in facts.items():
        if text:
            output.print(f"{title}: {text}", markup=False)
    for suspicion in found.suspicions:
        output.print(f"[yellow]suspicious:[/] {escape(suspicion)}")
    if found.finding:
        _print_finding(found.finding, single)


def _row(tensor: "InspectedTensor") -> tuple[str, ...]:
    scale = tensor.quantization
    shape = " x ".join("?" if length is None else str(length) for length in tensor.shape)
    quantization = f"{scale.scale:.4g}, {scale.zero_point}" if scale else ""
    return escape(tensor.name), shape, tensor.dtype, tensor.layout, quantization


def _print_finding(found: "Finding", single: bool) -> None:
    import math

    most = math.log(len(found.labels))
    output.print(
        f"how to feed it, by {found.images} images. Nats an image that its predictions tell of the "
        f"label: {_interval(found.information)} of {most:.2f}"
    )
    table = Table()
    for name in ("", "best", "runner-up", "ahead by, nats", ""):
        table.add_column(name)
    parts = ("pixels", "channels", "geometry", "antialias")
    rows = [(part, choice := getattr(found, part), choice.value) for part in parts]
    # A single output counts as two, of which the file has the second, as its output 0.
    names = {"0": "1 - output 0", "1": "output 0"} if single else {}
    rows += [
        (f"class {one.label}", one, one.value and names.get(one.value, f"output {one.value}"))
        for one in found.classes
    ]
    for title, choice, value in rows:
        same = f" (same: {', '.join(choice.same)})" if choice.same else ""
        table.add_row(
            escape(title),
            escape(f"{value}{same}") if value else "no output",
            escape(choice.runner_up),
            _interval(choice.margin) if choice.margin else "",
            "" if choice.told else "[yellow]can't be told[/]",
        )
    wide().print(table)
    for note in found.notes:
        output.print(f"[yellow]note:[/] {escape(as_flags(note))}")
    classes = [name or "-" for name in found.feed.classes]
    line = f"outputs in order: {', '.join(classes)}"
    if single:
        through = ", through the logistic function," if found.feed.logits else ""
        line = f"output 0{through} is the probability of {classes[1]} ({classes[0]}: 1 minus it)"
    output.print(line, markup=False)


def _interval(margin: "Margin") -> str:
    low, high = number(margin.low), number(margin.high)
    return f"{number(margin.nats)} \\[{low}, {high}]"
