"""``skinlite slim``: a run to a narrower one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from skinlite.cli.progress import reporting
from skinlite.cli.shared import OutOption, console, output, output_folder
from skinlite.process.optional_packages import need

IMPORTANCE = (
    "Which channels go: taylor (the loss changes least by them), batch-norm (of small scale), "
    "random, or auto: what is best on the validation split."
)


def slim(
    run: Annotated[Path, typer.Argument(help="Trained run; it is left as it is.")],
    cycles: Annotated[
        float,
        typer.Option(help="Share of its cycles on a phone (int8, modelled) that is to be left."),
    ] = 0.5,
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
) -> None:
    """Take channels away from a trained run until it costs a share of its cycles.

    What is left learns from the run (distillation), under its split. Interrupted, it goes on with:
    skinlite train --resume OUT
    """
    need("keras", "train")
    from skinlite.api import train as training
    from skinlite.api.slim import slim as slimmed

    settings: dict[str, Any] = {"epochs": epochs, "learning_rate": learning_rate, "seed": seed}
    settings["importance"] = importance
    out = output_folder(out, "runs", f"{run.name}-slim-{cycles:g}")
    try:
        with reporting() as report:
            narrow = slimmed(
                run,
                out=out,
                cycles=cycles,
                data=data,
                steps=steps,
                report=report,
                **{name: value for name, value in settings.items() if value is not None},
            )
    except training.TrainingInterruptedError as stop:
        console.print(
            f"Stopped after {stop.run.info.epochs_done} of {stop.run.info.settings.epochs} epochs; "
            f"the best model so far is saved. Resume it with: skinlite train --resume {out}",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(130) from None
    slimming = narrow.info.settings.slimming
    assert slimming
    console.print(
        f"{slimming.after / 1e6:.2f} of {slimming.before / 1e6:.2f} million modelled cycles are "
        f"left ({slimming.after / slimming.before:.2f}). Export it with: skinlite export --model "
        f"{out}",
        markup=False,
        soft_wrap=True,
    )
    output.print(out)
