"""What ``benchmark_model`` printed, read: `Timing`. Its builds print three formats.

All end with a line of averages in microseconds; the older ones say less:

* ``Average inference timings in us: 137722 , Warmup: 146161,`` (first builds)
* ``Average inference timings in us: Warmup: 146161, Init: 4452, no stats: 137722``
* ``Inference timings in us: Init: 4452, First inference: 146161, Warmup (avg): ...``, followed by
  ``Peak memory footprint (MB)`` or, later, ``Memory footprint delta from the start of the tool
  (MB)``; what each delegate took stands before, and in newer builds there are percentiles.

Source: TensorFlow's tensorflow/lite/tools/benchmark, benchmark_model.cc and
benchmark_tflite_model.cc.
What a build doesn't print is None, never 0.
"""

import re

from pydantic import BaseModel, ConfigDict

ENDS = re.compile(r"(?:Average inference|Inference) timings in us:(.*)")

UNUSED = (
    re.compile(r"Though (.+?) delegate is explicitly applied, the model graph will not be"),
    re.compile(r"Failed to apply (.+?) delegate"),
    re.compile(r"Could not create (.+?) delegate"),
    re.compile(r"\b(\S+) acceleration is unsupported on this platform"),
)
"""Lines that say that a delegate, which they name, computes nothing."""


class Timing(BaseModel):
    """One run of ``benchmark_model``; milliseconds, and MB of 10^6 bytes. None: not in the log.

    Attributes:
        load_ms: until the interpreter is ready.
        first_ms: the first invocation.
        memory_mb: what the tool grew by, about.
        partitions: pieces of the graph that delegates compute; 0 where the log says none does.
        p50, p5, p95, std: statistics of the invocations.
        warnings: that a delegate isn't used, or a flag not known.
    """

    model_config = ConfigDict(frozen=True)

    threads: int
    invocations: int
    load_ms: float | None
    first_ms: float | None
    mean: float
    std: float | None
    min: float
    max: float
    p5: float | None
    p50: float | None
    p95: float | None
    memory_mb: float | None
    partitions: int | None
    warnings: tuple[str, ...] = ()


def parse(log: str, threads: int) -> Timing | None:
    """What ``benchmark_model`` printed; None where it didn't come to the end.

    Its last ``count=`` line is the benchmark, the one before the warm-up: ``count=50 first=900416
    curr=898333 min=898007 max=906121 avg=899641 std=1549 p5=... median=... p95=...``. A single
    invocation has ``count=1 curr=146161`` and no statistics.
    """
    end = ENDS.search(log)
    runs = [
        {key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+(?:e[+-]?\d+)?)", line)}
        for line in re.findall(r"\bcount=\d+ .*", log)
    ]
    if end is None or not runs or "curr" not in runs[-1]:
        return None

    def milliseconds(microseconds: float | None) -> float | None:
        return None if microseconds is None else microseconds / 1e3

    statistics = runs[-1]
    current = statistics["curr"]
    first = _number(r"First inference: ", end[1])
    if first is None and len(runs) > 1:  # what newer builds call the first inference
        first = runs[0].get("first", runs[0].get("curr"))
    load = _number(r"\bInit: ", end[1])
    memory = _number(r"emory footprint.*\(MB\).*\boverall=", log)
    return Timing(
        threads=threads,
        invocations=round(statistics["count"]),
        load_ms=_number(r"Initialized session in ", log) if load is None else load / 1e3,
        first_ms=milliseconds(first),
        mean=statistics.get("avg", current) / 1e3,
        std=milliseconds(statistics.get("std")),
        min=statistics.get("min", current) / 1e3,
        max=statistics.get("max", current) / 1e3,
        p5=milliseconds(statistics.get("p5")),
        p50=milliseconds(statistics.get("median")),
        p95=milliseconds(statistics.get("p95")),
        # The tool counts 2^20 bytes to the MB, and gives 0 where the system tells it nothing.
        memory_mb=memory * 1.048576 if memory else None,
        partitions=_partitions(log),
        warnings=tuple(_warnings(log)),
    )


def _number(label: str, text: str) -> float | None:
    match = re.search(rf"{label}([\d.]+(?:e[+-]?\d+)?)", text)
    return float(match[1]) if match else None


def _partitions(log: str) -> int | None:
    """Pieces that delegates took, summed over the delegates."""
    taken = re.findall(r"(completely|partially) executed by the delegate(?: w/ (\d+))?", log)
    if taken:
        return sum(int(count or 1) for _, count in taken)
    if any(pattern.search(log) for pattern in UNUSED):
        return 0
    # "yielding 3 partitions" counts what stays on the CPU too; only 1 can't be but the delegate's.
    whole = re.search(r"Replacing (\d+) out of \1 node.*yielding 1 partitions", log)
    return 1 if whole else None


def _warnings(log: str) -> list[str]:
    names = dict.fromkeys(
        name.strip() for pattern in UNUSED for name in pattern.findall(log) if name.strip()
    )
    warnings = [
        f"the {name} delegate is not used, according to benchmark_model: the figures are not "
        f"those of the delegate"
        for name in names
    ]
    ignored = re.search(r"Unconsumed cmdline flags: (.*\S)", log)
    if ignored:
        warnings.append(f"this build of benchmark_model ignores {ignored[1]}")
    return warnings
