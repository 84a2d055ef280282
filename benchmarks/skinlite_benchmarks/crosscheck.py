"""Is the harness itself to be believed? Beside LiteRT's own benchmark, and its own overhead.

    python -m skinlite_benchmarks.crosscheck MODEL.tflite --pairs 10

Prints the medians of our worker and of ``litert-benchmark`` (of the ai-edge-litert package) on the
same file, taking turns, with the median ratio of the pairs and its interval; and what the harness
adds to one timed invocation. litert-benchmark rounds to 10 microseconds, and runs CompiledModel,
which sets up its buffers anew for every inference (some 0.1 ms): take a file of some milliseconds.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated, Literal

import numpy as np
import typer

from skinlite.errors import InputError, SkinliteError
from skinlite_benchmarks.figures import bootstrap_median
from skinlite_benchmarks.process import ContestantProcess
from skinlite_benchmarks.records import Interval
from skinlite_benchmarks.worker import timed

TOOL = "ai_edge_litert.tools.benchmark_litert_model"
WARM_UP = 20


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
            last = done.stderr.strip().rpartition("\n")[2]
            raise InputError(f"litert-benchmark doesn't run {path}: {last}")
        return float(json.loads(target.read_text())["latency"]["median_ms"])


def compare_pairs(
    path: Path, runtime: str, threads: int, pairs: int, runs: int
) -> tuple[list[tuple[float, float]], Interval]:
    """Milliseconds of both, turn by turn, and the median of ours over theirs."""
    found = [
        (ours_ms(path, runtime, threads, runs), theirs_ms(path, threads, runs))
        for _ in range(pairs)
    ]
    return found, bootstrap_median(np.array([ours / theirs for ours, theirs in found]), seed=0)


def main(
    model: Path,
    pairs: Annotated[int, typer.Option(min=1)] = 10,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    runs: Annotated[int, typer.Option(min=1, help="Timed inferences a turn.")] = 200,
    runtime: Annotated[Literal["litert", "compiled"], typer.Option()] = "litert",
) -> None:
    """Print the table."""
    found, ratio = compare_pairs(model, runtime, threads, pairs, runs)
    print("| ours, ms | litert-benchmark, ms | ratio |\n| ---: | ---: | ---: |")
    for ours, theirs in found:
        print(f"| {ours:.3f} | {theirs:.3f} | {ours / theirs:.3f} |")
    print(f"\nours over theirs: {ratio.median:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]")
    print(f"the harness adds {overhead_us():.2f} microseconds to a timed invocation")


if __name__ == "__main__":
    try:
        typer.run(main)
    except SkinliteError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
