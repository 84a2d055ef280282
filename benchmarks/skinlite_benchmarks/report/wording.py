"""Figures in words: how a number is written, and the summary sentence.

The HTML page, the Markdown report and the terminal all say it in these words.
"""

import math

from skinlite.classes import recall_name
from skinlite_benchmarks.report.view import View
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.device_records import DeviceCheck
from skinlite_benchmarks.results.records import Accuracy, Interval, Share
from skinlite_benchmarks.results.results import Contestant, Measurement, Results

NONE = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
SYNTHETIC = " (synthetic)"
"""Beside a figure that says nothing about real skin."""
LEAST_ERROR = 1e-5
"""Below it two float32 programs differ by the order of their sums."""


def milliseconds(value: float) -> str:
    """Three digits: ``3.52 ms``, ``298 ms``."""
    return f"{three_digits(value)} ms"


def megabytes(value: float | None) -> str:
    """From 10^6 bytes: ``3.90 MB``."""
    return NONE if value is None else f"{three_digits(value)} MB"


def factor(value: float | None) -> str:
    """``71`` times, or ``1.8`` times below ten, with the sign."""
    return NONE if value is None else f"{_factor(value)}{TIMES}"


def interval(ratio: Interval | None) -> str:
    """The ratio with its interval: ``71 [68, 74]``, with the sign."""
    if ratio is None:
        return NONE
    median, low, high = interval_digits(ratio)
    return f"{median}{TIMES} [{low}, {high}]"


def interval_digits(ratio: Interval) -> tuple[str, str, str]:
    """Median, low and high with as many digits as it takes to tell them apart."""
    wide = ratio.high - ratio.low >= 1
    median = ratio.median
    digits = _below_one(median) if median < 1 else 0 if wide and median >= 10 else 1
    return f"{ratio.median:.{digits}f}", f"{ratio.low:.{digits}f}", f"{ratio.high:.{digits}f}"


def _factor(value: float) -> str:
    digits = 0 if value >= 10 else 1 if value >= 1 else _below_one(value)
    return f"{value:.{digits}f}"


def _below_one(value: float) -> int:
    """Digits behind the point that show two of the value's own: 0.35, 0.0016."""
    return 1 - math.floor(math.log10(value)) if value > 0 else 2


def three_digits(value: float) -> str:
    """``0.352``, ``3.52``, ``35.2``, ``352``."""
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3}f}"


def percent(value: float) -> str:
    """Of a share (0-1): ``35%``; what would round to nothing is ``<1%``."""
    return "<1%" if 0 < value < 0.005 else f"{value:.0%}"


def share(value: float | None) -> str:
    """Two digits, or three where it matters: ``0.614``."""
    return NONE if value is None else f"{value:.3f}"


def agreement(accuracy: Accuracy, *, ends: bool = False) -> str:
    """With the float model, or with the baseline, which is then named."""
    found, name = accuracy.agreement, accuracy.agreement_with
    value = share_interval(found) if ends else share(None if found is None else found.value)
    return f"{value} (with {name})" if name else value


def recall_title(results: Results) -> str:
    """What the column of the critical class's recall is called; with the class, if it is one."""
    classes = {
        contestant.accuracy.exported.critical
        for contestant in results.contestants
        if contestant.accuracy
    }
    if len(classes) > 1:
        return "Critical recall"
    (critical,) = classes or {"mel"}
    name = recall_name(critical)
    return name[:1].upper() + name[1:]


def time_or_wrong(ms: float, wrong: tuple[int, int] | None) -> str:
    """Milliseconds; of a file that answers otherwise than its float model ``wrong on 37 of 300``.

    Args:
        ms: of one inference.
        wrong: see `Accuracy`.
    """
    return milliseconds(ms) if wrong is None else "wrong on {:,} of {:,}".format(*wrong)


def whose_recall(accuracy: Accuracy, results: Results) -> str:
    """Said beside a critical class's recall, where the column's title doesn't say it."""
    critical = accuracy.exported.critical
    return f" ({critical})" if critical and recall_title(results) == "Critical recall" else ""


def error(value: float | None) -> str:
    """A mean difference of a probability: ``0.0030``; ``<0.00001`` of what only rounds."""
    if value is None:
        return NONE
    return f"<{LEAST_ERROR:.5f}" if value < LEAST_ERROR else f"{value:.{_below_one(value)}f}"


