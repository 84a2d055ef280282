"""`train` and `resume`: a data set to a run folder."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skinlite.api.data import counted, dataset_of
from skinlite.data.dataset import Dataset, read_dataset
from skinlite.data.splits.split_protocols import SplitInfo
from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.read_write import check_free
from skinlite.process.optional_packages import need
from skinlite.progress import Report, silent
from skinlite.settings import validated
from skinlite.training.config import TrainConfig
from skinlite.training.runs.find import (
    has_checkpoint,
    open_run,
    partial_folder,
    reopen_run,
    whole_folder,
)
from skinlite.training.runs.run import Run

if TYPE_CHECKING:
    from skinlite.training.execution import Execution


class TrainingInterruptedError(KeyboardInterrupt):
    """Ctrl-C was pressed; ``run`` has the best model so far, and `resume` continues from there."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"stopped after {run.info.epochs_done} epochs")
        self.run = run


def train(
    data: Dataset | Path | str,
    *,
    out: Path | str,
    backbone: str = "mobilenet_v3_large",
    image_size: int | None = None,
    split: str = "lesion",
    test_data: Path | str | None = None,
    same_lesion: Path | str | None = None,
    classes: Sequence[str] | None = None,
    label_column: str | None = None,
    label_map: Mapping[str, str] | Path | str | None = None,
    metadata_columns: Sequence[str] = (),
    teacher: Path | str | None = None,
    execution: "Execution | None" = None,
    report: Report = silent,
    **settings: Any,
) -> Run:
    """Train a classifier, and write it to a run folder.

    Args:
        data: a data set, or its folder.
        out: the run folder to write. Until it is finished it is called ``OUT.partial``.
        backbone: name in snake case, such as ``nasnet_mobile``; ``skinlite models`` lists them.
        image_size: height and width in pixels, 32 to 1024; default: the paper's.
        split: ``lesion``; ``paper`` (by image: it leaks); ``official`` (tested on
            ``test_data``); or a CSV file with the columns image_id and split.
        test_data: ISIC 2018's test folder, for the official split.
        same_lesion: CSV file with pairs of images that show one lesion, which stay on one side.
        classes: codes of the classes, in the order of the probabilities; see `read_dataset`.
        label_column: the table's column of labels; see `read_dataset`.
        label_map: class by label, or a file; see `read_dataset`.
        metadata_columns: columns that the network takes beside age, sex and site; see
            `read_dataset`.
        teacher: a trained run to learn from besides the labels. Its split and its patients'
            encoding are taken over, so that no image it learned from judges.
        execution: compiler, devices and hosts; default: the first device. Of several hosts the
            first one's run is at ``out``; the others' are temporary.
        report: called with what is being done, the steps done and the steps in all.
        **settings: fields of `TrainConfig`: ``epochs``, ``batch_size``,
            ``learning_rate``, ``preset``, ``regime``, ``seed``, ... Other fields come from the
            preset.

    Returns:
        The run: ``run.path`` is its folder, ``run.metrics()`` its scores on held-out images.

    Raises:
        InputError: a setting, the data set or ``out`` is wrong, or the loss became NaN.
        MissingExtraError: Keras isn't installed.
        TrainingInterruptedError: Ctrl-C; the best model so far is kept.

    Warns:
        SkinliteWarning: test lesions are also in training, or this is unknown.
    """
    need("keras", "train")
    from skinlite.models.backbones import find_backbone
    from skinlite.training.distillation.teacher import prepare_for, teacher_of
    from skinlite.training.fit import Training
    from skinlite.training.hosts import Place
    from skinlite.training.input.prepare import prepare

    place = execution.join() if execution else Place()
    out, report = place.folder(Path(out)), report if place.first else silent
    image_size = image_size or find_backbone(backbone).input_size
    settings |= {"backbone": backbone, "image_size": image_size}
    master = open_run(Path(teacher)) if teacher else None
    if master:
        if split != "lesion" or test_data or same_lesion:
            raise InputError(
                "A `teacher` brings its split along: else images that it learned from might judge. "
                "Leave out `split`, `test_data` and `same_lesion`."
            )
        if classes or label_column or label_map or metadata_columns:
            raise InputError(
                "A `teacher` brings along how its table is read: a student has its classes and its "
                "patients' metadata. Leave out `classes`, `label_column`, `label_map` and "
                "`metadata_columns`."
            )
        settings["teacher"] = teacher_of(master)
    config = validated(TrainConfig, settings)
    check_unclaimed(out)
    if master:
        dataset = dataset_of(data, master.info)
    elif isinstance(data, Dataset):
        dataset = data
    else:
        dataset = read_dataset(
            data,
            classes=classes,
            label_column=label_column,
            label_map=label_map,
            metadata_columns=metadata_columns,
        )
    advance = counted(report, "reading images", len(dataset.frame))
    if master:
        prepared = prepare_for(master, dataset, config.image_size, advance)
    else:
        prepared = prepare(
            dataset,
            config.image_size,
            config.seed,
            advance,
            split=split,
            test_data=Path(test_data) if test_data else None,
            same_lesion=Path(same_lesion) if same_lesion else None,
        )
    tell_split(prepared.split_info, report)
    for column in prepared.encoder.metadata:
        report(f"metadata {column}", 1, 1)
    return whole(Training(out, config, prepared, report, execution, master).start())


