"""The report's tables and lists, as words; HTML and Markdown draw the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.view import Row, View
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.results import SETTLE_NS, Contestant, Results


@dataclass(frozen=True)
class Table:
    """A table of words; the first column names the row.

    Attributes:
        marked: number of the row to be emphasised.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: int | None = None


def overview(view: View) -> Table:
    """Latency, size, memory, accuracy and ratios, at the first thread count."""
    rows = [
        (
            row.name,
            wording.time_or_wrong(row.measured.latency.p50, row.wrong),
            _faster(row, view),
            wording.megabytes(row.contestant.bytes / 1e6),
            "baseline" if row is view.baseline else wording.factor(row.times_smaller),
            wording.megabytes(row.measured.memory_mb),
            *_accuracy_cells(row.contestant, view.results),
        )
        for row in view.rows
    ]
    columns = ["Model", "Latency", "Faster", "Size", "Smaller", "Memory"]
    columns += ["Balanced accuracy", wording.recall_title(view.results), "Agreement"]
    title = f"Overview, {naming.threads(view.threads)}"
    return Table(title, columns, rows, marked=view.rows.index(view.headline))


def _faster(row: Row, view: View) -> str:
    if row is view.baseline:
        return "baseline"
    return wording.NONE if row.wrong else wording.interval(row.measured.ratio)


def _accuracy_cells(contestant: Contestant, results: Results) -> tuple[str, str, str]:
    accuracy = contestant.accuracy
    if accuracy is None:
        status = wording.accuracy_status(contestant)
        return status, status, wording.NONE
    exported, keras = accuracy.exported, accuracy.keras
    return (
        _beside_keras(
            exported.balanced_accuracy, None if keras is None else keras.balanced_accuracy
        )
        + wording.leak(accuracy),
        _beside_keras(exported.critical_recall, None if keras is None else keras.critical_recall)
        + wording.whose_recall(accuracy, results)
        + wording.leak(accuracy),
        wording.agreement(accuracy),
    )


def _beside_keras(exported: float | None, keras: float | None) -> str:
    beside = "" if keras is None else f" (Keras {wording.share(keras)})"
    return wording.share(exported) + beside


def setting_rows(results: Results) -> list[tuple[str, str]]:
    """Host and settings."""
    host, settings = results.host, results.settings
    rows = [
        ("CPU", f"{host.cpu} ({host.machine}), {host.cores} cores"),
        ("Governor", host.governor or "unknown"),
        ("System", host.system),
        ("Versions", ", ".join(f"{name} {number}" for name, number in host.versions.items())),
    ]
    if host.load:
        rows.append(("Load average", "{:.2f} at start, {:.2f} at end".format(*host.load)))
    if host.busy:
        rows.append(("Cores in use", "{:.0%} before, {:.0%} after".format(*host.busy)))
    rows += [
        (
            "Rounds",
            f"{settings.rounds}; slow models: as many as possible in {settings.slow_seconds:g} s",
        ),
        ("Seed", str(settings.seed)),
    ]
    for peak in host.roofs:
        rows.append(
            (
                f"Limits, {naming.threads(peak.threads)}",
                f"{peak.float32_gmacs:.3g} float32 and {peak.int8_gmacs:.3g} int8 GMAC/s (matrix "
                f"products), {peak.copy_gbs:.3g} GB/s copied, {peak.cached_copy_gbs:.3g} within "
                "the cache",
            )
        )
    if settings.data:
        rows.append(("Data set", settings.data))
    return rows


def method(results: Results) -> str:
    """How it was measured."""
    counts = {
        len(contestant.accuracy.exported.per_class)
        for contestant in results.contestants
        if contestant.accuracy
    }
    classes = "seven probabilities" if counts <= {7} else "a probability for each class"
    return _METHOD.format(classes)


_METHOD = (
    "Batch 1: one image in the file's own number format, {} out; a file of somebody else's as it "
    "is, with noise in its inputs. Every contestant runs in its own process. "
    f"In each round each has one turn, in a shuffled order; a turn is {SETTLE_NS / 1e6:g} ms (one "
    "invocation at least) untimed and up to ten timed invocations; inputs are set before. A ratio "
    "is the baseline's time divided by the contestant's in the same round: median over rounds, "
    'with a 95 % bootstrap interval. In place of its latency, "wrong on N of M" tells of a file '
    "whose predictions agree with its float model's on less than skinlite's gate asks of its own "
    "files. Memory is the peak with model and runtime, minus that of an "
    "empty Python. Accuracy comes from one set of predictions per model, measured at export if no "
    "data set was given; its intervals are 95 % bootstrap intervals over lesions, or over images "
    "for a run's stored metrics and where lesions are unknown. MB are 10^6 bytes."
)
