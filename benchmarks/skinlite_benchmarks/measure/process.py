"""The parent's side of `skinlite_benchmarks.measure.worker`: start it, ask it, end it."""

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from skinlite.errors import InputError
from skinlite.process.exit_status import how_it_ended
from skinlite_benchmarks.measure.stored_inputs import Takes
from skinlite_benchmarks.measure.worker import REPLY, Fault, Loaded, Request, Turn

WORKER = "skinlite_benchmarks.measure.worker"


class ContestantProcess:
    """A model loaded in a process of its own; a context manager that ends the process.

    Attributes:
        loaded: what loading it cost.

    Raises:
        InputError: the file can't be loaded or run, with the runtime's reason.
    """

    def __init__(
        self, path: Path, runtime: str, threads: int, seed: int, takes: Takes | None = None
    ) -> None:
        self.path = path
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        arguments = [str(path), runtime, str(threads), str(seed)]
        if takes:
            arguments.append(takes.model_dump_json())
        self._process = subprocess.Popen(
            # -P: a numpy.py in the user's folder is not numpy.
            [sys.executable, "-P", "-m", WORKER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, **_on_cpu(threads)},
            # Ctrl-C is for us; we end the worker ourselves.
            start_new_session=True,
        )
        try:
            reply = self._read()
            assert isinstance(reply, Loaded)
            self.loaded = reply
        except BaseException:
            self.close()
            raise

    def run(self, timed: int, untimed: int) -> list[int]:
        """Nanoseconds of ``timed`` invocations that follow ``untimed`` ones."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # `_read` says what it died of
            print(Request(timed=timed, untimed=untimed).model_dump_json(), file=self._process.stdin)
            self._process.stdin.flush()
        reply = self._read()
        assert isinstance(reply, Turn)
        return reply.nanoseconds

    def _read(self) -> Loaded | Turn:
        assert self._process.stdout is not None
        try:
            reply = REPLY.validate_json(self._process.stdout.readline())
        except ValidationError as error:
            raise InputError(f"{self.path} can't be run: {self._death()}.") from error
        if isinstance(reply, Fault):
            raise InputError(reply.message)
        return reply

    def _death(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        return how_it_ended(code, self._errors.read())

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with suppress(BrokenPipeError):  # a request that was never read
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _on_cpu(threads: int) -> dict[str, str]:
    """What Keras' backends read when they are loaded; the other runtimes are told by their API."""
    return {
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_NUM_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": "-1",
    }