def check_unclaimed(out: Path) -> None:
    """Refuse a run folder that is there, or whose training can go on.

    Raises:
        InputError: says how.
    """
    check_free(out)
    if has_checkpoint(partial_folder(out)):
        raise InputError(
            f"{partial_folder(out)} was left by a training that was killed, or that still runs. "
            f"Resume it with: `resume={out}`"
        )


def resume(
    run: Path | str,
    data: Dataset | Path | str | None = None,
    *,
    execution: "Execution | None" = None,
    report: Report = silent,
) -> Run:
    """Resume a training that was interrupted or killed, with its own settings.

    Args:
        run: its folder, with or without ``.partial``.
        data: a data set, or its folder; default: the folder that the training used.
        execution: as of `train`.
        report: as of `train`.

    Returns:
        The same run as from a training without interruption.

    Raises:
        InputError: no such run, one that is finished, or another data set.
        TrainingInterruptedError: Ctrl-C; the best model so far is kept.
    """
    need("keras", "train")
    from skinlite.training.fit import Training
    from skinlite.training.hosts import Place
    from skinlite.training.input.prepare import prepare_again

    place = execution.join() if execution else Place()
    out, report = place.folder(whole_folder(Path(run))), report if place.first else silent
    if place.first:
        reopen_run(out)
    place.meet("the run is reopened")
    unfinished = reopen_run(place.taken_over(Path(run), out))
    dataset = dataset_of(data, unfinished.info)
    advance = counted(report, "reading images", len(dataset.frame))
    prepared = prepare_again(unfinished, dataset, advance)
    tell_split(prepared.split_info, report)
    config = unfinished.info.settings
    kind = Training
    if config.slimming:
        from skinlite.slimming.training import SlimTraining

        kind = SlimTraining
    adopted = unfinished.info.adopted
    training = kind(out, config, prepared, report, execution, adopted=adopted)
    return whole(training.resume())


def whole(run: Run) -> Run:
    """A run that ended by itself; a script must not go on with one that was stopped."""
    if run.info.status == "interrupted":
        raise TrainingInterruptedError(run)
    return run


def tell_split(info: SplitInfo, report: Report) -> None:
    """Say how much of the test has been seen in training, as far as anybody knows."""
    leaks = info.leaks
    known = {
        "found": leaks.reason,
        "none found": f"{info.leakage}; {leaks.reason}",
        "unknown": str(leaks),
    }[leaks.state]
    if leaks.state == "found" and info.joined and info.joined.lesions:
        known += f"; {info.joined}"  # which the reason of the others has
    report(f"split {info.kind}; leaking: {known}", 1, 1)
    if leaks.statement:
        warnings.warn(f"{leaks.statement}.", SkinliteWarning, stacklevel=3)
