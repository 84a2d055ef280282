"""The report's tables after the overview: accuracy, paper, sweep, latency, limits, phones.

HTML and Markdown draw the same ones.
"""

from skinlite_benchmarks.report import accuracy_tables as answer_tables
from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.tables import Table
from skinlite_benchmarks.results.results import Contestant, Results


def details(results: Results) -> list[Table]:
    """Every table after the overview that has something to say, in the report's order."""
    counts = results.settings.threads
    found = [
        answer_tables.accuracies(results),
        answer_tables.paper(results),
        sweep(results),
        *(latencies(results, count) for count in counts),
        limits(results, counts[0]),
        devices(results),
    ]
    return [table for table in found if table is not None]


def limits(results: Results, count: int) -> Table | None:
    """What one inference costs, and how near it comes to what this host can do."""
    rows = []
    for one in results.contestants:
        measured = results.measurement(one.name, count)
        if measured is None or one.cost is None:
            continue
        cost, limit = one.cost, measured.limit
        rows.append(
            (
                one.name,
                f"{cost.macs / 1e6:,.0f} M",
                f"{cost.integer_macs / cost.macs:.0%}" if cost.macs else wording.NONE,
                f"{cost.parameters / 1e6:.2f} M",
                wording.megabytes(cost.weight_bytes / 1e6),
                wording.megabytes(cost.activation_bytes / 1e6),
                wording.milliseconds(measured.latency.p50),
                wording.NONE
                if limit is None
                else f"{wording.milliseconds(limit.ms)} ({limit.bound})",
                wording.NONE if limit is None else f"{limit.share:.0%}",
            )
        )
    columns = ["Model", "MACs", "in int8", "Parameters", "Weights", "Activations", "Latency"]
    columns += ["Limit", "Reached"]
    title = f"How far from the limit, {wording.threads(count)}"
    return Table(title, columns, rows) if rows else None


def operators(contestant: Contestant) -> Table | None:
    """The most expensive operators of one contestant."""
    if contestant.profile is None or not contestant.profile.operators:
        return None
    rows = [
        (one.operator, str(one.count), wording.three_digits(one.ms), wording.percent(one.share))
        for one in contestant.profile.operators
    ]
    title = f"Most expensive operators: {contestant.name}"
    return Table(title, ["Operator", "Count", "Milliseconds", "Share"], rows)


def sweep(results: Results) -> Table | None:
    """Every point of a sweep."""
    count = results.settings.threads[0]
    rows = []
    for point in results.sweep:
        one, measured = (
            results.contestant(point.contestant),
            results.measurement(point.contestant, count),
        )
        if measured is None:
            continue
        accuracy = one.accuracy
        beaten = {None: wording.NONE, True: "no", False: "yes"}[point.pareto]
        rows.append(
            (
                point.contestant,
                f"{point.image_size} px",
                f"{point.width:g}",
                wording.milliseconds(measured.latency.p50),
                wording.megabytes(one.bytes / 1e6),
                wording.accuracy_status(one)
                if accuracy is None
                else wording.share_interval(accuracy.balanced_accuracy) + wording.leak(accuracy),
                beaten,
            )
        )
    columns = ["Model", "Image", "Width", "Latency", "Size", "Balanced accuracy", "Beaten"]
    title = f"Sweep, {wording.threads(count)}"
    return Table(title, columns, rows) if rows else None


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


def devices(results: Results) -> Table | None:
    """What phones measured of themselves, one row a timing; None where none did."""
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
    title = "Phones, milliseconds in their browsers"
    return Table(title, [*columns, "Check", "Runtime"], rows) if rows else None
