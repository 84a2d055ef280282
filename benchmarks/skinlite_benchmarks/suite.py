"""`run_benchmark`: who takes part, measured by thread count, looked into, judged, as `Results`."""

from collections.abc import Sequence
from pathlib import Path

from skinlite.process.signals import taken
from skinlite_benchmarks.contestants.find import (
    RUNTIMES,
    Entry,
    find_contestants,
    find_reference,
    with_reference,
)
from skinlite_benchmarks.cost.model import cost_of
from skinlite_benchmarks.cost.roofline import limit, measure_peak
from skinlite_benchmarks.measure import host
from skinlite_benchmarks.measure.accuracy import EvaluationSet, score
from skinlite_benchmarks.measure.interleave import Report
from skinlite_benchmarks.measure.latency import measure
from skinlite_benchmarks.profiling.profile import profile_of
from skinlite_benchmarks.results.notices import notices
from skinlite_benchmarks.results.paper import paper_figures
from skinlite_benchmarks.results.records import Accuracy, Cost, Peak, Profile
from skinlite_benchmarks.results.results import Contestant, Host, Measurement, Results, Settings
from skinlite_benchmarks.results.stability import judge


def run_benchmark(
    paths: list[Path],
    reference: Path | None,
    *,
    others: Sequence[Entry] = (),
    runtimes: Sequence[str] = RUNTIMES,
    threads: Sequence[int] = (1, 2),
    rounds: int = 100,
    slow_seconds: float = 30.0,
    seed: int = 0,
    evaluation_set: EvaluationSet | None = None,
    details: bool = True,
    command: str = "",
    report: Report = lambda what, done, total: None,
) -> Results:
    """Measure models against the reference, interleaved, each in a process of its own.

    Args:
        paths: see `find_contestants`.
        reference: the model that ratios are relative to; None measures without ratios.
        others: who takes part besides, such as `skinlite_benchmarks.contestants.peers`.
        runtimes: that model files run on.
        threads: counts, measured one after the other.
        rounds: turns of each fast contestant; see `skinlite_benchmarks.measure.interleave`.
        slow_seconds: time for each slow one, for each thread count.
        seed: of the order, the images and the bootstrap of ratios.
        evaluation_set: images to judge accuracy on; None takes what bundles and runs say.
        details: cost, limits and operator profiles too.
        command: the command line, for the record.
        report: progress.

    Returns:
        The results. After Ctrl-C, what was measured until then.

    Raises:
        InputError: a file that can't be loaded or run.
        KeyboardInterrupt: before anything was measured.
    """
    entries = find_contestants(paths, runtimes, others)
    name = None
    if reference is not None:
        entries = with_reference(entries, find_reference(reference))
        name = entries[-1].contestant.name

    start = host.current_load()
    roofs: list[Peak] = []
    measurements: list[Measurement] = []
    found = Found()
    interrupted = False
    try:
        for count in threads:
            if details and (peak := measure_peak(count)):
                roofs.append(peak)
            measured = measure(entries, name, count, rounds, slow_seconds, seed, report)
            measurements += measured.measurements
            found.runners |= measured.runners
            if measured.interrupted:
                raise KeyboardInterrupt
        end = host.current_load()
        if details:
            found.look_into(entries, report)
        if evaluation_set:
            found.judge(entries, evaluation_set, report)
    except KeyboardInterrupt:
        if not measurements:
            raise
        taken()
        interrupted, end = True, host.current_load()
    described = host.describe(start, end, roofs)
    contestants = tuple(found.complete(entry.contestant, evaluation_set) for entry in entries)
    measurements = [_limited(one, found.costs, described) for one in measurements]
    baseline = None if name is None else contestants[-1]
    said = notices(described, contestants, baseline, interrupted)
    return Results(
        host=described,
        settings=Settings(
            threads=tuple(dict.fromkeys(m.threads for m in measurements)),
            rounds=rounds,
            slow_seconds=slow_seconds,
            seed=seed,
            command=command,
            runtimes=tuple(runtimes),
            data=evaluation_set.dataset.root.name if evaluation_set else None,
        ),
        reference=name,
        contestants=contestants,
        measurements=tuple(measurements),
        notices=(*said, *found.notices),
        verdicts=tuple(judge(described, measurements, rounds)),
        interrupted=interrupted,
        paper=paper_figures(one.backbone for one in contestants),
    )


class Found:
    """What is known of the contestants besides their times, by name."""

    def __init__(self) -> None:
        self.runners: dict[str, str] = {}
        self.costs: dict[str, Cost | None] = {}
        self.profiles: dict[str, Profile | None] = {}
        self.accuracies: dict[str, Accuracy] = {}
        self.notices: list[str] = []

    def look_into(self, entries: Sequence[Entry], report: Report) -> None:
        """Read costs from the files and profile the operators."""
        for number, entry in enumerate(entries):
            name = entry.contestant.name
            report(f"profiling {name}", number, len(entries) + 1)
            self.costs[name] = cost_of(entry.path)
            self.profiles[name] = profile_of(entry.path, entry.contestant.runtime)

    def judge(
        self, entries: Sequence[Entry], evaluation_set: EvaluationSet, report: Report
    ) -> None:
        """Let every contestant answer for the evaluation set's images."""
        if evaluation_set.notice:
            self.notices.append(evaluation_set.notice)
        self.accuracies, reasons = score(entries, evaluation_set, report)
        self.notices += reasons

    def complete(self, contestant: Contestant, evaluation_set: EvaluationSet | None) -> Contestant:
        """A contestant with what was found of it."""
        name = contestant.name
        found: dict[str, object] = {
            "runner": self.runners.get(name, ""),
            "cost": self.costs.get(name),
            "profile": self.profiles.get(name),
        }
        if evaluation_set:
            # Figures of other images would not compare.
            found["accuracy"] = self.accuracies.get(name)
            found["synthetic"] = contestant.synthetic or evaluation_set.dataset.synthetic
        return contestant.model_copy(update=found)


def _limited(measured: Measurement, costs: dict[str, Cost | None], host: Host) -> Measurement:
    peak = host.peak(measured.threads)
    cost = costs.get(measured.contestant)
    if peak is None or cost is None:
        return measured
    least = limit(cost, peak, measured.latency.p50)
    return measured.model_copy(update={"limit": least})
