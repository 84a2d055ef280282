"""`BenchmarkSettings`: how to measure."""

from dataclasses import dataclass

from skinlite.errors import InputError
from skinlite_benchmarks.candidates.find import RUNTIMES
from skinlite_export.runtime.runner import RUNNERS


@dataclass(frozen=True)
class BenchmarkSettings:
    """How to measure; stored in the results, except ``details``.

    Attributes:
        threads: thread counts, measured one after the other; each 1 or more, and given once.
        rounds: turns of each fast contestant, 1 or more; see
            `skinlite_benchmarks.measure.interleave`.
        slow_seconds: seconds for each slow contestant, for each thread count; above 0.
        runtimes: that model files run on, names of `skinlite_export.runtime.runner.RUNNERS`.
        seed: of the order, the images and the bootstrap of ratios; 0 or more.
        details: measure cost, hardware limits and operator profiles too.
        command: the command line, for the record; empty where there is none.

    Raises:
        InputError: a value outside of its range; the message names the field.
    """

    threads: tuple[int, ...] = (1, 2)
    rounds: int = 100
    slow_seconds: float = 30.0
    runtimes: tuple[str, ...] = RUNTIMES
    seed: int = 0
    details: bool = True
    command: str = ""

    def __post_init__(self) -> None:
        if not self.threads or min(self.threads) < 1 or len({*self.threads}) < len(self.threads):
            raise InputError(
                f"threads {self.threads}: give each count once; it has to be 1 or more."
            )
        if self.rounds < 1:
            raise InputError(f"rounds {self.rounds}: has to be 1 or more.")
        if self.seed < 0:
            raise InputError(f"seed {self.seed}: has to be 0 or more.")
        if not self.slow_seconds > 0:
            raise InputError(f"slow_seconds {self.slow_seconds:g}: has to be above 0.")
        offered = [name for name, runner in RUNNERS.items() if runner.suffixes]
        if not self.runtimes or not {*self.runtimes} <= {*offered}:
            raise InputError(f"runtimes {self.runtimes}: choose from {', '.join(offered)}.")
