"""Whether a conversion will fit into memory, said before it starts."""

from pathlib import Path
from typing import TYPE_CHECKING

from skinlite.errors import InputError

if TYPE_CHECKING:
    import keras

GIB = 2**30

MEMINFO, CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")

BASE = 1.5 * GIB
"""TensorFlow, the twin, some images: 1.3 GiB at the peak for MobileNetV3Large, at 112 px and 224
px alike, and 0.7 before the conversion."""

COPIES = 54
"""Of the weights in float32 at the worst moment: Keras, twin, frozen graph, SavedModel, what the
converter makes of them, and the moments that kernels are rounded by. InceptionResNetV2 (52 M
parameters, 299 px) peaks at 11.8 GiB in int8."""


def check_memory(model: "keras.Model") -> None:
    """Refuse a conversion that needs more memory than there is.

    Raises:
        InputError: how much is needed, how much there is, and what to do.
    """
    needed, free = forecast(model), available()
    if free is not None and needed > free:
        raise InputError(
            f"Converting {model.name} ({model.count_params() / 1e6:.0f} M parameters) needs about "
            f"{needed / GIB:.1f} GB of memory, and {free / GIB:.1f} GB are free. Close other "
            "programs, raise the container's memory limit, or export on a larger machine."
        )


def forecast(model: "keras.Model") -> float:
    """Bytes at the peak of an int8 conversion, roughly."""
    return BASE + COPIES * 4 * float(model.count_params())


def available(meminfo: Path = MEMINFO, group: Path = CGROUP) -> float | None:
    """Bytes that a process may still take; None where the system doesn't say (not Linux).

    Args:
        meminfo: the kernel's table.
        group: of cgroup v2, where a container has its limit.
    """
    if not meminfo.is_file():
        return None
    rows = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    free = 1024 * int(rows["MemAvailable"].split()[0])
    limit, used = group / "memory.max", group / "memory.current"
    if limit.is_file() and limit.read_text().strip() != "max":
        # Pages of files count as used there, and go when they have to.
        pages = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        held = int(used.read_text()) - int(pages["inactive_file"])
        free = min(free, int(limit.read_text()) - held)
    return float(free)
