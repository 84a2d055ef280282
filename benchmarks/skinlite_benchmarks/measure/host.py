"""Describe the machine: what a latency means nothing without."""

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skinlite import __version__
from skinlite.process.machine import processor
from skinlite.process.optional_packages import installed_version
from skinlite_benchmarks.results.records import Peak
from skinlite_benchmarks.results.results import Host

PACKAGES = ("ai-edge-litert", "onnxruntime", "numpy")
PEERS = ("openvino", "nncf", "litert-quantizer", "MNN", "ncnn", "pnnx")
"""Named where they are installed."""


@dataclass(frozen=True)
class Load:
    """How busy the machine is; see `Host`. None where the system doesn't tell."""

    average: float | None
    busy: float | None


def current_load(seconds: float = 0.5) -> Load:
    """Watch the machine for a moment; nothing of ours should run meanwhile."""
    average = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    before = _busy_and_all()
    time.sleep(seconds)
    after = _busy_and_all()
    if before is None or after is None or after[1] == before[1]:
        return Load(average, None)
    return Load(average, (after[0] - before[0]) / (after[1] - before[1]))


def _busy_and_all() -> tuple[int, int] | None:
    """Ticks that all cores were busy, and ticks in all, since the machine started."""
    try:
        ticks = [int(part) for part in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    except OSError:
        return None
    idle = ticks[3] + ticks[4]  # idle and iowait
    return sum(ticks) - idle, sum(ticks)


def describe(start: Load, end: Load, roofs: Sequence[Peak] = ()) -> Host:
    """The machine, with its load around the measurement, and its limits."""
    return Host(
        cpu=processor(),
        machine=platform.machine(),
        cores=cores(),
        governor=_first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        system=f"{platform.system()} {platform.release()}",
        load=_pair(start.average, end.average),
        busy=_pair(start.busy, end.busy),
        versions={
            "skinlite": __version__,
            "python": platform.python_version(),
            **{name: installed_version(name) or "not installed" for name in PACKAGES},
            **{name: found for name in PEERS if (found := installed_version(name))},
        },
        roofs=tuple(roofs),
    )


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _first_line(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def _pair(start: float | None, end: float | None) -> tuple[float, float] | None:
    return None if start is None or end is None else (round(start, 2), round(end, 2))
