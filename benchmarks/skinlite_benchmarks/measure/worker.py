"""One contestant in a process of its own, so that its memory and its load time are its own.

``python -m skinlite_benchmarks.measure.worker FILE RUNTIME THREADS SEED [TAKES]`` loads the model,
answers with one line of JSON (`Loaded`), then answers each `Request` line with a `Turn` line, until
its input ends. TAKES is the JSON of `Takes`, of a file that isn't skinlite's.
"""

import gc
import importlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field, TypeAdapter

from skinlite.errors import SkinliteError
from skinlite.files.scratch import own_temporary_folder
from skinlite.process.quiet import silenced
from skinlite_benchmarks.measure.stored_inputs import Takes
from skinlite_export.runtime.runner import FILES, RUNNERS, AnyFile, Runner, load_runner

PICTURES = 8


class Request(BaseModel):
    """Invoke ``untimed`` times, then ``timed`` times."""

    timed: int
    untimed: int


class Loaded(BaseModel):
    """The model is ready; see `skinlite_benchmarks.results.results.Measurement`."""

    kind: Literal["loaded"] = "loaded"
    runner: str
    image_shape: tuple[int, ...]
    load_ms: float
    first_ms: float
    partitions: int | None
    memory_mb: float | None


class Turn(BaseModel):
    """Nanoseconds of each timed invocation."""

    kind: Literal["turn"] = "turn"
    nanoseconds: list[int]


class Fault(BaseModel):
    """What went wrong, for the user."""

    kind: Literal["fault"] = "fault"
    message: str


Reply = Annotated[Loaded | Turn | Fault, Field(discriminator="kind")]
REPLY: TypeAdapter[Loaded | Turn | Fault] = TypeAdapter(Reply)


class Worker:
    """A loaded model and its images.

    The images are seeded noise at the model's own size, patients likewise: these networks do
    the same arithmetic whatever the pixels are.
    """

    def __init__(
        self, path: Path, runtime: str, threads: int, seed: int, takes: Takes | None = None
    ) -> None:
        empty = _memory_mb("VmRSS")
        # The runtime's import belongs to the memory, not to the time that a model takes to load.
        with suppress(ImportError), silenced():  # loading says what is missing
            importlib.import_module(RUNNERS[runtime].module)
        random = np.random.default_rng(seed)
        start = perf_counter_ns()
        self.runner: Runner | AnyFile
        if takes is None:
            self.runner = runner = load_runner(path, threads, runtime)
            load_ms = (perf_counter_ns() - start) / 1e6
            image_shape, self._inputs = runner.signature.image.shape[1:], _ours(runner, random)
        else:
            self.runner = file = FILES[runtime](path, threads)
            load_ms = (perf_counter_ns() - start) / 1e6
            image_shape = takes.image_shape
            self._inputs = [partial(file.set_tensors, takes.draw(random)) for _ in range(PICTURES)]
        self.invoked = 0
        first_ms = self._invoke() / 1e6
        peak = _memory_mb("VmHWM")
        self.loaded = Loaded(
            runner=self.runner.describe(),
            image_shape=image_shape,
            load_ms=load_ms,
            first_ms=first_ms,
            partitions=self.runner.partitions,
            memory_mb=None if peak is None or empty is None else peak - empty,
        )

    def turn(self, request: Request) -> Turn:
        """Invoke as asked."""
        for _ in range(request.untimed):
            self._invoke()
        return Turn(nanoseconds=[self._invoke() for _ in range(request.timed)])

    def _invoke(self) -> int:
        """Nanoseconds of one invocation; setting the inputs isn't part of it."""
        which = self.invoked % PICTURES
        self.invoked += 1
        self._inputs[which]()
        return timed(self.runner.invoke)


def _ours(runner: Runner, random: np.random.Generator) -> list[Callable[[], None]]:
    """Hands in noise to a file of skinlite's."""
    signature = runner.signature
    images = random.integers(0, 256, (PICTURES, *signature.image.shape[1:]), np.uint8)
    size = (PICTURES, signature.patient_width)
    # Answers are positions in lists, of which the first two are there in each.
    patients = random.integers(0, 2, size) if signature.takes_answers else random.normal(size=size)
    pairs = zip(images, patients.astype(np.float32), strict=True)
    return [partial(runner.set_inputs, *pair) for pair in pairs]


def timed(invoke: Callable[[], None]) -> int:
    """Nanoseconds of one call."""
    start = perf_counter_ns()
    invoke()
    return perf_counter_ns() - start


def _memory_mb(field: Literal["VmRSS", "VmHWM"]) -> float | None:
    """Resident memory now (VmRSS) or at its highest (VmHWM); None where there is no /proc."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return None


def serve(
    path: Path,
    runtime: str,
    threads: int,
    seed: int,
    takes: Takes | None,
    requests: Callable[[], str],
    answer: Callable[[str], None],
) -> None:
    """Answer requests, one line each, until an empty line comes (the end of the input)."""
    try:
        worker = Worker(path, runtime, threads, seed, takes)
        answer(worker.loaded.model_dump_json())
        gc.collect()
        gc.disable()
        while line := requests():
            answer(worker.turn(Request.model_validate_json(line)).model_dump_json())
    except SkinliteError as error:
        answer(Fault(message=str(error)).model_dump_json())
    except (ValueError, RuntimeError) as error:  # an invocation that the runtime refuses
        answer(Fault(message=f"{path} can't be run: {error}").model_dump_json())


if __name__ == "__main__":
    own_temporary_folder()
    # The runtimes write to standard output as they like: the answers get a channel of their own.
    with os.fdopen(os.dup(1), "w", buffering=1) as channel:
        os.dup2(2, 1)
        serve(
            Path(sys.argv[1]),
            sys.argv[2],
            int(sys.argv[3]),
            int(sys.argv[4]),
            Takes.model_validate_json(sys.argv[5]) if len(sys.argv) > 5 else None,
            sys.stdin.readline,
            lambda line: print(line, file=channel, flush=True),
        )
