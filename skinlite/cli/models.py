"""``skinlite models``: the backbones, counted, beside the paper's figures."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from skinlite.cli.progress import counting
from skinlite.cli.shared import JsonOption, output
from skinlite.cli.tables import wide
from skinlite.process.optional_packages import need

if TYPE_CHECKING:
    from skinlite.models.count_macs import Survey


WHOLE_ROWS = 140
"""Width of the table of networks."""


def models(
    topology: Annotated[
        Literal["paper", "released"],
        typer.Option(help="Cut as in the paper's appendix, or as in the authors' notebooks."),
    ] = "paper",
    layers: Annotated[
        str | None,
        typer.Option(metavar="BACKBONE", help="List the layers of one network instead."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the backbones: parameters, multiply-accumulates, depth, cut; compared with the paper."""
    import json

    need("keras", "train")
    from skinlite.models.backbones import BACKBONES
    from skinlite.models.count_macs import survey

    if layers:
        _list_layers(layers, topology, as_json)
        return
    rows = [row for row in BACKBONES.values() if topology == "paper" or row.released]
    surveys = []
    with counting("building networks", len(rows)) as advance:
        for row in rows:
            surveys.append(survey(row, topology))
            advance()
    if as_json:
        output.print_json(json.dumps([one.model_dump() for one in surveys]))
    else:
        _print_surveys(surveys, topology)


def _list_layers(name: str, topology: Literal["paper", "released"], as_json: bool) -> None:
    import json

    from rich.table import Table

    from skinlite.models.backbones import find_backbone
    from skinlite.models.count_macs import build, count_layers
    from skinlite.models.without_weights import without_weights

    counted = list(count_layers(without_weights(lambda: build(find_backbone(name), topology))))
    if as_json:
        output.print_json(json.dumps([layer.model_dump() for layer in counted]))
        return
    table = Table("layer", "kind", "output")
    for column in ("parameters", "MACs"):
        table.add_column(column, justify="right")
    for layer in counted:
        shape = "x".join(map(str, layer.output))
        table.add_row(layer.name, layer.kind, shape, f"{layer.params:,}", f"{layer.macs:,}")
    wide().print(table)


def _print_surveys(surveys: "list[Survey]", topology: str) -> None:
    from rich.table import Table

    released = topology == "released"
    table = Table(
        title=f"topology {topology}; in brackets the paper's figure", title_justify="left"
    )
    table.add_column("backbone")
    for column in ("input", "feature map", "attention", "parameters", "MACs", "depth"):
        table.add_column(column, justify="right")
    for column in ("stock parameters", "stock depth"):
        table.add_column(column, justify="right")
    for survey in surveys:
        stock = survey.paper_stock
        theirs = f" ({survey.notebooks[0].total_params:,})" if released else ""
        table.add_row(
            survey.name,
            str(survey.input_size),
            "x".join(map(str, survey.feature_map)),
            f"{survey.soft_attention_params:,}",
            f"{survey.total_params:,}{theirs}",
            f"{survey.macs / 1e6:,.0f} M",
            str(survey.depth),
            f"{survey.stock_params / 1e6:.1f} M ({f'{stock.params_millions} M' if stock else '-'})",
            f"{survey.stock_depth} ({stock.depth if stock else '-'})",
        )
    wide(WHOLE_ROWS).print(table)
    output.print(
        "attention: parameters of Soft-Attention; depth: layers with weights; stock: the backbone "
        "as in Keras, with its 1000 classes, as in the paper's table 4."
    )
    for survey in surveys:
        if survey.difference:
            output.print(
                f"{survey.name} differs from the notebook by {survey.difference:+,} parameters: "
                f"compare skinlite models --topology released --layers {survey.name}"
            )
    if released and not any(survey.difference for survey in surveys):
        output.print("Every total equals that of the notebooks exactly.")
