"""`measure_on_phone`: a model on an Android phone, timed by the user's own ``benchmark_model``.

``benchmark_model`` is TensorFlow Lite's command-line benchmark, built for the phone; it isn't part
of skinlite. What it prints is read here, and nothing is added to it: its percentiles are 5, 50 and
95 where it is new enough to give them. Ratios to a reference measured elsewhere make no sense.
"""

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from skinlite.errors import InputError
from skinlite.files import sha256_of
from skinlite_benchmarks.adb import Phone

Report = Callable[[str, int, int], None]


class Timing(BaseModel):
    """One run of ``benchmark_model``; milliseconds, and MB of 10^6 bytes.

    Attributes:
        load_ms: until the interpreter is ready.
        first_ms: the first invocation.
        memory_mb: what the tool grew by, about; None where it doesn't say.
        partitions: delegate partitions; None where it doesn't say.
        p50, p5, p95: None where the tool is too old to give them.
    """

    model_config = ConfigDict(frozen=True)

    threads: int
    invocations: int
    load_ms: float
    first_ms: float
    mean: float
    std: float
    min: float
    max: float
    p5: float | None
    p50: float | None
    p95: float | None
    memory_mb: float | None
    partitions: int | None


class AndroidReport(BaseModel):
    """A model on a phone.

    Attributes:
        device: maker and model.
        processor: as Android names it.
        bytes: of the model.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    device: str
    processor: str
    android: str
    abi: str
    model: str
    bytes: int
    sha256: str
    timings: tuple[Timing, ...]


PROPERTIES = {
    "maker": "ro.product.manufacturer",
    "model": "ro.product.model",
    "processor": "ro.soc.model",
    "board": "ro.board.platform",
    "android": "ro.build.version.release",
    "abi": "ro.product.cpu.abi",
}


def measure_on_phone(
    phone: Phone,
    model: Path,
    benchmark_model: Path,
    *,
    threads: Sequence[int] = (1, 2),
    runs: int = 100,
    report: Report = lambda what, done, total: None,
) -> AndroidReport:
    """Push, run, read, clean up.

    Args:
        phone: from `skinlite_benchmarks.adb.connect`.
        model: a .tflite.
        benchmark_model: the binary for this phone.
        threads: one run each.
        runs: timed invocations, at least; the tool goes on for at least a second.

    Raises:
        InputError: a file is missing, the binary doesn't run there, or the phone went away.
    """
    for path in (model, benchmark_model):
        if not path.is_file():
            raise InputError(f"There is no {path}.")
    steps = 2 + len(threads)
    with phone.folder() as folder:
        report("adb: pushing the model", 0, steps)
        phone.push(model, f"{folder}/model.tflite")
        phone.push(benchmark_model, f"{folder}/benchmark_model")
        phone.shell(f"chmod 755 {folder}/benchmark_model")
        known = _describe(phone)
        timings = []
        for done, count in enumerate(threads, 2):
            report(f"adb: {count} threads", done, steps)
            command = shlex.join(
                [
                    f"{folder}/benchmark_model",
                    f"--graph={folder}/model.tflite",
                    f"--num_threads={count}",
                    f"--num_runs={runs}",
                    "--use_xnnpack=true",
                ]
            )
            said = phone.shell(f"echo $$ > {folder}/pid; exec {command} 2>&1")
            timings.append(parse(said, count) or phone.fail("benchmark_model", said))
        report("adb: measured", steps, steps)
    return AndroidReport(
        device=f"{known['maker']} {known['model']}".strip(),
        processor=known["processor"] or known["board"],
        android=known["android"],
        abi=known["abi"],
        model=model.name,
        bytes=model.stat().st_size,
        sha256=sha256_of(model),
        timings=tuple(timings),
    )


def _describe(phone: Phone) -> dict[str, str]:
    values = phone.shell("; ".join(f"getprop {name}" for name in PROPERTIES.values())).split("\n")
    return dict(zip(PROPERTIES, (value.strip() for value in values), strict=False))


def parse(said: str, threads: int) -> Timing | None:
    """What ``benchmark_model`` printed; None where it didn't come to the end.

    Its last ``count=`` line is the benchmark (the one before is the warm-up), in microseconds:
    ``count=50 first=900416 curr=898333 min=898007 max=906121 avg=899641 std=1549 p5=... median=...
    p95=...``, the last three in newer builds only.
    """
    ends = re.findall(
        r"Inference timings in us: Init: ([\d.e+]+), First inference: ([\d.e+]+)", said
    )
    counts = re.findall(r"\bcount=\d+ .*", said)
    if not ends or not counts:
        return None
    # Microseconds, but for the count.
    found = {key: float(value) / 1e3 for key, value in re.findall(r"(\w+)=([\d.e+-]+)", counts[-1])}
    if "curr" not in found:
        return None
    one = found["curr"]  # a single invocation has no statistics
    memory = re.search(r"Memory footprint delta.*\boverall=([\d.e+]+)", said)
    delegated = re.search(r"(completely|partially) executed by the delegate(?: w/ (\d+))?", said)
    pieces = re.search(r"yielding (\d+) partitions", said)
    return Timing(
        threads=threads,
        invocations=round(found["count"] * 1e3),
        load_ms=float(ends[-1][0]) / 1e3,
        first_ms=float(ends[-1][1]) / 1e3,
        mean=found.get("avg", one),
        std=found.get("std", 0.0),
        min=found.get("min", one),
        max=found.get("max", one),
        p5=found.get("p5"),
        p50=found.get("median"),
        p95=found.get("p95"),
        # The tool counts 2^20 bytes to the MB.
        memory_mb=float(memory[1]) * 1.048576 if memory else None,
        partitions=int(pieces[1]) if pieces else int(delegated[2] or 1) if delegated else None,
    )
