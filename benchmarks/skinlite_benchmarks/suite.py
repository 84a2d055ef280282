"""`run_benchmark`: who takes part, measured by thread count, looked into, judged, as `Results`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from skinlite.classes import HAM10000
from skinlite.process.signals import taken
from skinlite.progress import Report, silent
from skinlite_benchmarks.candidates.entry import Entry
from skinlite_benchmarks.candidates.feeds import with_feeds
from skinlite_benchmarks.candidates.find import find_contestants, find_reference, with_reference
from skinlite_benchmarks.candidates.third_party import notices_on
from skinlite_benchmarks.cost.model import cost_of
from skinlite_benchmarks.cost.roofline import limit, measure_peak
from skinlite_benchmarks.measure import host
from skinlite_benchmarks.measure.accuracy import score
from skinlite_benchmarks.measure.evaluation_set import EvaluationSet
from skinlite_benchmarks.measure.latency import measure
from skinlite_benchmarks.profiling.profile import profile_of
from skinlite_benchmarks.results.notices import notices
from skinlite_benchmarks.results.paper import paper_figures
from skinlite_benchmarks.results.records import Accuracy, Cost, Peak, Profile
from skinlite_benchmarks.results.results import Contestant, Host, Measurement, Results, Settings
from skinlite_benchmarks.results.stability import judge
from skinlite_benchmarks.settings import BenchmarkSettings
from skinlite_export.inspect.record import Feed

DEFAULTS = BenchmarkSettings()


def run_benchmark(
    paths: list[Path],
    reference: Path | None,
    settings: BenchmarkSettings = DEFAULTS,
    *,
    others: Sequence[Entry] = (),
    remarks: Sequence[str] = (),
    evaluation_set: EvaluationSet | None = None,
    feeds: Sequence[Feed] = (),
    report: Report = silent,
) -> Results:
    """Measure models against the baseline, interleaved, each in a process of its own.

    Args:
        paths: see `find_contestants`.
        reference: the baseline, a model file that ratios are relative to; None measures without
            ratios.
        settings: how to measure.
        others: who takes part besides, such as `skinlite_benchmarks.candidates.peers`.
        remarks: sentences for the report's notices, such as on peers that take no part.
        evaluation_set: images to judge accuracy on; None takes what bundles and runs say.
        feeds: how files of others are fed, by the SHA-256 of each; see
            `skinlite_benchmarks.candidates.feeds.feeds_of`.
        report: progress.

    Returns:
        The results. After Ctrl-C, what was measured until then.

    Raises:
        InputError: a file that can't be loaded or run, or a feed that doesn't fit its file or the
            images.
        KeyboardInterrupt: before anything was measured.
    """
    entries = find_contestants(paths, settings.runtimes, others)
    name = None
    if reference is not None:
        entries = with_reference(entries, find_reference(reference))
        name = entries[-1].contestant.name
    entries = with_feeds(entries, feeds)

    start = host.current_load()
    peaks: list[Peak] = []
    measurements: list[Measurement] = []
    facts = Facts()
    interrupted = False
    try:
        for count in settings.threads:
            if settings.details and (peak := measure_peak(count)):
                peaks.append(peak)
            measured = measure(entries, name, count, settings, report)
            measurements += measured.measurements
            facts.runners |= measured.runners
            if measured.interrupted:
                raise KeyboardInterrupt
        end = host.current_load()
        if settings.details:
            facts.look_into(entries, report)
        if evaluation_set:
            facts.judge(entries, evaluation_set, report, name)
    except KeyboardInterrupt:
        if not measurements:
            raise
        taken()
        interrupted, end = True, host.current_load()
    described = host.describe(start, end, peaks)
    contestants = tuple(facts.complete(entry.contestant, evaluation_set) for entry in entries)
    measurements = [_limited(measured, facts.costs, described) for measured in measurements]
    baseline = None if name is None else contestants[-1]
    return Results(
        host=described,
        settings=Settings(
            threads=tuple(dict.fromkeys(m.threads for m in measurements)),
            rounds=settings.rounds,
            slow_seconds=settings.slow_seconds,
            seed=settings.seed,
            command=settings.command,
            runtimes=settings.runtimes,
            data=evaluation_set.dataset.root.name if evaluation_set else None,
        ),
        reference=name,
        contestants=contestants,
        measurements=tuple(measurements),
        notices=(
            *notices(described, contestants, baseline, interrupted),
            *_on_theirs(entries, evaluation_set),
            *facts.notices,
            *remarks,
        ),
        verdicts=tuple(judge(described, measurements, settings.rounds)),
        interrupted=interrupted,
        # Shares of other classes don't compare with the paper's.
        paper=paper_figures(
            entry.contestant.backbone for entry in entries if entry.classes in (None, HAM10000)
        ),
    )


class Facts:
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
            self.costs[name] = _cost_of(entry)
            self.profiles[name] = profile_of(entry.path, entry.contestant.runtime)

    def judge(
        self,
        entries: Sequence[Entry],
        evaluation_set: EvaluationSet,
        report: Report,
        reference: str | None,
    ) -> None:
        """Let every contestant predict the evaluation set's images."""
        if evaluation_set.notice:
            self.notices.append(evaluation_set.notice)
        self.accuracies, reasons = score(entries, evaluation_set, report, reference)
        self.notices += reasons

    def complete(self, contestant: Contestant, evaluation_set: EvaluationSet | None) -> Contestant:
        """A contestant with what is known of it."""
        name = contestant.name
        known: dict[str, object] = {
            "runner": self.runners.get(name, ""),
            "cost": self.costs.get(name),
            "profile": self.profiles.get(name),
        }
        if evaluation_set:
            # Figures of other images would not compare.
            known["accuracy"] = self.accuracies.get(name)
            known["synthetic"] = contestant.synthetic or evaluation_set.dataset.synthetic
        return contestant.model_copy(update=known)


def _on_theirs(entries: Sequence[Entry], evaluation_set: EvaluationSet | None) -> Iterator[str]:
    """What is to be known of each file of somebody else's, once for all its runtimes."""
    files = {entry.contestant.sha256: entry for entry in reversed(entries) if entry.inspection}
    for entry in reversed(files.values()):
        assert entry.inspection
        contestant = entry.contestant
        yield from notices_on(contestant.name, contestant.file, entry.inspection, contestant.feed)
        if contestant.feed and evaluation_set is None:
            yield f"{contestant.name} was not tested for accuracy: give images with --data DIR."


def _cost_of(entry: Entry) -> Cost | None:
    """Of a file of somebody else's as far as it can be read."""
    try:
        return cost_of(entry.path)
    except Exception:  # whatever its operators have that ours don't
        if entry.inspection is None:
            raise
        return None


def _limited(measured: Measurement, costs: dict[str, Cost | None], host: Host) -> Measurement:
    peak = host.peak(measured.threads)
    cost = costs.get(measured.contestant)
    if peak is None or cost is None:
        return measured
    least = limit(cost, peak, measured.latency.p50)
    return measured.model_copy(update={"limit": least})
