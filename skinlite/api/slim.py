"""`slim`: a run to a narrower one that kept its diagnosis."""

from pathlib import Path
from typing import Any, Literal

from skinlite.api.data import counted, dataset_of
from skinlite.api.train import check_unclaimed, resume, tell_split, whole
from skinlite.data.dataset import Dataset
from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite.process.optional_packages import need
from skinlite.progress import Report, silent
from skinlite.settings import validated
from skinlite.training.config import Slimming, TrainConfig
from skinlite.training.runs.find import has_checkpoint, open_run, partial_folder
from skinlite.training.runs.info import CONFIG, RunInfo
from skinlite.training.runs.run import Run

RECIPE: dict[str, Any] = {
    "preset": "default",
    "weights": "none",
    "freeze": False,
    "unfreeze_epochs": 0,
    "epochs": 12,
    "learning_rate": 1e-3,
    "warmup_steps": 50,
    "schedule": "cosine",
    "precision": "float32",
}
"""Settings of the training, where none are given; the others are the teacher's."""

OF_THE_NETWORK = {"backbone", "topology", "image_size", "width", "weights", "freeze", "precision"}
"""Settings that can't be others than the run's."""

IMPORTANCES = ("auto", "taylor", "batch-norm", "random")

FRONT = (0.7, 0.5, 0.35, 0.25)


def front(
    run: Run | Path | str, *, out: Path | str, report: Report = silent, **settings: Any
) -> list[Run]:
    """Several slim runs of one: `FRONT` of its cycles, each in a folder of its own.

    What is there from a call before is kept, and what was interrupted goes on. A share that the
    network can't reach is left out, and told.

    Args:
        run: the trained run.
        out: folder for the runs.
        report: as of `slim`.
        **settings: of `slim`, without ``cycles``.

    Raises:
        InputError: as of `slim`; another run's are there; or no share can be reached.
        TrainingInterruptedError: Ctrl-C.
    """
    need("keras", "train")
    from skinlite.slimming.channels import Channels
    from skinlite.slimming.choose import least_share, unreachable

    teacher, runs = run if isinstance(run, Run) else open_run(Path(run)), []
    places = {share: Path(out) / f"{share:g}" for share in FRONT}
    for place in places.values():  # before hours of work
        for folder in (place, partial_folder(place)):
            if (folder / CONFIG).exists():
                known = read_json(RunInfo, folder / CONFIG).settings.teacher
                if not known or known.model_sha256 != teacher.model_sha256():
                    raise InputError(f"{folder} is of another run. Give another `out`.")
    least = least_share(Channels(teacher.load_model()))
    if least > max(FRONT):
        raise unreachable(max(FRONT), least)
    for share, place in places.items():
        if share < least and not place.exists() and not partial_folder(place).exists():
            report(f"left out {share:g}: {unreachable(share, least)}", 1, 1)
            continue
        if has_checkpoint(partial_folder(place)) or has_checkpoint(place):
            made = resume(place, settings.get("data"), report=report)
        elif place.exists():
            made = open_run(place)
        else:
            made = slim(teacher, out=place, cycles=share, report=report, **settings)
        runs.append(made)
    return runs


def slim(
    run: Run | Path | str,
    *,
    out: Path | str,
    cycles: float = 0.5,
    data: Dataset | Path | str | None = None,
    importance: Literal["auto", "taylor", "batch-norm", "random"] = "auto",
    steps: int = 3,
    report: Report = silent,
    **settings: Any,
) -> Run:
    """Take channels away from a trained run, and let what is left learn from it.

    Args:
        run: the trained run, which is the teacher; it is left as it is.
        out: the run folder to write. Until it is finished it is called ``OUT.partial``; `resume`
            goes on with it.
        cycles: the share of its modelled cycles (int8, Cortex-A76) that is to be left, 0 to 1.
        data: the run's data set; default: the folder that it was trained on.
        importance: which channels go: ``taylor`` (what the loss changes by), ``batch-norm`` (its
            scale), ``random``; ``auto``: what is best on the validation split.
        steps: in how many steps they go, in the first half of the epochs.
        report: called with what is being done, the steps done and the steps in all.
        **settings: fields of `TrainConfig`, as of `train`: ``epochs`` (12), ``learning_rate``
            (0.001), ...; the others are the run's own.

    Returns:
        The narrow run, under the split of the first.

    Raises:
        InputError: the run is untrained or has too few images; the share can't be reached; a
            setting, the data set or ``out`` is wrong.
        TrainingInterruptedError: Ctrl-C; the best model so far is kept.
    """
    need("keras", "train")
    from skinlite.slimming.channels import Channels
    from skinlite.slimming.choose import check_reachable
    from skinlite.slimming.cost import model_cycles
    from skinlite.slimming.training import SlimTraining
    from skinlite.training.distillation.teacher import prepare_for, teacher_of

    teacher = run if isinstance(run, Run) else open_run(Path(run))
    out = Path(out)
    if not 0 < cycles < 1:
        raise InputError(
            f"`cycles={cycles:g}` isn't between 0 and 1: it is the share of the run's modelled "
            "cycles that is to be left. Use 0.5 for half of them."
        )
    if importance not in IMPORTANCES:
        raise InputError(
            f"`importance={importance!r}` isn't known. Use {', '.join(IMPORTANCES[:-1])} or "
            f"{IMPORTANCES[-1]}."
        )
    taken = sorted(OF_THE_NETWORK & set(settings))
    if taken:
        raise InputError(
            f"`{taken[0]}` is the run's own when it is made slim. Leave it out; another network "
            "learns from it with `teacher`."
        )
    known = teacher_of(teacher)
    own = _settings_of(teacher)
    model = teacher.load_model()
    channels = Channels(model)
    before = round(model_cycles(model, channels))
    chosen = "taylor" if importance == "auto" else importance
    slimming = validated(
        Slimming,
        {"cycles": cycles, "importance": chosen, "steps": steps, "before": before, "after": before},
    )
    config = validated(
        TrainConfig, own | RECIPE | settings | {"teacher": known, "slimming": slimming}
    )
    if config.epochs < steps:
        raise InputError(
            f"`epochs={config.epochs}` are fewer than `steps={steps}`: each step is followed by an "
            "epoch. Use more epochs."
        )
    check_reachable(channels, cycles)
    check_unclaimed(out)
    dataset = dataset_of(data, teacher.info)
    prepared = prepare_for(
        teacher,
        dataset,
        config.image_size,
        counted(report, "reading images", len(dataset.frame)),
        slim=True,
    )
    tell_split(prepared.split_info, report)
    for why, count in channels.held.items():
        report(f"{count} channels can't be cut: {why}", 1, 1)
    adopted = teacher.info.adopted
    training = SlimTraining(out, config, prepared, report, None, teacher, adopted)
    if importance == "auto":
        training.choose()
    return whole(training.start())


def _settings_of(teacher: Run) -> dict[str, Any]:
    """The settings that the network was trained with; of an adopted one those are unknown."""
    if teacher.info.config:
        return teacher.info.config.model_dump(exclude={"teacher", "slimming"})
    network = teacher.info.network
    return {
        "backbone": network.backbone,
        "topology": network.topology,
        "image_size": network.image_size,
        "teacher_features": 0.0,  # nothing says which of its layers are the features
    }
