"""One training on several hosts: JAX's distributed runtime, as Keras starts it.

Every process reads its share of each batch and does the rest of the work alike, so that all come to
the same weights, scores and decisions. The first writes the run folder. The others write one too,
in a temporary folder that is thrown away: so nobody has to ask who writes, and each can go on from
its own checkpoint.

``keras.distribution.initialize`` finds the others by Slurm's, Open MPI's or a TPU's variables, or
by ``KERAS_DISTRIBUTION_JOB_ADDRESSES`` (host and port of the first process),
``KERAS_DISTRIBUTION_NUM_PROCESSES`` and ``KERAS_DISTRIBUTION_PROCESS_ID``.
"""

import atexit
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import keras

from skinlite.errors import InputError
from skinlite.training.runs.find import partial_folder, whole_folder

LOST = re.compile("gloo|nccl|heartbeat|barrier|unavailable|connection|task", re.IGNORECASE)
"""In what JAX says where another process is gone."""


class Place(NamedTuple):
    """Which of how many processes this one is."""

    number: int = 0
    processes: int = 1

    @property
    def first(self) -> bool:
        """Whether this process's run folder is the one that is kept."""
        return self.number == 0

    def folder(self, out: Path) -> Path:
        """Where this process writes the run that is to be at ``out``."""
        if self.first:
            return out
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder) / out.name

    def taken_over(self, left: Path, out: Path) -> Path:
        """The unfinished run that this process resumes, whole or ``.partial``, at ``out``.

        Args:
            left: the run that the first process goes on with, on a disk that all of them see.
            out: of `folder`.

        Raises:
            InputError: this process doesn't see it.
        """
        if not self.first:
            try:
                shutil.copytree(partial_folder(whole_folder(left)), partial_folder(out))
            except OSError as error:
                raise InputError(
                    f"Process {self.number} of {self.processes} can't read {partial_folder(left)}: "
                    f"{error.strerror or error}. To resume, all hosts need the run folder: put it "
                    "on a disk that they share."
                ) from error
        return out

    @contextmanager
    def watched(self, out: Path) -> Iterator[None]:
        """Turn what JAX raises where another process is gone into an `InputError`.

        Whoever ends alone ends at once: JAX would wait 100 s for the others, and then abort.
        """
        try:
            yield
        except (KeyboardInterrupt, OSError) as error:
            if self.processes > 1:
                atexit.register(_leave, 130 if isinstance(error, KeyboardInterrupt) else 2)
            raise
        except (RuntimeError, ValueError) as error:
            if self.processes == 1 or not LOST.search(str(error)):
                raise
            atexit.register(_leave, 2)
            told = str(error).partition("\n")[0]
            raise InputError(
                f"Another of the {self.processes} processes is gone ({told}). Nothing of the "
                f"epochs before is lost: start all of them again with `resume={out}`"
            ) from error

    def meet(self, what: str) -> None:
        """Wait until every process is here."""
        if self.processes > 1:
            from jax.experimental import multihost_utils

            multihost_utils.sync_global_devices(what)


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def join() -> Place:
    """Meet the other processes of this job.

    Raises:
        InputError: another backend than JAX, no job of several processes, or no connection.
    """
    if keras.backend.backend() != "jax":
        raise InputError(
            "`hosts='all'` needs the backend jax: set KERAS_BACKEND=jax. TensorFlow trains on one "
            "host."
        )
    import jax

    try:
        if not jax.distributed.is_initialized():
            keras.distribution.initialize()
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(
            f"`hosts='all'`: the other processes can't be reached: {error}. Start all of them with "
            "srun, or set KERAS_DISTRIBUTION_JOB_ADDRESSES, KERAS_DISTRIBUTION_NUM_PROCESSES and "
            "KERAS_DISTRIBUTION_PROCESS_ID."
        ) from error
    return Place(jax.process_index(), jax.process_count())
