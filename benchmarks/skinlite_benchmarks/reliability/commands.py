"""The commands that are disturbed, and what a whole output of each is."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skinlite.data.dataset import read_dataset
from skinlite.data.decoding import check_decoding
from skinlite.errors import SkinliteError
from skinlite_benchmarks.results.results import RESULTS, read_results
from skinlite_export.bundle.folder import open_bundle


@dataclass(frozen=True)
class Inputs:
    """What the commands work on, made once: a synthetic data set, a run, a bundle."""

    data: Path
    run: Path
    bundle: Path


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        name: in the table.
        arguments: given the inputs; outputs are relative to the working folder.
        is_whole: whether what lies in the working folder is one whole output.
        output: its name there; None where nothing is written.
        in_place: the output is there before, and must be whole at any time.
        share: of all kills, in hundredths.
        heavy: takes so long that fewer sizes of full disks are tried.
        resume: arguments where an unfinished output that can be resumed lies in a folder.
    """

    name: str
    arguments: Callable[[Inputs], list[str]]
    is_whole: Callable[[Path], bool]
    output: str | None
    share: int
    in_place: bool = False
    heavy: bool = False
    resume: Callable[[Path], list[str] | None] = lambda _: None

    def prepare(self, inputs: Inputs, folder: Path) -> None:
        """Make the working folder ready."""
        if self.in_place and self.output:
            shutil.copytree(inputs.bundle, folder / self.output)

    def next_arguments(self, inputs: Inputs, folder: Path) -> list[str]:
        """What a user runs after a kill: the same again, or what the command says to resume it."""
        return self.resume(folder) or self.arguments(inputs)


def _data_is_whole(path: Path) -> bool:
    return not check_decoding(read_dataset(path).frame["path"])


def _bundle_is_whole(path: Path) -> bool:
    open_bundle(path).check_files()
    return True


def _results_are_whole(path: Path) -> bool:
    read_results(path / RESULTS)
    return (path / "report.html").is_file()


def _csv_is_whole(path: Path) -> bool:
    lines = path.read_text().splitlines()
    return len(lines) > 1 and {line.count(",") for line in lines} == {lines[0].count(",")}


def _run_is_whole(path: Path) -> bool:
    from skinlite.training.runs.find import has_checkpoint, open_run
    from skinlite.training.runs.info import METRICS, MODEL

    scored = open_run(path).info.status != "interrupted"
    return (path / MODEL).is_file() and (
        (path / METRICS).is_file() if scored else has_checkpoint(path)
    )


def _resume_run(folder: Path) -> list[str] | None:
    from skinlite.training.runs.find import has_checkpoint, partial_folder

    run = folder / "run"
    left = run if run.exists() else partial_folder(run)
    return ["train", "--resume", "run"] if has_checkpoint(left) else None


COMMANDS = (
    Command(
        "data synthesize",
        lambda _: ["data", "synthesize", "--out", "data", "--lesions", "28"],
        _data_is_whole,
        "data",
        share=41,
    ),
    Command(
        "kit, in place",
        lambda _: ["kit", "bundle", "--kit", "android,ios,web"],
        _bundle_is_whole,
        "bundle",
        share=30,
        in_place=True,
    ),
    Command(
        "kit --out",
        lambda inputs: ["kit", str(inputs.bundle), "--kit", "web", "--out", "with-kit"],
        _bundle_is_whole,
        "with-kit",
        share=19,
    ),
    Command(
        "predict --isic-csv",
        lambda inputs: [
            *("predict", str(inputs.bundle), str(inputs.data / "HAM10000_images_part_1")),
            *("--isic-csv", "out.csv"),
        ],
        _csv_is_whole,
        "out.csv",
        share=5,
    ),
    Command(
        "verify",
        lambda inputs: ["verify", str(inputs.bundle)],
        lambda _: True,
        None,
        share=2,
    ),
    Command(
        "benchmark",
        lambda inputs: [
            *("benchmark", str(inputs.bundle), "--reference", "none", "--rounds", "3"),
            *("--no-details", "--out", "report"),
        ],
        _results_are_whole,
        "report",
        share=1,
        heavy=True,
    ),
    Command(
        "train",
        lambda inputs: [
            *("train", "--data", str(inputs.data), "--backbone", "mobilenet_v3_small"),
            *("--image-size", "48", "--epochs", "2", "--out", "run"),
        ],
        _run_is_whole,
        "run",
        share=1,
        heavy=True,
        resume=_resume_run,
    ),
    Command(
        "export",
        lambda inputs: [
            *("export", "--model", str(inputs.run), "--data", str(inputs.data), "--out", "bundle"),
            *("--quantize", "float16", "--gates", "off"),
        ],
        _bundle_is_whole,
        "bundle",
        share=1,
        heavy=True,
    ),
)


def is_whole(command: Command, folder: Path) -> bool:
    """Whether an output that is there is a whole one; a fault of any kind means that it is not."""
    assert command.output
    try:
        return command.is_whole(folder / command.output)
    except (SkinliteError, OSError, ValueError):
        return False
