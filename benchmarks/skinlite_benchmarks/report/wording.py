"""Figures in words: how a number or a network is written, and the summary sentence.

The HTML page, the Markdown report and the terminal all say it in these words.
"""

from skinlite.models.backbones import BACKBONES
from skinlite_benchmarks.results.device_records import DeviceCheck
from skinlite_benchmarks.results.records import Accuracy, Interval, Share
from skinlite_benchmarks.results.results import Contestant, Measurement, Results

NONE = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
_COUNTS = {1: "one thread", 2: "two threads", 4: "four threads"}


def threads(count: int) -> str:
    """``one thread``, ``8 threads``."""
    return _COUNTS.get(count, f"{count} threads")


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
    digits = 2 if ratio.median < 1 else 0 if wide and ratio.median >= 10 else 1
    return f"{ratio.median:.{digits}f}", f"{ratio.low:.{digits}f}", f"{ratio.high:.{digits}f}"


def _factor(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def three_digits(value: float) -> str:
    """``0.352``, ``3.52``, ``35.2``, ``352``."""
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3}f}"


def percent(value: float) -> str:
    """Of a share (0-1): ``35%``; what would round to nothing is ``<1%``."""
    return "<1%" if 0 < value < 0.005 else f"{value:.0%}"


def network(backbone: str, width: float = 1) -> str:
    """``MobileNetV3Large``, or ``MobileNetV3Large x 0.75`` where the width isn't the usual one."""
    title = BACKBONES[backbone].title if backbone in BACKBONES else backbone
    return title if width == 1 else f"{title} x {width:g}"


def share(value: float | None) -> str:
    """Two digits, or three where it matters: ``0.614``."""
    return NONE if value is None else f"{value:.3f}"


def share_interval(value: Share | None) -> str:
    """``0.614 [0.580, 0.650]``."""
    return NONE if value is None else f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"


def pictures(accuracy: Accuracy) -> str:
    """Which images judged: ``1,500 held-out``."""
    kind = "held-out" if accuracy.pictures == "test" else "of a whole set"
    return f"{accuracy.exported.images:,} {kind}" + leak(accuracy)


def leak(accuracy: Accuracy) -> str:
    """What is said beside a figure of a split that leaks, or may."""
    return accuracy.leaks.mark


def headline(results: Results) -> tuple[Contestant, Measurement]:
    """The contestant that the summary is about, at the first thread count.

    The fastest .tflite, since that is what ships; the fastest of all where there is none.
    """
    count = results.settings.threads[0]
    measured = [m for m in results.measurements if m.threads == count]
    others = [m for m in measured if m.contestant != results.reference] or measured
    ships = [m for m in others if results.contestant(m.contestant).runtime == "litert"]
    best = min(ships or others, key=lambda m: m.latency.p50)
    return results.contestant(best.contestant), best


def summary(results: Results) -> str:
    """The outcome in one sentence."""
    contestant, best = headline(results)
    where = threads(best.threads)
    smaller = results.times_smaller(contestant.name)
    if best.ratio is not None and smaller is not None:
        baseline = next(
            m
            for m in results.measurements
            if m.contestant == results.reference and m.threads == best.threads
        )
        first = (
            f"{contestant.name} at {_pixels(best)} is {_compared(best.ratio, 'faster', 'slower')} "
            f"and {_compared(smaller, 'smaller', 'larger')} than {results.reference} at "
            f"{_pixels(baseline)}, {where}"
        )
    else:
        first = (
            f"{contestant.name} takes {milliseconds(best.latency.p50)} (median), {where}, and "
            f"{megabytes(contestant.bytes / 1e6)}"
        )
    return f"{first}; {_accuracy(contestant)}; measured on {results.host.kind}, not on a phone."


def _pixels(measured: Measurement) -> str:
    """``224 px``; a part of a ratio is the number of pixels."""
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
    kind = "synthetic images" if contestant.synthetic else "pictures"
    exported, keras = contestant.accuracy.exported, contestant.accuracy.keras
    beside = "" if keras is None else f", Keras {keras.balanced_accuracy:.3f},"
    held_out = "held-out " if contestant.accuracy.pictures == "test" else ""
    return (
        f"balanced accuracy {exported.balanced_accuracy:.3f}{beside} on {exported.images:,} "
        f"{held_out}{kind}{leak(contestant.accuracy)}"
    )


def accuracy_status(contestant: Contestant) -> str:
    """Why there is no accuracy."""
    return "untrained" if contestant.trained is False else "not measured"


def check(found: DeviceCheck | None) -> str:
    """How the golden vectors went on a device."""
    if found is None:
        return "not run"
    return f"failed: {', '.join(found.failed)}" if found.failed else "passed"
