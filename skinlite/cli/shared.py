"""What the commands share: the console, common options, default folders, missing extras."""

import importlib
import importlib.util
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from skinlite.errors import InputError, MissingExtraError
from skinlite.quiet import silenced

console = Console(stderr=True, highlight=False)
"""Messages and progress go to stderr; what a command found goes to stdout."""

output = Console(highlight=False, soft_wrap=True)

DEVICES = Path("reports") / "devices"
"""Where `skinlite serve` keeps what phones measure, and `skinlite benchmark` finds it."""

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="HAM10000 or ISIC 2018 folder, or its metadata table."),
]
OutOption = Annotated[Path | None, typer.Option("--out", help="Folder to write.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def need(module: str, extra: str) -> None:
    """Import an optional part of the installation, without its start-up chatter.

    Raises:
        MissingExtraError: names the ``pip install`` line.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError(module, extra)
    with silenced():
        importlib.import_module(module)


def output_folder(out: Path | None, root: str, name: str) -> Path:
    """The folder asked for, or the first free ``root/NAME``, ``root/NAME-2``, ...

    Raises:
        InputError: the folder asked for exists and isn't empty.
    """
    if out is not None:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise InputError(f"{out} exists already. Choose another folder with --out.")
        return out
    candidate, number = Path(root) / name, 2
    while candidate.exists() or candidate.with_name(f"{candidate.name}.partial").exists():
        candidate, number = Path(root) / f"{name}-{number}", number + 1
    return candidate
