"""The report's tables after the overview: accuracy, paper, sweep, latency, limits, phones.

HTML and Markdown draw the same ones.
"""

from skinlite_benchmarks.report import accuracy_tables, wording
from skinlite_benchmarks.report.tables import Table
from skinlite_benchmarks.report.view import View
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.results import Contestant, Results


def details(view: View) -> list[Table]:
    """Every table after the overview that has something to say, in the report's order."""
    results = view.results
    tables = [
        accuracy_tables.accuracies(results),
        accuracy_tables.paper(results),
        sweep(view),
        *(latencies(results, count) for count in results.settings.threads),
        limits(view),
        devices(results),
    ]
    return [table for table in tables if table is not None]


def limits(view: View) -> Table | None:
    """What one inference costs, and how near it comes to what this host can do."""
    rows = []
    for row in view.rows:
        cost, limit = row.contestant.cost, row.measured.limit
        if cost is None:
            continue
        rows.append(
            (
                row.name,
                f"{cost.macs / 1e6:,.0f} M",
                f"{cost.integer_macs / cost.macs:.0%}" if cost.macs else wording.NONE,
                f"{cost.parameters / 1e6:.2f} M",
                wording.megabytes(cost.weight_bytes / 1e6),
                wording.megabytes(cost.activation_bytes / 1e6),
                wording.milliseconds(row.measured.latency.p50),
                wording.NONE
                if limit is None
                else f"{wording.milliseconds(limit.ms)} ({limit.bound})",
                wording.NONE if limit is None else f"{limit.share:.0%}",
            )
        )
    columns = ["Model", "MACs", "in int8", "Parameters", "Weights", "Activations", "Latency"]
    columns += ["Hardware limit", "Share of limit"]
    title = f"Cost and hardware limit, {naming.threads(view.threads)}"
    return Table(title, columns, rows) if rows else None


def operators(contestant: Contestant) -> Table | None:
    """The most expensive operators of one contestant."""
    if contestant.profile is None or not contestant.profile.operators:
        return None
    rows = [
        (
            timed.operator,
            str(timed.count),
            wording.three_digits(timed.ms),
            wording.percent(timed.share),
        )
        for timed in contestant.profile.operators
    ]
    title = f"Most expensive operators: {contestant.name}"
    return Table(title, ["Operator", "Count", "Milliseconds", "Share"], rows)


def sweep(view: View) -> Table | None:
    """Every point of a sweep."""
    rows = []
    for point, row in view.sweep:
        accuracy = row.contestant.accuracy
        rows.append(
            (
                row.name,
                f"{point.image_size} px",
                f"{point.width:g}",
                wording.milliseconds(row.measured.latency.p50),
                wording.megabytes(row.contestant.bytes / 1e6),
                wording.accuracy_status(row.contestant)
                if accuracy is None
                else wording.share_interval(accuracy.balanced_accuracy) + wording.leak(accuracy),
                {None: wording.NONE, True: "yes", False: "no"}[point.pareto],
            )
        )
    columns = ["Model", "Image", "Width", "Latency", "Size", "Balanced accuracy", "Pareto front"]
    title = f"Sweep, {naming.threads(view.threads)}"
    return Table(title, columns, rows) if rows else None


def latencies(results: Results, count: int) -> Table:
    """Every latency figure of one thread count."""
    rows = []
    for measured in results.measurements:
        if measured.threads != count:
            continue
        latency = measured.latency
        pixels = wording.TIMES.join(map(str, measured.image_shape[:2]))
        rows.append(
            (
                measured.contestant,
                pixels or wording.NONE,
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
    return Table(f"Latency in milliseconds, {naming.threads(count)}", columns, rows)


def devices(results: Results) -> Table | None:
    """What phones measured of themselves, one row a timing; None where none did."""
    names = {contestant.sha256: contestant.name for contestant in results.contestants}
    rows = []
    for device in results.devices:
        report = device.report
        for timing, latency in zip(report.timings, device.latencies, strict=True):
            rows.append(
                (
                    device.title,
                    names[report.model_sha256],
                    naming.threads(timing.threads),
                    *map(wording.three_digits, (latency.p50, latency.p90, latency.p99)),
                    wording.three_digits(timing.first_ms),
                    str(len(timing.samples_ms)),
                    wording.check(report.check),
                    report.runtime,
                )
            )
    columns = ["Device", "Model", "Threads", "p50", "p90", "p99", "First", "Inferences"]
    title = "Latency on phones, milliseconds in the browser"
    return Table(title, [*columns, "Check", "Runtime"], rows) if rows else None
