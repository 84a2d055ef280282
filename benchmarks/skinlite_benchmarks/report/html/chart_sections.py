"""The page's charts, each with its title and a sentence on how to read it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from markupsafe import Markup

from skinlite.data.splits.leaks import OLDER
from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.charts import bars, pareto
from skinlite_benchmarks.report.charts.curves import decision_chart, has_curve, roc_chart
from skinlite_benchmarks.report.charts.depth import depth_chart
from skinlite_benchmarks.report.charts.distributions import latency_chart, recall_chart
from skinlite_benchmarks.report.charts.errors import error_chart
from skinlite_benchmarks.report.charts.sweep_lines import sweep_chart
from skinlite_benchmarks.report.charts.waterfall import waterfall_chart
from skinlite_benchmarks.report.detail_tables import operators
from skinlite_benchmarks.report.factors import factors_of
from skinlite_benchmarks.report.factors import table as factor_table
from skinlite_benchmarks.report.tables import Table
from skinlite_benchmarks.report.view import View
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.results import Contestant

WIDE, HALF, NARROW = 980, 460, 320
"""Widths in pixels of a chart across the page, in one of two columns, and on a phone."""


@dataclass(frozen=True)
class Chart:
    """A card with a chart, drawn for a screen and for a phone; the style sheet shows one of them.

    Attributes:
        table: the same figures, to unfold below the chart.
    """

    title: str
    wide: Markup
    narrow: Markup
    note: str = ""
    table: Table | None = None


@dataclass(frozen=True)
class Group:
    """Charts that stand together: across the page, or two by two."""

    charts: Sequence[Chart]
    columns: bool


def chart_groups(view: View) -> list[Group]:
    """All charts that have something to show, in the page's order."""
    groups = [
        Group(product(view), columns=False),
        Group(tradeoff(view), columns=False),
        Group(errors(view), columns=False),
        Group([latencies(view, count) for count in view.fastest_first], columns=False),
        Group(speed_and_size(view), columns=True),
        Group(sweep(view), columns=False),
        Group(recalls(view), columns=True),
        Group(points(view), columns=True),
        Group(depths(view), columns=False),
        Group(limits(view), columns=False),
        Group(profiles(view), columns=True),
    ]
    return [group for group in groups if group.charts]


def _chart(
    title: str,
    draw: Callable[[int], Markup],
    width: int,
    note: str = "",
    table: Table | None = None,
) -> Chart:
    return Chart(title, draw(width), draw(NARROW), note, table)


def _bars(title: str, shown: list[bars.Bar], full: float | None = None) -> Callable[[int], Markup]:
    return lambda width: bars.bar_chart(shown, width, title, full)


def product(view: View) -> list[Chart]:
    """What the headline's ratio is made of; empty where that wasn't measured."""
    factors = factors_of(view)
    if not factors:
        return []
    title = f"What makes it faster, {naming.threads(view.threads)}"
    note = (
        "Logarithmic axis: each bar begins where the one before ended, and equal lengths are equal "
        "factors. All were measured in this race."
    )
    total = wording.interval(view.headline.measured.ratio)
    draw = partial(waterfall_chart, factors, total, title=title)
    return [_chart(title, draw, WIDE, note, factor_table(factors))]


def latencies(view: View, count: int) -> Chart:
    """Distributions with one number of threads."""
    return _chart(
        f"Latency of one image, {naming.threads(count)}",
        lambda width: latency_chart(view, count, width),
        WIDE,
        "Logarithmic axis; further left is faster. A dot is a round. The box is the middle half of "
        "all invocations, with their median as a line; the thin line goes from the minimum to p99.",
    )


def speed_and_size(view: View) -> list[Chart]:
    """Speed and size beside each other."""
    charts = []
    if speeds := bars.speed_bars(view):
        title = f"Times faster than the baseline, {naming.threads(view.threads)}"
        charts.append(_chart(title, _bars(title, speeds), HALF))
    charts.append(_chart("File size", _bars("File size", bars.size_bars(view)), HALF))
    return charts


def recalls(view: View) -> list[Chart]:
    """One chart a .tflite that was judged; the .onnx repeats Keras and stays in the table."""
    charts = []
    for contestant in view.results.contestants:
        accuracy = contestant.accuracy
        if accuracy is None or accuracy.keras is None or contestant.runtime != "litert":
            continue
        title = f"Recall by class: {contestant.name}"
        note = (
            "Share of each class that is predicted correctly; images: "
            f"{wording.judged_on(accuracy, contestant.synthetic)}. "
            "Ring: Keras. Dot: the exported file. n: images of the class."
        )
        charts.append(_chart(title, partial(recall_chart, accuracy, title=title), HALF, note))
    return charts


