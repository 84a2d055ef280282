"""The run that a network learns from: what is recorded of it, and the data under its split."""

from collections.abc import Callable

from skinlite.data.dataset import Dataset
from skinlite.errors import InputError
from skinlite.training.config import Teacher
from skinlite.training.input.prepare import Prepared, prepare_again
from skinlite.training.runs.run import Run


def teacher_of(run: Run) -> Teacher:
    """What the settings of a training record of its teacher.

    Raises:
        InputError: it is untrained, or its file isn't its own.
    """
    if not run.info.trained:
        raise InputError(
            f"{run.path} is untrained: there is nothing to learn from it. Give a trained run for "
            "`teacher`."
        )
    return Teacher(
        name=run.path.name, network=run.info.network.backbone, model_sha256=run.model_sha256()
    )


def prepare_for(
    run: Run,
    dataset: Dataset,
    image_size: int,
    advance: Callable[[], None] = lambda: None,
    *,
    slim: bool = False,
) -> Prepared:
    """A teacher's split and patients, of images in the student's size.

    Args:
        run: the teacher.
        dataset: its own, or one with the same classes and metadata.
        image_size: height and width, pixels.
        advance: called after each image.
        slim: the student is the teacher with fewer channels, and takes what it takes.

    Raises:
        InputError: the data set has other classes or metadata, or the teacher takes images that
            are shaped otherwise, or no patient.
    """
    theirs, ours = run.info.classes.codes, dataset.classes.codes
    if theirs != ours:
        raise InputError(
            f"{run.path} has the classes {', '.join(theirs)}, {dataset.root} {', '.join(ours)}. "
            "A teacher needs the same, in the same order: give another `teacher`, or `classes`."
        )
    declared, here = run.info.metadata_columns, dataset.metadata_columns
    if declared != here:
        raise InputError(
            f"{run.path} takes the metadata columns {', '.join(declared) or '(none declared)'}, "
            f"{dataset.root} was read with {', '.join(here) or '(none declared)'}. A student takes "
            "what its teacher takes: read the data set with the teacher's `metadata_columns`."
        )
    if run.info.adopted and not slim:
        raise InputError(
            f"{run.path} was adopted: it takes no patient, and a student would learn not to look "
            "at one. Give a run of skinlite train for `teacher`; or make this one narrower with "
            "skinlite slim."
        )
    return prepare_again(run, dataset, advance, image_size=image_size)
