"""`compare`: what changed between two results of the same host and settings."""

import math
from collections.abc import Callable, Iterator
from typing import Literal

from skinlite.errors import InputError
from skinlite_benchmarks.results import stability
from skinlite_benchmarks.results.records import Record, Share
from skinlite_benchmarks.results.results import Measurement, Results

Value = Callable[[Results, Measurement], float | None]
Side = Literal["OLD", "NEW"]
"""As on the command line."""
SIDES: tuple[Side, Side] = ("OLD", "NEW")


def _accuracy(field: str) -> Value:
    def value(results: Results, measured: Measurement) -> float | None:
        accuracy = results.contestant(measured.contestant).accuracy
        share: Share | None = getattr(accuracy, field, None)
        if field == "critical_recall" and accuracy and accuracy.exported.critical == "mel":
            return None  # melanoma_recall tells it
        return None if share is None else share.value

    return value


TIMES: dict[str, Value] = {
    "latency.p50": lambda _, measured: measured.latency.p50,
    "latency.p90": lambda _, measured: measured.latency.p90,
    "latency.p99": lambda _, measured: measured.latency.p99,
    "latency.min": lambda _, measured: measured.latency.min,
    "ratio": lambda _, measured: None if measured.ratio is None else measured.ratio.median,
    "ratio.min": Results.ratio_of_minima,
    "load_ms": lambda _, measured: measured.load_ms,
    "first_ms": lambda _, measured: measured.first_ms,
}
"""What an unstable measurement leaves in doubt: milliseconds, times."""

ACCURACIES: dict[str, Value] = {
    name: _accuracy(name)
    for name in ("accuracy", "balanced_accuracy", "melanoma_recall", "agreement", "critical_recall")
}
"""What images judge: shares."""

METRICS: dict[str, Value] = TIMES | {
    "memory_mb": lambda _, measured: measured.memory_mb,
    "partitions": lambda _, measured: measured.partitions,
    "bytes": lambda results, measured: results.contestant(measured.contestant).bytes,
    **ACCURACIES,
}
"""What can be compared, by name: milliseconds, 10^6 bytes, bytes, times, shares."""

MUST_MATCH = (
    "host.cpu",
    "host.machine",
    "host.cores",
    "host.governor",
    "settings.threads",
    "settings.rounds",
    "settings.slow_seconds",
    "settings.data",
    "reference",
)
"""Fields without which two latencies are two different questions. Versions may differ: what a new
version does is what one compares for; they are told."""


class Change(Record):
    """One metric of one contestant, before and after; see `METRICS` for the units.

    Attributes:
        unstable: results whose measurement is so (`stability.unstable`); empty for what is no time.
    """

    contestant: str
    threads: int
    metric: str
    old: float
    new: float
    unstable: tuple[Side, ...] = ()

    @property
    def percent(self) -> float:
        """Of the old value; infinite where that is 0 and the new one isn't."""
        if self.old == self.new:
            return 0.0
        return (self.new / self.old - 1) * 100 if self.old else math.copysign(math.inf, self.new)


class Gap(Record):
    """What a contestant lacks for a comparison, in words.

    Attributes:
        threads: with so many; None for the contestant as a whole.
        metric: that lacks; None for all of them.
    """

    contestant: str
    threads: int | None = None
    metric: str | None = None
    reason: str


class Comparison(Record):
    """Two results side by side.

    Attributes:
        gaps: what no change can be told of, though one of the results has it.
        interrupted: which of them were.
        leaky: contestants whose accuracy is, in either of them, an upper bound (see `Accuracy`).
        leaks_unknown: contestants of whose accuracy that isn't known, in either of them.
        only_old: contestants that the new results lack.
        only_new: contestants that the old ones lack.
        versions: of packages that differ: old and new.
    """

    changes: tuple[Change, ...]
    gaps: tuple[Gap, ...] = ()
    interrupted: tuple[Side, ...] = ()
    leaky: tuple[str, ...] = ()
    leaks_unknown: tuple[str, ...] = ()
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    versions: dict[str, tuple[str, str]]


