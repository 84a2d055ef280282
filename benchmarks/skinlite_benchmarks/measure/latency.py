"""`measure`: every contestant in a process of its own, interleaved, with one number of threads."""

from contextlib import ExitStack
from typing import NamedTuple

from skinlite.progress import Report
from skinlite_benchmarks.candidates.entry import Entry
from skinlite_benchmarks.measure import statistics as figures
from skinlite_benchmarks.measure.interleave import interleave
from skinlite_benchmarks.measure.process import ContestantProcess
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.results import Measurement
from skinlite_benchmarks.settings import BenchmarkSettings


class Measured(NamedTuple):
    """What was measured, and what ran each contestant, by its name."""

    measurements: list[Measurement]
    runners: dict[str, str]
    interrupted: bool


def measure(
    entries: list[Entry],
    reference: str | None,
    threads: int,
    settings: BenchmarkSettings,
    report: Report,
) -> Measured:
    """Time every contestant with so many threads.

    Args:
        entries: who takes part.
        reference: name of the baseline, the contestant that ratios are relative to.
        threads: of every runtime.
        settings: rounds, seed and the slow ones' time.
        report: progress.

    Raises:
        InputError: a file that can't be loaded or run.
        KeyboardInterrupt: before the first round was complete.
    """
    with ExitStack() as stack:
        processes = {
            entry.contestant.name: stack.enter_context(
                ContestantProcess(
                    entry.path, entry.contestant.runtime, threads, settings.seed, entry.takes
                )
            )
            for entry in entries
        }
        runners = {name: process.loaded.runner for name, process in processes.items()}
        timed = interleave(
            {name: process.run for name, process in processes.items()},
            rounds=settings.rounds,
            slow_seconds=settings.slow_seconds,
            seed=settings.seed,
            report=report,
            title=f"timing, {naming.threads(threads)}",
        )
    measurements = []
    for name, samples in timed.samples.items():
        loaded = processes[name].loaded
        pair = None
        if reference is not None and name != reference:
            pair = figures.ratio(timed.samples[reference], samples, settings.seed)
        measurements.append(
            Measurement(
                contestant=name,
                threads=threads,
                image_shape=loaded.image_shape,
                load_ms=loaded.load_ms,
                first_ms=loaded.first_ms,
                partitions=loaded.partitions,
                memory_mb=loaded.memory_mb,
                latency=figures.latency(samples),
                rounds=len(samples.turns),
                steady=samples.steady,
                ratio=pair,
                turns_ms=tuple(
                    tuple(round(ns / 1e6, 4) for ns in turn) for turn in samples.turns.values()
                ),
            )
        )
    return Measured(measurements, runners, timed.interrupted)
