"""What a number of threads and a network are called, everywhere: results, reports, progress."""

from skinlite.models.backbones import BACKBONES

_COUNTS = {1: "one thread", 2: "two threads", 4: "four threads"}


def threads(count: int) -> str:
    """``one thread``, ``8 threads``."""
    return _COUNTS.get(count, f"{count} threads")


def network(backbone: str, width: float = 1, slim: float | None = None) -> str:
    """``MobileNetV3Large``; ``MobileNetV3Large x 0.75`` where the width isn't the usual one;
    ``MobileNetV3Large slim 0.5`` where that share of the cycles was to be left of it.
    """
    title = BACKBONES[backbone].title if backbone in BACKBONES else backbone
    title += "" if width == 1 else f" x {width:g}"
    return title if slim is None else f"{title} slim {slim:g}"
