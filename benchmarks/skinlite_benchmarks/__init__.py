"""Prove: time bundles against the InceptionResNetV2 baseline and report it.

From Python: ``from skinlite_benchmarks import benchmark``; see `skinlite_benchmarks.api`.
"""

from typing import TYPE_CHECKING

from skinlite.process.lazy import lazily  # skinlite before any library: see its environment.py

if TYPE_CHECKING:
    from skinlite_benchmarks.api import benchmark
    from skinlite_benchmarks.settings import BenchmarkSettings

__all__ = ["BenchmarkSettings", "benchmark"]

__getattr__, __dir__ = lazily(
    __name__,
    {"benchmark": "skinlite_benchmarks.api", "BenchmarkSettings": "skinlite_benchmarks.settings"},
)
