"""`measure_on_phone`: a model on an Android phone, timed by the user's own ``benchmark_model``.

``benchmark_model`` is TensorFlow Lite's command-line benchmark, built for the phone; it isn't part
of skinlite. What it prints is read (`skinlite_benchmarks.phones.benchmark_log`), and nothing is
added to it. Ratios to a reference measured elsewhere make no sense.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from skinlite.files.read_write import check_regular, sha256_of
from skinlite.progress import Report, silent
from skinlite_benchmarks.phones.adb import Phone
from skinlite_benchmarks.phones.benchmark_log import Timing, parse


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

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of all timings, each once."""
        return tuple(
            dict.fromkeys(warning for timing in self.timings for warning in timing.warnings)
        )


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
    report: Report = silent,
) -> AndroidReport:
    """Push, run, read, clean up.

    Args:
        phone: from `skinlite_benchmarks.phones.adb.connect`.
        model: a .tflite.
        benchmark_model: the binary for this phone.
        threads: one run each.
        runs: timed invocations, at least; the tool goes on for at least a second.

    Raises:
        InputError: a file is missing, the binary doesn't run there, or the phone went away.
    """
    for path in (model, benchmark_model):
        check_regular(path)
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
            log = phone.shell(f"echo $$ > {folder}/pid; exec {command} 2>&1")
            timings.append(parse(log, count) or phone.fail("benchmark_model", log))
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
