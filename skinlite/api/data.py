"""What the functions of this folder share: data set and run as a caller has them, progress."""

from collections.abc import Callable
from pathlib import Path

from skinlite.data.dataset import Dataset, read_dataset
from skinlite.errors import InputError
from skinlite.progress import Report
from skinlite.training.runs.find import open_run
from skinlite.training.runs.info import RunInfo
from skinlite.training.runs.run import Run


def dataset_of(data: Dataset | Path | str | None, info: RunInfo | None = None) -> Dataset:
    """A data set that is read already, or is to be, with a run's classes.

    Args:
        data: None: the run's own, where it was.
        info: of the run; None where the data set needn't be a run's.

    Raises:
        InputError: it can't be read, or has other classes than the run.
    """
    if data is None:
        assert info
        data = info.data
        if not Path(data).exists():
            raise InputError(
                f"The run's data set isn't where it was, {data}. Say where it is: `data=DIR`."
            )
    if info is None:
        return data if isinstance(data, Dataset) else read_dataset(data)
    if not isinstance(data, Dataset):
        return read_dataset(
            data,
            classes=info.classes.codes,
            label_column=info.label_column,
            label_map=info.label_map,
            metadata_columns=info.metadata_columns,
        )
    if data.classes != info.classes:
        raise InputError(
            f"The run predicts {', '.join(info.classes.codes)}, and {data.root} has the classes "
            f"{', '.join(data.classes.codes)}. Read it with the run's `classes`."
        )
    return data


def run_of(run: Run | Path | str) -> Run:
    """A run that is open already, or is to be.

    Raises:
        InputError: no run folder.
    """
    if isinstance(run, Run):
        return run
    if Path(run).is_file():
        raise InputError(
            f"{run} is a file, and a run is a folder, as skinlite train writes it. Calibration "
            "and the gates need its split, patient encoding and settings, so a model from "
            "another tool can't be exported or evaluated. Train one with: skinlite train"
        )
    return open_run(Path(run))


def counted(report: Report, what: str, total: int) -> Callable[[], None]:
    """A function that reports one step more of ``total`` each time that it is called."""
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        report(what, done, total)

    return advance
