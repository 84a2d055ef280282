"""Is the harness right? Its times beside those of LiteRT's own benchmark, and its overhead.

    python -m skinlite_benchmarks.studies.crosscheck MODEL.tflite --pairs 10

Prints the medians of our worker and of ``litert-benchmark`` (of the ai-edge-litert package) on the
same file, taking turns, with the median ratio of the pairs and its interval; and what the harness
adds to one timed invocation. Each pair begins with the other tool. A pair is disturbed, and doesn't
count, where either tool took over 10 % longer than in its own best turn: a rule that looks at no
ratio. Where over half of the pairs are disturbed nothing is concluded.

litert-benchmark rounds to 10 microseconds, and runs CompiledModel, which sets up its buffers anew
for every inference (some 0.1 ms): take a file of some milliseconds.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Literal, NamedTuple

import numpy as np
import typer

from skinlite.errors import InputError, told
from skinlite.process.exit_status import how_it_ended
from skinlite_benchmarks.measure.process import ContestantProcess
from skinlite_benchmarks.measure.statistics import bootstrap_median
from skinlite_benchmarks.measure.worker import timed

TOOL = "ai_edge_litert.tools.benchmark_litert_model"
WARM_UP = 20
DISTURBED = 1.1
"""Times a tool's own best turn; decided before any ratio was seen."""


def overhead_us(calls: int = 10_000) -> float:
    """Microseconds that timing an invocation takes when the invocation does nothing."""
    return median(timed(lambda: None) for _ in range(calls)) / 1000


def ours_ms(path: Path, runtime: str, threads: int, runs: int) -> float:
    """Median of our worker, in a process of its own."""
    with ContestantProcess(path, runtime, threads, seed=0) as process:
        return median(process.run(timed=runs, untimed=WARM_UP)) / 1e6


def theirs_ms(path: Path, threads: int, runs: int) -> float:
    """Median of LiteRT's own benchmark.

    Raises:
        InputError: it doesn't run the file; the message has its last words.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "result.json"
        command = [sys.executable, "-P", "-m", TOOL, f"--model={path}", f"--result_json={target}"]
        command += [f"--num_runs={runs}", f"--warmup_runs={WARM_UP}", f"--num_threads={threads}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not target.is_file():
            ended = how_it_ended(done.returncode, done.stderr)
            raise InputError(f"litert-benchmark doesn't run {path}: {ended}")
        return float(json.loads(target.read_text())["latency"]["median_ms"])


class Pair(NamedTuple):
    """Medians of two turns, one after the other, milliseconds."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs


def time_pairs(path: Path, runtime: str, threads: int, pairs: int, runs: int) -> list[Pair]:
    """Both tools in turns; every second pair begins with theirs."""
    pairs_timed = []
    for number in range(pairs):
        if number % 2:
            theirs = theirs_ms(path, threads, runs)
            pairs_timed.append(Pair(ours_ms(path, runtime, threads, runs), theirs))
        else:
            ours = ours_ms(path, runtime, threads, runs)
            pairs_timed.append(Pair(ours, theirs_ms(path, threads, runs)))
    return pairs_timed


def undisturbed(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs in which neither tool took over 10 % longer than in its own best turn."""
    ours, theirs = (min(turns) * DISTURBED for turns in zip(*pairs, strict=True))
    return [pair for pair in pairs if pair.ours <= ours and pair.theirs <= theirs]


def conclusion(pairs: Sequence[Pair]) -> str:
    """What the pairs say of ours over theirs."""
    kept = undisturbed(pairs)
    counted = f"{len(kept)} of {len(pairs)} undisturbed pairs"
    if 2 * len(kept) < len(pairs):
        return f"{counted}: the machine is too busy for a result; repeat when it is idle"
    ratio = bootstrap_median(np.array([pair.ratio for pair in kept]), seed=0)
    interval = f"{ratio.median:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]"
    return f"ours over theirs: {interval}, of {counted}"


def main(
    model: Path,
    pairs: Annotated[int, typer.Option(min=1)] = 10,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    runs: Annotated[int, typer.Option(min=1, help="Timed inferences per turn.")] = 200,
    runtime: Annotated[Literal["litert", "compiled"], typer.Option()] = "litert",
) -> None:
    """Print the table."""
    timings = time_pairs(model, runtime, threads, pairs, runs)
    print("| ours, ms | litert-benchmark, ms | ratio |\n| ---: | ---: | ---: |")
    for pair in timings:
        print(f"| {pair.ours:.3f} | {pair.theirs:.3f} | {pair.ratio:.3f} |")
    print(f"\n{conclusion(timings)}")
    print(f"the benchmark adds {overhead_us():.2f} microseconds to a timed invocation")


if __name__ == "__main__":
    with told():
        typer.run(main)