def points(view: View) -> list[Chart]:
    """ROC and decision curve of each .tflite that has operating points."""
    charts = []
    for contestant in view.results.contestants:
        shown = {name: one for name, one in contestant.points.items() if has_curve(one)}
        if not shown or contestant.runtime != "litert":
            continue
        images = _of_export(contestant)
        title = f"ROC with the operating points: {contestant.name}"
        note = (
            f"Sensitivity over 1 - specificity, {images}. "
            "Discs: the operating points, whose thresholds were chosen on validation images."
        )
        charts.append(_chart(title, partial(roc_chart, shown, title=title), HALF, note))
        title = f"Decision curve: {contestant.name}"
        note = (
            "Net benefit per image of acting from a threshold on (Vickers and Elkin, 2006); "
            f"dashed: of acting on every image, or on none; {images}. It takes scores for risks, "
            "and the test images' classes for those of patients, which they are not."
        )
        charts.append(_chart(title, partial(decision_chart, shown, title=title), HALF, note))
    return charts


def _of_export(contestant: Contestant) -> str:
    """On which images points were measured, whatever images judge here."""
    (scores,) = next(iter(contestant.points.values())).files.values()
    kind = "synthetic " if contestant.synthetic else ""
    leaks = contestant.points_leaks or OLDER
    count = scores.positives + scores.negatives
    return f"on the {count:,} held-out {kind}images of its export{leaks.mark}"


def tradeoff(view: View) -> list[Chart]:
    """Accuracy against latency; empty where fewer than two accuracies are known."""
    if len(view.pareto) < 2:
        return []
    title = f"Balanced accuracy against latency, {naming.threads(view.threads)}"
    unknown = len(view.results.contestants) - len(view.pareto)
    left_out = f" Not shown: {unknown} with unknown accuracy." if unknown else ""
    others = any(
        row.contestant.accuracy and row.contestant.accuracy.pictures == "unknown"
        for row in view.rows
    )
    trained = " Files of others may have been trained on these images." if others else ""
    note = (
        "Further left is faster, further up more accurate, a larger disc is a larger file. "
        "Vertical lines: 95 % intervals. Dashed line: the Pareto front; no other model is both "
        f"as fast and more accurate than those on it.{left_out}{trained}"
    )
    return [_chart(title, partial(pareto.pareto_chart, view.pareto, title=title), WIDE, note)]


def errors(view: View) -> list[Chart]:
    """Error over latency; empty where fewer than two errors are known."""
    if len(view.errors) < 2:
        return []
    title = f"Error over latency, {naming.threads(view.threads)}"
    unknown = len(view.results.contestants) - len(view.errors)
    left_out = f" Not shown: {unknown} with unknown error." if unknown else ""
    note = (
        "Further left is faster, further down is closer to the float model: the mean difference "
        "of a probability from its own, on the images that judge. Both axes are logarithmic. "
        "Dashed line: no other file is both as fast and closer than those on it. Ring: a file "
        f"that fails the gate on agreement.{left_out}"
    )
    return [_chart(title, partial(error_chart, view.errors, title=title), WIDE, note)]


def sweep(view: View) -> list[Chart]:
    """Latency over the size of the image; empty where nothing was swept."""
    if not view.sweep:
        return []
    title = f"Latency over the size of the image, {naming.threads(view.threads)}"
    note = "Medians in milliseconds, one line for each network and width multiplier."
    return [_chart(title, partial(sweep_chart, view, title=title), WIDE, note)]


def depths(view: View) -> list[Chart]:
    """Where int8 loses the signal; one chart a bundle whose export measured it."""
    note = (
        "Behind each layer, in the order they run: int8 against the float network on validation "
        "images, in dB. Where the line falls, int8 loses the signal. Rings: layers in float."
    )
    charts = []
    for contestant in view.results.contestants:
        if errors := contestant.error_by_depth:
            title = f"Signal to noise along the depth: {contestant.name}"
            onnx = contestant.error_by_depth_onnx or ()
            draw = partial(depth_chart, errors, title=title, onnx=onnx)
            told = f"{note} The second line is the int8 .onnx." if onnx else note
            charts.append(_chart(title, draw, WIDE, told))
    return charts


def limits(view: View) -> list[Chart]:
    """How near each contestant comes to the host's limit; empty where that isn't known."""
    if not view.limits:
        return []
    title = f"Share of this host's limit that is reached, {naming.threads(view.threads)}"
    note = (
        "Roofline: the limit is the larger of two times: the time for the multiply-accumulates at "
        "the speed of a large matrix product, and the time for moving weights and activations "
        "once. 100 % is the fastest that this machine can be."
    )
    return [_chart(title, _bars(title, bars.limit_bars(view), full=1.0), WIDE, note)]


def profiles(view: View) -> list[Chart]:
    """The most expensive operators of each contestant that was profiled."""
    charts = []
    for contestant in view.results.contestants:
        table = operators(contestant)
        if contestant.profile is None or table is None:
            continue
        shown = bars.profile_bars(contestant.profile, view.roles[contestant.name])
        note = f"One inference, one thread: time, share, executions. {contestant.profile.tool}"
        charts.append(_chart(table.title, _bars(table.title, shown), HALF, note, table))
    return charts
