"""`run_benchmark`: who takes part, measured by thread count, judged, as `Results`."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from skinlite_benchmarks import figures, host
from skinlite_benchmarks.contestants import RUNTIMES, Entry, find_contestants, find_reference
from skinlite_benchmarks.paper import paper_figures
from skinlite_benchmarks.process import ContestantProcess
from skinlite_benchmarks.results import Contestant, Host, Measurement, Results, Runtime, Settings
from skinlite_benchmarks.timing import Report, interleave
from skinlite_benchmarks.verdicts import judge


def run_benchmark(
    paths: list[Path],
    reference: Path | None,
    *,
    runtimes: Sequence[Runtime] = RUNTIMES,
    threads: Sequence[int] = (1, 2),
    rounds: int = 100,
    slow_seconds: float = 30.0,
    seed: int = 0,
    command: str = "",
    report: Report = lambda what, done, total: None,
) -> Results:
    """Measure models against the reference, interleaved, each in a process of its own.

    Args:
        paths: see `find_contestants`.
        reference: the model that ratios are relative to; None measures without ratios.
        runtimes: that model files run on.
        threads: counts, measured one after the other.
        rounds: turns of each fast contestant; see `skinlite_benchmarks.timing.interleave`.
        slow_seconds: time for each slow one, for each thread count.
        seed: of the order, the pictures and the bootstrap.
        command: the command line, for the record.
        report: progress.

    Returns:
        The results. After Ctrl-C, what was measured until then.

    Raises:
        InputError: a file that can't be loaded or run.
        KeyboardInterrupt: before anything was measured.
    """
    entries = find_contestants(paths, runtimes)
    yardstick = None
    if reference is not None:
        yardstick = find_reference(reference)
        others = [e for e in entries if e.contestant.sha256 != yardstick.contestant.sha256]
        entries = [*others, yardstick]
    name = yardstick.contestant.name if yardstick else None

    start = host.current_load()
    measurements: list[Measurement] = []
    runners: dict[str, str] = {}
    interrupted = False
    for count in threads:
        try:
            measured, interrupted = _measure(
                entries, name, count, rounds, slow_seconds, seed, report, runners
            )
        except KeyboardInterrupt:
            if not measurements:
                raise
            interrupted = True
            break
        measurements += measured
        if interrupted:
            break
    described = host.describe(start, host.current_load())
    contestants = tuple(
        entry.contestant.model_copy(update={"runner": runners.get(entry.contestant.name, "")})
        for entry in entries
    )
    return Results(
        host=described,
        settings=Settings(
            threads=tuple(dict.fromkeys(m.threads for m in measurements)),
            rounds=rounds,
            slow_seconds=slow_seconds,
            seed=seed,
            command=command,
            runtimes=tuple(runtimes),
        ),
        reference=name,
        contestants=contestants,
        measurements=tuple(measurements),
        notices=_notices(described, contestants, yardstick, interrupted),
        verdicts=tuple(judge(described, measurements, rounds)),
        interrupted=interrupted,
        paper=paper_figures(one.backbone for one in contestants),
    )


def _measure(
    entries: list[Entry],
    reference: str | None,
    threads: int,
    rounds: int,
    slow_seconds: float,
    seed: int,
    report: Report,
    runners: dict[str, str],
) -> tuple[list[Measurement], bool]:
    title = "timing, " + ("one thread" if threads == 1 else f"{threads} threads")
    with ExitStack() as stack:
        processes = {
            entry.contestant.name: stack.enter_context(
                ContestantProcess(entry.path, entry.contestant.runtime, threads, seed)
            )
            for entry in entries
        }
        runners |= {name: process.loaded.runner for name, process in processes.items()}
        timed = interleave(
            {name: process.run for name, process in processes.items()},
            rounds=rounds,
            slow_seconds=slow_seconds,
            seed=seed,
            report=report,
            title=title,
        )
    measurements = []
    for name, samples in timed.samples.items():
        loaded = processes[name].loaded
        pair = None
        if reference is not None and name != reference:
            pair = figures.ratio(timed.samples[reference], samples, seed)
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
    return measurements, timed.interrupted


def _notices(
    host: Host, contestants: Sequence[Contestant], reference: Entry | None, interrupted: bool
) -> tuple[str, ...]:
    """What a reader has to know before any figure."""
    notices = [f"Measured on {host.kind} ({host.cpu}), not on a phone."]
    if any(one.synthetic for one in contestants):
        notices.append(
            "Synthetic: trained and judged on generated pictures; the accuracy says nothing about "
            "real skin."
        )
    if any(one.trained is False and one.synthetic is not None for one in contestants):
        notices.append(
            "Untrained: initialised weights; the answers mean nothing. Latency and size are those "
            "of a trained network of the same shape."
        )
    if reference is not None:
        if reference.contestant.trained is False:
            notices.append(
                f"{reference.contestant.name} carries untrained weights: latency, size and memory "
                "don't depend on them; its accuracy is not measured."
            )
        if any(one.format not in (None, "float32") for one in contestants):
            notices.append(
                "A ratio between number formats mixes two gains: a smaller network, and cheaper "
                "numbers. The reference's own int8 would be faster than its float32."
            )
    if interrupted:
        notices.append("Interrupted: only what was measured until then is shown.")
    return tuple(notices)
