"""Writes the files of a run folder, except for its model: data, scores, `RunInfo`."""

from pathlib import Path

import keras
import pandas as pd

from skinlite import __version__
from skinlite.evaluation.metrics import Metrics, evaluate
from skinlite.files.read_write import sha256_of, write_atomically
from skinlite.models.adopted import Adopted
from skinlite.models.keras_file import load_keras
from skinlite.training.checkpoint import State
from skinlite.training.config import TrainConfig
from skinlite.training.input.prepare import Prepared, prepare_again
from skinlite.training.runs.identity import structure_of
from skinlite.training.runs.info import (
    CONFIG,
    ENCODING,
    HISTORY,
    METRICS,
    MODEL,
    SPLIT,
    TEACHER,
    RunInfo,
    RunMetrics,
    Status,
)
from skinlite.training.runs.run import Run
from skinlite.training.trainer import predict
from skinlite.vocabulary import IMAGE


def score_of(model: keras.Model, data: Prepared, split: str) -> Metrics:
    """The scores of a classifier on one side of the split."""
    examples = data.examples[split]
    return evaluate(examples.labels, predict(model, examples), data.dataset.classes)


def write_data(folder: Path, data: Prepared) -> None:
    """Write what is known of the data before the first epoch: the encoding and the split."""
    write_atomically(folder / ENCODING, data.encoder.model_dump_json(indent=2))
    write_atomically(folder / SPLIT, data.split.to_csv(index=False))


def write_teacher(folder: Path, data: Prepared, teacher: Run) -> None:
    """Write what a teacher answers for the images that neither network is trained on.

    Of its own size: that is what its answers are worth.
    """
    model, parts = teacher.load_model(), []
    if model.input[IMAGE].shape[1] != data.examples["test"].pixels.shape[1]:
        data = prepare_again(teacher, data.dataset)
    for split in ("validation", "test"):
        answers = predict(model, data.examples[split])
        part = pd.DataFrame(answers, columns=list(data.dataset.classes.codes))
        part.insert(0, "image_id", data.rows(split)["image_id"].to_numpy())
        parts.append(part)
    write_atomically(folder / TEACHER, pd.concat(parts).to_csv(index=False))


def write_metrics(folder: Path, data: Prepared) -> None:
    """Write the scores of the folder's model on the images it was not trained on."""
    model = load_keras(folder / MODEL)
    scores = RunMetrics(
        split=data.split_info,
        validation=score_of(model, data, "validation"),
        test=score_of(model, data, "test"),
    )
    write_atomically(folder / METRICS, scores.model_dump_json(indent=2))


def write_info(
    folder: Path,
    config: TrainConfig,
    data: Prepared,
    status: Status,
    state: State,
    adopted: Adopted | None = None,
) -> None:
    """Write config.json, which names the hashes of the other files: they are whole by then.

    Args:
        folder: of the run.
        config: settings.
        data: split and encoder.
        status: of the training.
        state: what was reached.
        adopted: of a network that was adopted and is made slim.
    """
    others = [folder / name for name in (ENCODING, SPLIT, HISTORY, METRICS, TEACHER)]
    files = {path.name: sha256_of(path) for path in others if path.exists()}
    if state.model_sha256:
        files[MODEL] = state.model_sha256
    info = RunInfo(
        status=status,
        config=config,
        adopted=adopted,
        epochs_done=state.epochs_done,
        best_epoch=state.best_epoch,
        split=data.split_info,
        data=str(data.dataset.root.resolve()),
        pictures=len(data.dataset.frame),
        synthetic=data.dataset.synthetic,
        classes=data.dataset.classes,
        label_column=data.dataset.label_column,
        label_map=data.dataset.label_map and dict(data.dataset.label_map),
        metadata_columns=data.dataset.metadata_columns,
        versions={
            "skinlite": __version__,
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
        files=files,
        structure=structure_of(folder / MODEL) if state.model_sha256 else None,
    )
    write_atomically(folder / CONFIG, info.model_dump_json(indent=2))
