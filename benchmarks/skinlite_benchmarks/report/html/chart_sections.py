"""The page's charts, each with its title and a sentence on how to read it."""

from html import escape

from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts import bars, pareto
from skinlite_benchmarks.report.charts import distributions as charts
from skinlite_benchmarks.report.charts import sweep_lines as sizes
from skinlite_benchmarks.report.detail_tables import operators
from skinlite_benchmarks.report.html.parts import HALF, WIDE, both, columns, grid, section
from skinlite_benchmarks.results.results import Results


def latencies(results: Results, count: int) -> str:
    """Distributions with one number of threads."""
    return section(
        f"<h2>Latency of one image, {wording.threads(count)}</h2>"
        '<p class="note">Logarithmic axis, further left is faster. Dots are rounds, the box is '
        "the middle half of all invocations, the line their median; the thin line runs from the "
        "minimum to p99.</p>"
        + both(lambda width: charts.latency_chart(results, count, width), WIDE)
    )


def speed_and_size(results: Results) -> str:
    """Speed and size beside each other."""
    count = results.settings.threads[0]
    parts = []
    if speeds := bars.speed_bars(results, count):
        title = f"Times faster than the reference, {wording.threads(count)}"
        drawn = both(lambda width: bars.bar_chart(speeds, width, title), HALF)
        parts.append(section(f"<h2>{title}</h2>{drawn}"))
    files = bars.size_bars(results)
    drawn = both(lambda width: bars.bar_chart(files, width, "File size"), HALF)
    parts.append(section(f"<h2>File size</h2>{drawn}"))
    return columns(parts)


def recalls(results: Results) -> str:
    """One chart a .tflite that was judged; the .onnx repeats Keras and stays in the table."""
    parts = []
    for one in results.contestants:
        if one.accuracy is not None and one.accuracy.keras and one.runtime == "litert":
            accuracy, title = one.accuracy, f"Recall by class: {one.name}"
            kind = "synthetic " if one.synthetic else ""
            note = (
                f"Share of each class that is found, {accuracy.exported.images:,} held-out {kind}"
                f"images{wording.leak(accuracy)}. Ring: Keras. Dot: the exported "
                "file. n: images of the class."
            )

            def draw(width: int, accuracy: charts.Accuracy = accuracy, title: str = title) -> str:
                return charts.recall_chart(accuracy, width, title)

            parts.append(
                section(f'<h2>{escape(title)}</h2><p class="note">{note}</p>{both(draw, HALF)}')
            )
    return columns(parts)


def tradeoff(results: Results) -> str:
    """Accuracy against latency; empty where fewer than two accuracies are known."""
    count = results.settings.threads[0]
    points = pareto.pareto_points(results, count)
    if len(points) < 2:
        return ""
    title = f"Balanced accuracy against latency, {wording.threads(count)}"
    unknown = len(results.contestants) - len(points)
    left_out = f" Not shown: {unknown} of unknown accuracy." if unknown else ""
    return section(
        f'<h2>{title}</h2><p class="note">Further left is faster, further up more accurate, a '
        "larger disc is a larger file. Upright lines: 95 % intervals. Nothing beats "
        f"the models on the broken line.{left_out}</p>"
        + both(lambda width: pareto.pareto_chart(points, width, title), WIDE)
    )


def sweep(results: Results) -> str:
    """Latency over the size of the image; empty where nothing was swept."""
    count = results.settings.threads[0]
    if not any(results.measurement(one.contestant, count) for one in results.sweep):
        return ""
    title = f"Latency over the size of the image, {wording.threads(count)}"
    return section(
        f'<h2>{title}</h2><p class="note">Medians in milliseconds, one line for each network and '
        "width multiplier.</p>"
        + both(lambda width: sizes.sweep_chart(results, count, width, title), WIDE)
    )


def limits(results: Results) -> str:
    """How near each contestant comes to the host's limit; empty where that isn't known."""
    count = results.settings.threads[0]
    reached = bars.limit_bars(results, count)
    if not reached:
        return ""
    title = f"Share of this host's limit that is reached, {wording.threads(count)}"
    return section(
        f'<h2>{title}</h2><p class="note">The limit is the larger of two times: that of the '
        "multiply-accumulates at the speed of a large matrix product, and that of moving weights "
        "and activations once. 100 % is as fast as this host can.</p>"
        + both(lambda width: bars.bar_chart(reached, width, title, full=1.0), WIDE)
    )


def profiles(results: Results) -> str:
    """The most expensive operators of each contestant that was profiled."""
    parts = []
    for one in results.contestants:
        table = operators(one)
        if one.profile is None or table is None:
            continue
        shown = bars.profile_bars(one.profile, charts.role(results, one.name))
        title = f"Most expensive operators: {one.name}"

        def draw(width: int, shown: list[bars.Bar] = shown, title: str = title) -> str:
            return bars.bar_chart(shown, width, title)

        note = f"One inference, one thread: time, share, executions. {one.profile.tool}"
        parts.append(
            section(
                f'<h2>{escape(title)}</h2><p class="note">{escape(note)}</p>{both(draw, HALF)}'
                f"<details><summary>As a table</summary>{grid(table)}</details>"
            )
        )
    return columns(parts)
