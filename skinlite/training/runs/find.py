"""Where a run is, and how it is opened again.

While a run is written its folder is called ``NAME.partial``: a folder ``NAME`` is always whole.
"""

import os
from pathlib import Path

from skinlite.errors import InputError
from skinlite.files.locks import Claim
from skinlite.files.read_write import read_json
from skinlite.training.runs.info import CHECKPOINT, CONFIG, NAMES, PARTIAL, STATE, RunInfo
from skinlite.training.runs.run import Run


def partial_folder(run: Path) -> Path:
    """Where the run is written until it is whole."""
    return run.with_name(f"{run.name}{PARTIAL}")


def has_checkpoint(work: Path) -> bool:
    """Whether a training that was killed can go on."""
    return (work / CHECKPOINT / STATE).exists()


def is_abandoned(work: Path) -> bool:
    """Whether it is a folder in which there is nothing to keep: no checkpoint, no other's file."""
    return (
        work.is_dir()
        and not has_checkpoint(work)
        and all(path.name in NAMES or path.name.startswith(".") for path in work.iterdir())
    )


def whole_folder(run: Path) -> Path:
    """Where the run is once it is whole; ``run`` may have the ending already."""
    return run.with_name(run.name.removesuffix(PARTIAL))


def open_run(path: Path) -> Run:
    """Open a whole run folder.

    Raises:
        InputError: no such folder, not a run, or one left behind by a killed training.
    """
    if path.name.endswith(PARTIAL) or (not path.exists() and partial_folder(path).exists()):
        whole = whole_folder(path)
        raise InputError(
            f"{partial_folder(whole)} was left by a training that was killed, or that still runs. "
            f"Resume it with: `resume={whole}`"
        )
    if not (path / CONFIG).exists():
        raise InputError(
            f"{path} is not a run folder (it has no config.json). Make one with skinlite train, "
            "or try everything with: skinlite demo"
        )
    return Run(path, read_json(RunInfo, path / CONFIG))


def reopen_run(path: Path) -> Run:
    """Open an interrupted or killed run to go on with it; it is ``.partial`` from then on.

    Args:
        path: the run folder, with or without ``.partial``.

    Raises:
        InputError: no such run, a finished or diverged one, or one that still runs.
    """
    whole = whole_folder(path)
    if whole.parent.is_dir():
        with Claim(whole):
            return _reopen(whole)
    return _reopen(whole)


def _reopen(whole: Path) -> Run:
    work = partial_folder(whole)
    if whole.exists():
        status = open_run(whole).info.status
        if status == "diverged":
            raise InputError(
                f"{whole} diverged, and would diverge again. Train again with a smaller "
                f"`learning_rate`."
            )
        if status != "interrupted":
            raise InputError(f"{whole} is finished: there is nothing to resume.")
    left = whole if whole.exists() else work
    if not left.exists():
        raise InputError(f"There is no interrupted training at {whole} or {work}.")
    if not has_checkpoint(left):
        raise InputError(
            f"{left} has no checkpoint: the training was killed before it saved one. Start again "
            "with skinlite train."
        )
    if left == whole:
        whole.replace(work)
    return Run(work, read_json(RunInfo, work / CONFIG))


def newest_run(root: Path = Path("runs")) -> Run:
    """The run that was finished last below ``runs/``.

    Raises:
        InputError: there is none.
    """
    configs = [path for path in root.glob(f"*/{CONFIG}") if path.parent.suffix != PARTIAL]
    if not configs:
        raise InputError(
            f"There is no run below {root}/. Train one with skinlite train, give one with "
            "`model=RUN`, or try everything with: skinlite demo"
        )
    return open_run(max(configs, key=os.path.getmtime).parent)
