"""The report's tables and lists, as words; HTML and Markdown draw the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from skinlite_benchmarks import wording
from skinlite_benchmarks.results import Contestant, Results


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


def overview(results: Results) -> Table:
    """Latency, size, memory, accuracy and ratios, at the first thread count."""
    count = results.settings.threads[0]
    best = wording.headline(results)[0].name
    rows: list[tuple[str, ...]] = []
    marked = None
    for contestant in results.contestants:
        measured = results.measurement(contestant.name, count)
        if measured is None:
            continue
        if contestant.name == best:
            marked = len(rows)
        is_reference = contestant.name == results.reference
        rows.append(
            (
                contestant.name,
                wording.milliseconds(measured.latency.p50),
                "reference" if is_reference else wording.interval(measured.ratio),
                wording.megabytes(contestant.bytes / 1e6),
                "reference"
                if is_reference
                else wording.factor(results.times_smaller(contestant.name)),
                wording.megabytes(measured.memory_mb),
                *_accuracy_cells(contestant),
            )
        )
    columns = ["Model", "Latency", "Faster", "Size", "Smaller", "Memory"]
    columns += ["Balanced accuracy", "Melanoma recall", "Agreement"]
    return Table(f"At a glance, {wording.threads(count)}", columns, rows, marked)


def _accuracy_cells(contestant: Contestant) -> tuple[str, str, str]:
    accuracy = contestant.accuracy
    if accuracy is None:
        status = wording.accuracy_status(contestant)
        return status, status, wording.NONE
    exported, keras = accuracy.exported, accuracy.keras
    return (
        _beside_keras(
            exported.balanced_accuracy, None if keras is None else keras.balanced_accuracy
        ),
        _beside_keras(exported.melanoma_recall, None if keras is None else keras.melanoma_recall),
        wording.share(None if accuracy.agreement is None else accuracy.agreement.value),
    )


def _beside_keras(exported: float | None, keras: float | None) -> str:
    beside = "" if keras is None else f" (Keras {wording.share(keras)})"
    return wording.share(exported) + beside


def latencies(results: Results, count: int) -> Table:
    """Every latency figure of one thread count."""
    rows = []
    for measured in results.measurements:
        if measured.threads != count:
            continue
        latency = measured.latency
        height, width, _ = measured.image_shape
        rows.append(
            (
                measured.contestant,
                f"{height}{wording.TIMES}{width}",
                *map(wording.three_digits, (latency.p50, latency.p90, latency.p99, latency.min)),
                wording.three_digits(latency.iqr),
                f"{measured.rounds} ({measured.invocations})",
                wording.three_digits(measured.load_ms),
                wording.three_digits(measured.first_ms),
                wording.NONE if measured.partitions is None else str(measured.partitions),
                results.contestant(measured.contestant).runtime,
            )
        )
    columns = ["Model", "Pixels", "p50", "p90", "p99", "min", "IQR", "Rounds (invocations)"]
    columns += ["Load", "First", "Partitions", "Runtime"]
    return Table(f"Latency in milliseconds, {wording.threads(count)}", columns, rows)


def devices(results: Results) -> Table:
    """What phones measured of themselves, one row a timing."""
    names = {one.sha256: one.name for one in results.contestants}
    rows = []
    for device in results.devices:
        report = device.report
        for timing, latency in zip(report.timings, device.latencies, strict=True):
            rows.append(
                (
                    device.title,
                    names[report.model_sha256],
                    wording.threads(timing.threads),
                    *map(wording.three_digits, (latency.p50, latency.p90, latency.p99)),
                    wording.three_digits(timing.first_ms),
                    str(len(timing.samples_ms)),
                    wording.check(report.check),
                    report.runtime,
                )
            )
    columns = ["Device", "Model", "Threads", "p50", "p90", "p99", "First", "Inferences"]
    return Table("Phones, milliseconds in their browsers", [*columns, "Check", "Runtime"], rows)


def setting_rows(results: Results) -> list[tuple[str, str]]:
    """Host and settings."""
    host, settings = results.host, results.settings
    rows = [
        ("CPU", f"{host.cpu} ({host.machine}), {host.cores} cores"),
        ("Governor", host.governor or "not told by the system"),
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
            f"{settings.rounds}; slow models: as many as fit in {settings.slow_seconds:g} s",
        ),
        ("Seed", str(settings.seed)),
    ]
    return rows


METHOD = (
    "Batch 1, float pixels in, seven probabilities out. Every contestant runs in a process of its "
    "own. In each round all of them take a turn in a shuffled order; a turn is one untimed and up "
    "to ten timed invocations, inputs set beforehand. A ratio is the reference's turn over the "
    "contestant's turn in the same round: median over rounds, with a 95 % bootstrap interval. "
    "Memory is the peak with model and runtime, over an empty Python. Accuracy comes from the "
    "bundle: the Keras model and the exported file on the same held-out pictures. MB are 10^6 "
    "bytes."
)
