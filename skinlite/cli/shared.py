"""What the commands share: the console, common options, default folders, missing extras."""

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from skinlite.errors import InputError
from skinlite.files.locks import Claim, ClaimedError, make_parent

console = Console(stderr=True, highlight=False)
"""Messages and progress go to stderr; what a command found goes to stdout."""

output = Console(highlight=False, soft_wrap=True)

DEVICES = Path("reports") / "devices"
"""Where `skinlite serve` keeps what phones measure, and `skinlite benchmark` finds it."""

held = ExitStack()
"""What the command has claimed; `skinlite.cli.main.main` closes it."""

DATA_SET = (
    "Data set: the folder or the table of HAM10000, ISIC 2018 to 2024 or PAD-UFES-20, any table "
    "of images and labels, or a folder for each class."
)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help=DATA_SET),
]
ClassesOption = Annotated[
    str | None,
    typer.Option(
        "--classes",
        help="Classes in the order of the probabilities, such as benign,malignant; default: those "
        "of the data set.",
    ),
]
LabelColumnOption = Annotated[
    str | None,
    typer.Option("--label-column", help="Column of the labels in the data set's table."),
]
LabelMapOption = Annotated[
    Path | None,
    typer.Option(
        "--label-map",
        metavar="FILE.csv",
        help="Labels to classes: label,class a line; a blank class leaves its images out.",
    ),
]
MetadataColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--metadata-columns",
        help="Columns of the table that the network takes beside age, sex and site, such as "
        "itch,diameter_1; none: it takes the image alone.",
    ),
]
OutOption = Annotated[Path | None, typer.Option("--out", help="Folder to write.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def command_line(*words: object) -> str:
    """What a user can paste to go on, whatever characters are in its paths."""
    return shlex.join(["skinlite", *map(str, words)])


def output_folder(out: Path | None, root: str, name: str) -> Path:
    """The folder asked for, or the first free ``root/NAME``, ``root/NAME-2``, ...; it is held.

    Raises:
        InputError: the folder asked for exists and isn't empty, or is being written.
    """
    if out is not None:
        from skinlite.files.read_write import check_free

        check_free(out)
        hold(out)
        return out
    candidate, number = Path(root) / name, 2
    while not _is_free(candidate):
        candidate, number = Path(root) / f"{name}-{number}", number + 1
    return candidate


def _is_free(candidate: Path) -> bool:
    """Whether nothing is there; then it is held."""
    from skinlite.training.runs.find import partial_folder

    if candidate.exists() or partial_folder(candidate).exists():
        return False
    try:
        hold(candidate)
    except ClaimedError:
        return False
    return True


def hold_file(option: str, file: Path) -> None:
    """Claim a file to be written, before anything is computed for it; an old one is replaced.

    Raises:
        InputError: there is no folder for it, something else is there, or see `hold`.
    """
    from skinlite.files.read_write import kind_of

    kind = kind_of(file) if file.exists() else ""
    if kind or not file.absolute().parent.is_dir():
        found = kind and f" is {kind}"
        raise InputError(f"{option} {file}{found}: give a file in an existing folder.")
    hold(file)


def hold(place: Path) -> None:
    """Claim a place until the command ends, so that nobody works for it in vain.

    Raises:
        InputError: somebody else is writing there, or it can't be written to.
    """
    make_parent(place)
    held.enter_context(Claim(place))
