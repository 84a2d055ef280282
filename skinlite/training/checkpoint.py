"""The state of an unfinished training: enough to go on as if nothing had happened."""

from pathlib import Path
from typing import Any

import keras
import pandas as pd
from pydantic import BaseModel

from skinlite.errors import InputError
from skinlite.files.read_write import read_json, sha256_of, write_atomically
from skinlite.models.keras_file import load_keras
from skinlite.training.input.augment import Augment  # noqa: F401  registers the layer
from skinlite.training.runs.info import CHECKPOINT, HISTORY, MODEL, STATE

CANDIDATE = "candidate.keras"
"""The best model, beside the state, until the state names it."""


class EpochResult(BaseModel):
    """One row of ``history.csv``; the loss is the mean over the epoch, with class weights.

    ``seconds`` and ``cpu_seconds`` (of all threads, the fairer one beside other work) are those of
    training and scoring the epoch once: what an interruption threw away is not in them.
    """

    epoch: int
    loss: float
    learning_rate: float | None = None
    validation_accuracy: float
    validation_balanced_accuracy: float
    seconds: float | None = None
    cpu_seconds: float | None = None


class State(BaseModel):
    """Where the training stands after ``epochs_done`` epochs.

    Attributes:
        model_sha256: of the best model's file, see `publish`; None where an older skinlite began
            the training.
    """

    epochs_done: int = 0
    best_epoch: int | None = None
    best_score: float = -1.0
    trainer: str = ""
    history: list[EpochResult] = []
    model_sha256: str | None = None


def read_state(folder: Path) -> State:
    """What the last `save_checkpoint` kept.

    Raises:
        InputError: it is damaged.
    """
    return read_json(State, folder / STATE)


def save_checkpoint(folder: Path, trainer: keras.Model, state: State) -> None:
    """Keep weights and optimizer; a kill at any moment leaves the old state or the new.

    The random streams need no keeping: each epoch starts its own.
    """
    folder.mkdir(exist_ok=True)
    state.trainer = f"trainer-{state.epochs_done:04d}.keras"
    trainer.save(folder / state.trainer)
    write_atomically(folder / STATE, state.model_dump_json(indent=2))
    for old in folder.glob("trainer-*.keras"):
        if old.name != state.trainer:
            old.unlink()


def publish(run: Path, state: State) -> None:
    """Bring a run's model and history up to its checkpoint, which is written before they are.

    A better model is saved as `CANDIDATE`, then a checkpoint names its hash, and only then it
    takes the place of the one before: killed in between, this is done again.

    Args:
        run: the folder that ``checkpoint`` lies in.
        state: the checkpoint's.

    Raises:
        InputError: the model isn't the one that the checkpoint names; nothing can be written.
    """
    model, candidate, known = run / MODEL, run / CHECKPOINT / CANDIDATE, state.model_sha256
    if candidate.exists() and sha256_of(candidate) == known:
        candidate.replace(model)
    if known and sha256_of(model) != known:
        raise InputError(
            f"{model} isn't the file that this training saved as its best model. Restore that "
            f"file, or remove {run} and train again."
        )
    if state.history:
        rows = [row.model_dump() for row in state.history]
        write_atomically(run / HISTORY, pd.DataFrame(rows).to_csv(index=False))


def load_checkpoint(folder: Path) -> tuple[Any, State]:
    """The compiled trainer and its state.

    Raises:
        InputError: it is damaged.
    """
    state = read_state(folder)
    return load_keras(folder / state.trainer, compiled=True), state
