"""``skinlite slim``: a run to a narrower one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skinlite.cli.progress import reporting
from skinlite.cli.shared import (
    OutOption,
    command_line,
    console,
    hold,
    output,
    output_folder,
)
from skinlite.errors import InputError
from skinlite.process.optional_packages import need

if TYPE_CHECKING:
    from skinlite.training.runs.run import Run

IMPORTANCE = (
    "Which channels go: taylor (the loss changes least by them), batch-norm (of small scale), "
    "random, or auto: what is best on the validation split."
)


RESUME = "Interrupted run to resume, with its own settings; as skinlite train --resume."
FRONT = "Make four runs, at 0.7, 0.5, 0.35 and 0.25 of the cycles; run again, it goes on."


def slim(
    run: Annotated[Path | None, typer.Argument(help="Trained run; it is left as it is.")] = None,
    cycles: Annotated[
        float | None,
        typer.Option(
            help="Share of its cycles on a phone (int8, modelled) that is to be left (0.5)."
        ),
    ] = None,
    front: Annotated[bool, typer.Option("--front", help=FRONT)] = False,
    out: OutOption = None,
    data: Annotated[
        Path | None, typer.Option(help="Data set; default: the folder it was trained on.")
    ] = None,
    importance: Annotated[str, typer.Option(help=IMPORTANCE)] = "auto",
    steps: Annotated[
        int,
        typer.Option(min=1, help="Steps in which channels go, in the first half of the epochs."),
    ] = 3,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Largest number of epochs (12).")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Highest learning rate (0.001).")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Random seed of order and augmentation (the run's).")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help=RESUME)] = None,
) -> None:
    """Take channels away from a trained run until it costs a share of its cycles.

    What is left learns from the run (distillation), under its split.
    """
    need("keras", "train")
    from skinlite.api import slim as api
    from skinlite.api import train as training
    from skinlite.training.runs.find import whole_folder

    settings: dict[str, Any] = {"epochs": epochs, "learning_rate": learning_rate, "seed": seed}
    settings = {name: value for name, value in settings.items() if value is not None}
    settings |= {"importance": importance, "steps": steps, "data": data}
    try:
        with reporting() as report:
            if resume:
                out = whole_folder(resume)
                hold(out)
                _check_slim(out)
                made = [training.resume(resume, data, report=report)]
            elif run is None:
                raise InputError("Give the trained run that is to be made slim: skinlite slim RUN")
            elif front and cycles is not None:
                raise InputError(
                    "--front makes runs at several shares of the cycles: leave out --cycles."
                )
            elif front:
                out = out or Path("runs") / f"{run.name}-front"
                hold(out)
                made = api.front(run, out=out, report=report, **settings)
            else:
                share = 0.5 if cycles is None else cycles
                out = output_folder(out, "runs", f"{run.name}-slim-{share:g}")
                made = [api.slim(run, out=out, cycles=share, report=report, **settings)]
    except training.TrainingInterruptedError as stop:
        # What is interrupted knows its settings; the runs that are still to come don't.
        again: list[object] = ["--resume", stop.run.path]
        if front and not resume:
            again = [run, "--front", "--out", out]
            for name, value in settings.items():
                again += [f"--{name.replace('_', '-')}", value] if value is not None else []
        console.print(
            f"Stopped after {stop.run.info.epochs_done} of {stop.run.info.settings.epochs} epochs; "
            f"the best model so far is saved. Go on with: {command_line('slim', *again)}",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(130) from None
    _tell(made)
    output.print(out)


def _check_slim(out: Path) -> None:
    """Refuse to go on with a training of another kind, before it is trained to its end."""
    from skinlite.files.read_write import read_json
    from skinlite.training.runs.find import partial_folder
    from skinlite.training.runs.info import CONFIG, RunInfo

    for folder in (out, partial_folder(out)):
        if (folder / CONFIG).exists():
            info = read_json(RunInfo, folder / CONFIG)
            if info.status == "interrupted" and not info.settings.slimming:
                raise InputError(
                    f"{folder} is no slim run. Go on with: {command_line('train', '--resume', out)}"
                )


def _tell(runs: "list[Run]") -> None:
    """What is left, and what it is worth; the file that a phone gets isn't judged here."""
    from rich.table import Table

    table = Table(title="Keras models", title_justify="left")
    for name in ("", "million modelled cycles", "of the teacher's"):
        table.add_column(name, justify="right" if name else "left")
    table.add_column("validation, balanced accuracy", justify="right")
    table.add_column("test, balanced accuracy", justify="right")
    for run in runs:
        slimming, metrics = run.info.settings.slimming, run.metrics()
        assert slimming
        table.add_row(
            run.path.name,
            f"{slimming.after / 1e6:.2f}",
            f"{slimming.after / slimming.before:.2f}",
            f"{metrics.validation.balanced_accuracy:.3f}",
            f"{metrics.test.balanced_accuracy:.3f}{run.leaks().mark}",
        )
    console.print(table, markup=False)
    models = [word for run in runs for word in ("--model", run.path)]
    console.print(
        f"Convert, time and chart them as int8: {command_line('benchmark', 'sweep', *models)}",
        markup=False,
        soft_wrap=True,
    )
