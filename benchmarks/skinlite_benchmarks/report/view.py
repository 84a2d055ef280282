"""What the report shows, computed once: tables, charts and pages only draw it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from skinlite_benchmarks.results.records import Share, SweepPoint
from skinlite_benchmarks.results.results import Contestant, Measurement, Results

Role = Literal["headline", "baseline", "theirs", "other"]
"""How a contestant is coloured, the same in every chart: a class of the style sheet."""


@dataclass(frozen=True)
class Row:
    """One contestant, timed with the report's number of threads.

    Attributes:
        times_smaller: bytes of the baseline over bytes of this file; None without a baseline.
    """

    contestant: Contestant
    measured: Measurement
    role: Role
    times_smaller: float | None

    @property
    def name(self) -> str:
        """Of the contestant."""
        return self.contestant.name

    @property
    def wrong(self) -> tuple[int, int] | None:
        """See `Accuracy`."""
        return _wrong(self.contestant)


@dataclass(frozen=True)
class Point:
    """A contestant of known balanced accuracy in the chart of accuracy against latency."""

    name: str
    ms: float
    accuracy: Share
    bytes: int
    role: Role


@dataclass(frozen=True)
class ErrorPoint:
    """A contestant whose distance from its float model is known; see `Accuracy`."""

    name: str
    ms: float
    error: float
    wrong: tuple[int, int] | None
    role: Role


@dataclass(frozen=True)
class View:
    """Everything that is derived from `Results` for a report.

    Attributes:
        threads: the first thread count; all but the latencies is about it.
        roles: of every contestant, by name.
        rows: the contestants timed with ``threads``, in the results' order.
        headline: the row that the summary is about.
        baseline: the row that ratios are relative to; None without one.
        fastest_first: measurements by thread count, in the order of their medians.
        pareto: contestants of known accuracy, the fastest first.
        errors: contestants of known distance from their float model, the fastest first.
        speeds: rows with a ratio whose answers aren't `Accuracy.wrong`, and the baseline last;
            empty without a ratio.
        limits: rows whose hardware limit is known.
        sweep: points of a sweep that were timed with ``threads``.
    """

    results: Results
    threads: int
    roles: Mapping[str, Role]
    rows: tuple[Row, ...]
    headline: Row
    baseline: Row | None
    fastest_first: Mapping[int, tuple[Measurement, ...]]
    pareto: tuple[Point, ...]
    errors: tuple[ErrorPoint, ...]
    speeds: tuple[Row, ...]
    limits: tuple[Row, ...]
    sweep: tuple[tuple[SweepPoint, Row], ...]


def view_of(results: Results) -> View:
    """Compute what a report of these results shows."""
    threads = results.settings.threads[0]
    best = headline(results)
    roles = {
        contestant.name: role(contestant, best, results.reference)
        for contestant in results.contestants
    }
    rows = tuple(
        Row(contestant, measured, roles[contestant.name], results.times_smaller(contestant.name))
        for contestant in results.contestants
        if (measured := results.measurement(contestant.name, threads))
    )
    by_name = {row.name: row for row in rows}
    baseline = None if results.reference is None else by_name.get(results.reference)
    speeds = tuple(row for row in rows if row.measured.ratio is not None and not row.wrong)
    return View(
        results=results,
        threads=threads,
        roles=roles,
        rows=rows,
        headline=by_name[best],
        baseline=baseline,
        fastest_first={
            count: tuple(
                sorted(
                    (timed for timed in results.measurements if timed.threads == count),
                    key=lambda timed: timed.latency.p50,
                )
            )
            for count in results.settings.threads
        },
        pareto=_pareto_points(rows),
        errors=_error_points(rows),
        speeds=(*speeds, baseline) if speeds and baseline else speeds,
        limits=tuple(row for row in rows if row.measured.limit is not None),
        sweep=tuple(
            (point, by_name[point.contestant])
            for point in results.sweep
            if point.contestant in by_name
        ),
    )


def headline(results: Results) -> str:
    """Name of the contestant that the summary is about, at the first thread count.

    The fastest .tflite of skinlite's, since that is what ships; the fastest of all of skinlite's
    where there is none, and of others' where there are none. One whose answers are
    `Accuracy.wrong` only where all are.
    """
    count = results.settings.threads[0]
    timed = [measured for measured in results.measurements if measured.threads == count]
    others = [m for m in timed if m.contestant != results.reference] or timed
    for foreign in ("theirs", "peer"):
        others = [
            m for m in others if not getattr(results.contestant(m.contestant), foreign)
        ] or others
    others = [m for m in others if not _wrong(results.contestant(m.contestant))] or others
    ships = [m for m in others if results.contestant(m.contestant).runtime == "litert"]
    return min(ships or others, key=lambda measured: measured.latency.p50).contestant


def _wrong(contestant: Contestant) -> tuple[int, int] | None:
    return None if contestant.accuracy is None else contestant.accuracy.wrong


def role(contestant: Contestant, best: str, reference: str | None) -> Role:
    """How a contestant is coloured; ``best`` is the headline's name."""
    if contestant.name == reference:
        return "baseline"
    if contestant.name == best:
        return "headline"
    return "theirs" if contestant.theirs else "other"


def _pareto_points(rows: tuple[Row, ...]) -> tuple[Point, ...]:
    points = [
        Point(
            row.name,
            row.measured.latency.p50,
            row.contestant.accuracy.balanced_accuracy,
            row.contestant.bytes,
            row.role,
        )
        for row in rows
        if row.contestant.accuracy is not None
    ]
    return tuple(sorted(points, key=lambda point: point.ms))


def _error_points(rows: tuple[Row, ...]) -> tuple[ErrorPoint, ...]:
    points = [
        ErrorPoint(row.name, row.measured.latency.p50, accuracy.error, row.wrong, row.role)
        for row in rows
        if (accuracy := row.contestant.accuracy) and accuracy.error is not None
    ]
    return tuple(sorted(points, key=lambda point: point.ms))