def compare(old: Results, new: Results) -> Comparison:
    """Every metric of every contestant, matched by name, for each number of threads.

    Raises:
        InputError: host or settings differ, with both values; or no contestant is in both.
    """
    differences = [
        f"{field} ({before!r}, now {after!r})"
        for field in MUST_MATCH
        if (before := _field(old, field)) != (after := _field(new, field))
    ]
    if differences:
        raise InputError(
            f"These results can't be compared: they differ in {'; '.join(differences)}. Measure "
            "both on one machine with the same options."
        )
    before, after = ([item.name for item in results.contestants] for results in (old, new))
    shared = [name for name in before if name in after]
    if not shared:
        raise InputError(
            f"These results can't be compared: no contestant is in both (old: {', '.join(before)}; "
            f"new: {', '.join(after)})."
        )
    versions = {
        name: (version, new.host.versions.get(name, "unknown"))
        for name, version in old.host.versions.items()
        if version != new.host.versions.get(name)
    }
    compared = [item for name in shared for item in _changes(name, old, new)]
    lost = [name for name in before if name not in after]
    return Comparison(
        changes=tuple(item for item in compared if isinstance(item, Change)),
        gaps=(
            *(Gap(contestant=name, reason="not in NEW") for name in lost),
            *(item for item in compared if isinstance(item, Gap)),
        ),
        interrupted=tuple(
            side for side, item in zip(SIDES, (old, new), strict=True) if item.interrupted
        ),
        leaky=tuple(name for name in shared if "found" in _leaks(name, old, new)),
        leaks_unknown=tuple(
            name
            for name in shared
            if "unknown" in (states := _leaks(name, old, new)) and "found" not in states
        ),
        only_old=tuple(lost),
        only_new=tuple(name for name in after if name not in before),
        versions=versions,
    )


def _leaks(name: str, *results: Results) -> set[str]:
    accuracies = (result.contestant(name).accuracy for result in results)
    return {accuracy.leaks.state for accuracy in accuracies if accuracy}


def _changes(name: str, old: Results, new: Results) -> Iterator[Change | Gap]:
    for threads in old.settings.threads:
        before, after = (result.measurement(name, threads) for result in (old, new))
        if before is None or after is None:
            sides = _told(before is None, after is None)
            yield Gap(contestant=name, threads=threads, reason=f"not measured in {sides}")
            continue
        pair = ((old, before), (new, after))
        unstable = tuple(
            side
            for side, (_, measured) in zip(SIDES, pair, strict=True)
            if stability.unstable(measured)
        )
        for metric, value in METRICS.items():
            first, second = (value(*measurement) for measurement in pair)
            if first is None and second is None:
                continue  # it has no such thing: the reference has no ratio to itself
            reason = ""
            if first is None or second is None:
                reason = f"not measured in {_told(first is None, second is None)}"
            elif sides := _told(*(not _possible(metric, number) for number in (first, second))):
                reason = f"{first:g} -> {second:g}, which isn't a valid measurement in {sides}"
            if first is None or second is None or reason:
                yield Gap(contestant=name, threads=threads, metric=metric, reason=reason)
            else:
                yield Change(
                    contestant=name,
                    threads=threads,
                    metric=metric,
                    old=first,
                    new=second,
                    unstable=unstable if metric in TIMES else (),
                )


def _possible(metric: str, value: float) -> bool:
    """Whether a figure can have been measured: a number, and no time that takes none."""
    return math.isfinite(value) and (metric not in TIMES or value > 0)


def _told(in_old: bool, in_new: bool) -> str:
    return " and ".join(side for side, there in zip(SIDES, (in_old, in_new), strict=True) if there)


def _field(results: Results, path: str) -> object:
    value: object = results
    for part in path.split("."):
        value = getattr(value, part)
    return value
