"""Prove: time bundles against the InceptionResNetV2 baseline and report it.

From Python: ``from skinlite_benchmarks import benchmark``; see `skinlite_benchmarks.api`.
"""

from typing import TYPE_CHECKING, Any

import skinlite  # noqa: F401  before any library: see skinlite.process.environment

if TYPE_CHECKING:
    from skinlite_benchmarks.api import benchmark
    from skinlite_benchmarks.settings import BenchmarkSettings

__all__ = ["BenchmarkSettings", "benchmark"]


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: importing the package stays cheap."""
    if name == "benchmark":
        from skinlite_benchmarks.api import benchmark

        return benchmark
    if name == "BenchmarkSettings":
        from skinlite_benchmarks.settings import BenchmarkSettings

        return BenchmarkSettings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
