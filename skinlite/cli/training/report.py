"""``skinlite report``: pages that put what was measured beside what was published."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from skinlite.cli.progress import counting
from skinlite.cli.shared import command_line, console, hold_file, output
from skinlite.errors import InputError
from skinlite.process.optional_packages import need

if TYPE_CHECKING:
    from skinlite.evaluation.paper_tables import Measured
    from skinlite.models.count_macs import Survey
    from skinlite.training.runs.run import Run

app = typer.Typer(no_args_is_help=True, help="Compare measured and published results.")


@app.callback()
def group() -> None:
    """Compare measured and published results."""


@app.command()
def paper(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File (.md or .html) to write, instead of only printing."
        ),
    ] = None,
) -> None:
    """Render the paper's tables 4-7 and A3-A5, with the paper's figures and those of runs."""
    from skinlite.training.runs.find import open_run

    if out and out.suffix not in (".md", ".html"):
        raise InputError(f"--out {out}: give a file that ends in .md or .html.")
    if out:
        hold_file("--out", out)
    opened = [open_run(path) for path in runs]
    need("keras", "train")
    from skinlite.evaluation.paper_tables import paper_tables
    from skinlite.files.read_write import write_atomically
    from skinlite.models.backbones import find_backbone
    from skinlite.models.count_macs import survey
    from skinlite.models.paper import paper as published

    names = published().table4
    surveys: dict[str, Survey] = {}
    with counting("building networks", len(names) + len(opened)) as advance:
        measured = []
        for run in opened:  # first, for it refuses what can't be compared
            measured.append(_measured(run))
            advance()
        for name in names:
            surveys[name] = survey(find_backbone(name))
            advance()
    page = paper_tables(surveys, measured)
    shown = {row[-1] for table in page.tables for row in table.rows}
    for one in measured:
        if one.label not in shown:
            console.print(
                f"[yellow]warning:[/] {escape(one.label)}: the paper has no such network.",
                soft_wrap=True,
            )
    if out is None:
        output.out(page.to_markdown(), end="", highlight=False)
        return
    write_atomically(out, page.to_html() if out.suffix == ".html" else page.to_markdown())
    console.print(str(out), markup=False, soft_wrap=True)


def _measured(run: "Run") -> "Measured":
    """A run's test figures, and its network counted.

    Raises:
        InputError: an unfinished or untrained run, which measured nothing.
    """
    from skinlite.classes import HAM10000
    from skinlite.evaluation.paper_tables import Measured
    from skinlite.models.classifier import build_classifier
    from skinlite.models.count_macs import count_layers
    from skinlite.models.without_weights import without_weights
    from skinlite.training.runs.info import METRICS

    info, config = run.info, run.info.settings
    if info.classes != HAM10000:
        raise InputError(
            f"{run.path} predicts {', '.join(info.classes.codes)}: the paper's tables are of "
            "HAM10000's seven classes, with which it can't be compared. Leave it out."
        )
    if not (run.path / METRICS).exists():
        resume = f"Finish it with {command_line('train', '--resume', run.path)}, or leave it out."
        raise InputError(
            f"{run.path} has no {METRICS}: its training is {info.status}. "
            + (resume if info.status == "interrupted" else "Leave it out.")
        )
    if config.slimming:
        network = run.load_model()
    else:
        network = without_weights(
            lambda: build_classifier(
                config.backbone,
                patient_width=len(run.encoder().columns),
                topology=config.own_topology,
                image_size=config.image_size,
                width=config.width,
            )
        )
    label = run.leaks().label
    split = f"{info.split.kind} split" + (f" ({label.upper()})" if label else "")
    facts = [run.path.name, split, f"{config.image_size} px", f"regime {config.regime}"]
    if config.topology != "paper":
        facts.append(f"topology {config.topology}")
    if config.width != 1:
        facts.append(f"width {config.width:g}")
    if config.slimming:
        facts.append(f"slim {config.slimming.cycles:g}")
    if config.teacher:
        facts.append(f"teacher {config.teacher.name}")
    if not info.names_network:
        facts.append("network UNPROVEN")
    if info.synthetic:
        facts.append("SYNTHETIC images")
    return Measured(
        backbone=config.backbone,
        regime=config.regime,
        label=", ".join(facts),
        metrics=run.metrics().test,
        params=network.count_params(),
        depth=sum(one.params > 0 for one in count_layers(network)),
    )