def share_interval(value: Share | None) -> str:
    """``0.614 [0.580, 0.650]``."""
    return NONE if value is None else f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"


def judged_on(accuracy: Accuracy, synthetic: bool | None = False) -> str:
    """Which images judged: ``1,500 held-out``; of synthetic ones that is said too."""
    return _images(accuracy) + (SYNTHETIC if synthetic else "")


def _images(accuracy: Accuracy) -> str:
    if accuracy.pictures == "unknown":
        return f"{accuracy.exported.images:,} that may have trained it"
    kind = "held-out" if accuracy.pictures == "test" else "of a whole data set"
    return f"{accuracy.exported.images:,} {kind}" + leak(accuracy)


def leak(accuracy: Accuracy) -> str:
    """What is said beside a figure of a split that leaks, or may."""
    return " (may have trained it)" if accuracy.pictures == "unknown" else accuracy.leaks.mark


def summary(view: View) -> str:
    """The outcome in one sentence."""
    best, baseline = view.headline, view.baseline
    where = naming.threads(view.threads)
    if best.wrong:
        different, images = best.wrong
        first = (
            f"{best.name} predicts otherwise than its float model on {different:,} of {images:,} "
            "images, more than the gate allows, so its time isn't compared"
        )
    elif baseline and best.measured.ratio is not None and best.times_smaller is not None:
        speed = _compared(best.measured.ratio, "faster", "slower")
        size = _compared(best.times_smaller, "smaller", "larger")
        first = (
            f"{best.name} at {_pixels(best.measured)} is {speed} and {size} than {baseline.name} "
            f"at {_pixels(baseline.measured)}, {where}"
        )
    else:
        first = (
            f"{best.name} takes {milliseconds(best.measured.latency.p50)} (median), {where}, and "
            f"{megabytes(best.contestant.bytes / 1e6)}"
        )
    kind = view.results.host.kind
    return f"{first}; {_accuracy(best.contestant)}; measured on {kind}, not on a phone."


def theirs(view: View) -> list[str]:
    """A sentence on each file of somebody else's that isn't the headline."""
    where = naming.threads(view.threads)
    return [
        f"{row.name}, {row.contestant.file}, takes "
        f"{milliseconds(row.measured.latency.p50)} (median), {where}, and "
        f"{megabytes(row.contestant.bytes / 1e6)}; {_accuracy(row.contestant)}."
        for row in view.rows
        if row.contestant.theirs and row is not view.headline
    ]


def _pixels(measured: Measurement) -> str:
    """``224 px``; a part of a ratio is the number of pixels."""
    if not measured.image_shape:
        return "no image"
    height, width, _ = measured.image_shape
    return f"{height} px" if height == width else f"{height}x{width} px"


def _compared(value: Interval | float, more: str, less: str) -> str:
    if isinstance(value, float):
        return f"{_factor(max(value, 1 / value))} times {more if value >= 1 else less}"
    if value.median < 1:
        turned = Interval(median=1 / value.median, low=1 / value.high, high=1 / value.low)
        return _compared(turned, less, more)
    median, low, high = interval_digits(value)
    return f"{median} times {more} [{low}, {high}]"


def _accuracy(contestant: Contestant) -> str:
    if contestant.accuracy is None:
        return f"accuracy {accuracy_status(contestant)}"
    kind = "synthetic images" if contestant.synthetic else "images"
    exported, keras = contestant.accuracy.exported, contestant.accuracy.keras
    beside = "" if keras is None else f", Keras {keras.balanced_accuracy:.3f},"
    held_out = "held-out " if contestant.accuracy.pictures == "test" else ""
    known = contestant.accuracy.pictures != "unknown"
    told = leak(contestant.accuracy) if known else ": the evaluation set may have trained it"
    return (
        f"balanced accuracy {exported.balanced_accuracy:.3f}{beside} on {exported.images:,} "
        f"{held_out}{kind}{told}"
    )


def accuracy_status(contestant: Contestant) -> str:
    """Why there is no accuracy."""
    return "untrained" if contestant.trained is False else "not measured"


def check(result: DeviceCheck | None) -> str:
    """How the golden vectors went on a device."""
    if result is None:
        return "not run"
    return f"failed: {', '.join(result.failed)}" if result.failed else "passed"
