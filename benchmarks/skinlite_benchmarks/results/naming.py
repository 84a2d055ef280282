"""What a number of threads and a network are called, everywhere: results, reports, progress."""

from skinlite.models.backbones import BACKBONES

_COUNTS = {1: "one thread", 2: "two threads", 4: "four threads"}


def threads(count: int) -> str:
    """``one thread``, ``8 threads``."""
    return _COUNTS.get(count, f"{count} threads")


def network(backbone: str, width: float = 1) -> str:
    """``MobileNetV3Large``, or ``MobileNetV3Large x 0.75`` where the width isn't the usual one."""
    title = BACKBONES[backbone].title if backbone in BACKBONES else backbone
    return title if width == 1 else f"{title} x {width:g}"
