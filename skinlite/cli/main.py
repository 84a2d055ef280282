"""The ``skinlite`` command: mounts the commands, and turns our errors into messages and exit codes.

Exit codes: 0 done, 1 a fault of ours, 2 the input or a flag is wrong, 3 a gate failed,
130 interrupted.
"""

import logging
import os
import sys
import warnings
from typing import Annotated, NoReturn

import typer
from rich.markup import escape
from typer.main import get_command

from skinlite import __version__
from skinlite.cli import data, demo, doctor, models
from skinlite.cli.benchmark import run as benchmark
from skinlite.cli.bundles import adopt, export, inspect, kit, predict, serve, sign, verify
from skinlite.cli.parsing import as_flags
from skinlite.cli.shared import console, held
from skinlite.cli.training import evaluate, report, slim, train
from skinlite.errors import SkinliteError, SkinliteWarning
from skinlite.process.signals import catching_signals, taken

app = typer.Typer(
    help="The smallest, fastest skin-lesion classifier that provably kept the diagnosis.\n\n"
    "Start with: skinlite demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(report.app, name="report")
COMMANDS = (
    demo, models, train, slim, evaluate, inspect, adopt, export, kit, sign, verify, predict, serve,
    doctor,
)  # fmt: skip
for command in COMMANDS:
    app.command()(getattr(command, command.__name__.rpartition(".")[2]))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"skinlite {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """The smallest, fastest skin-lesion classifier that provably kept the diagnosis.

    Start with: skinlite demo
    """


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    console.print(f"[yellow]warning:[/] {escape(as_flags(str(message)))}", soft_wrap=True)


def main() -> None:
    """Run the command line, as `skinlite.__main__` does once it has imported this."""
    # Libraries' start-up chatter is no help to a user; a variable already set is left alone.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # TensorFlow then means tf_keras by its own Keras; ours stays Keras 3.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", SkinliteWarning)
    warnings.showwarning = _show_warning
    with catching_signals(), held:
        try:
            # Not app(): it would exchange Python's excepthook, which has to know of signals.
            get_command(app)()
        except BaseException as error:
            done = isinstance(error, SystemExit) and not error.code
            # A library may have made an error of its own of the interruption.
            if taken() and not done:
                sys.exit(130)
            _tell(error)


def _tell(error: BaseException) -> NoReturn:
    if isinstance(error, SkinliteError):
        console.print(f"[red]error:[/] {escape(as_flags(str(error)))}", soft_wrap=True)
        sys.exit(error.exit_code)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        reason = escape(f"{place}{error.strerror or error}")
        console.print(f"[red]error:[/] {reason}", soft_wrap=True)
        sys.exit(2)
    raise error
