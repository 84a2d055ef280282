"""`profile_of`: the operators that a contestant's time goes to, measured in a process of its own.

``python -m skinlite_benchmarks.profiling.profile FILE RUNTIME`` prints a `Profile` as JSON. Apart
from the timing, since a profiler slows down what it watches.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Protocol

from pydantic import ValidationError

from skinlite.errors import told
from skinlite.files.scratch import own_temporary_folder
from skinlite_benchmarks.profiling.litert import LiteRTProfiler
from skinlite_benchmarks.profiling.onnx import OnnxProfiler
from skinlite_benchmarks.results.records import OperatorTime, Profile

MOST_EXPENSIVE = 10
WARM_UP, RUNS = 5, 30


class Profiler(Protocol):
    """A model loaded with a profiler on."""

    counts: Counter[str]

    def describe(self) -> str:
        """The tool in words."""

    def run(self, times: int) -> list[Counter[str]]:
        """Nanoseconds by operator of each of so many inferences; then `counts` of one is known."""


PROFILERS: dict[str, Callable[[Path], Profiler]] = {
    "litert": LiteRTProfiler,
    "compiled": LiteRTProfiler,
    "onnxruntime": OnnxProfiler,
}
"""By runtime. CompiledModel and interpreter run the same kernels; only the former has one."""


def profile(path: Path, runtime: str) -> Profile:
    """Measure in this process."""
    profiler = PROFILERS[runtime](path)
    runs = profiler.run(WARM_UP + RUNS)[WARM_UP:]
    spent = {name: median(run[name] for run in runs) / 1e6 for name in profiler.counts}
    total = sum(spent.values())
    most_expensive = sorted(spent, key=lambda name: -spent[name])[:MOST_EXPENSIVE]
    return Profile(
        tool=profiler.describe(),
        total_ms=total,
        operators=tuple(
            OperatorTime(
                operator=name,
                count=profiler.counts[name],
                ms=spent[name],
                share=spent[name] / total if total else 0.0,
            )
            for name in most_expensive
        ),
    )


def profile_of(path: Path, runtime: str) -> Profile | None:
    """Measure in a process of its own; None where the runtime has no profiler, or it fails.

    A profile is an extra: what a later LiteRT answers otherwise must not end a benchmark.
    """
    if runtime not in PROFILERS:
        return None
    command = [sys.executable, "-P", "-m", __name__, str(path), runtime]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return Profile.model_validate_json(done.stdout.rpartition("\n")[2])
    except ValidationError:
        return None


if __name__ == "__main__":
    own_temporary_folder()
    # The runtimes write to standard output as they like: the answer gets a channel of its own.
    with os.fdopen(os.dup(1), "w") as channel:
        os.dup2(2, 1)
        with told():
            channel.write(profile(Path(sys.argv[1]), sys.argv[2]).model_dump_json())
