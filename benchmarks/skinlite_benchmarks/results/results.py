"""`Results`: everything one benchmark found, immutable, versioned, written as results.json.

Format history:

* 1 (0.1.0): latency, size, memory, and the accuracy that a bundle's manifest knows.
* 2: runtimes by name and description, run folders and peers; accuracy with intervals, from a data
  set too; cost, roofs and limits; operator profiles; sweeps; the paper's figures; phones.
* 3: the same fields, of turns that settle before they are timed (`SETTLE_NS`). Later:
  what is known of leaks, beside ``leaky``; without it that is "unknown" where ``leaky`` is false.
  Files of others: ``theirs`` and ``feed`` of a contestant, an empty ``image_shape``, ``pictures``
  that are "unknown", ``agreement_with``; without them all are skinlite's. Classes other than
  HAM10000's: ``critical_recall``, and ``critical`` of metrics; without them that is melanoma's.
  ``points`` of a contestant; without them none were measured.
  Peers of other tools: ``tool`` of a contestant, ``error`` of an accuracy.
  ``width``, ``slim``, ``rejected`` and ``points_leaks`` of a contestant; without them unknown.

Units: milliseconds, bytes, and megabytes of 10^6 bytes.
"""

import math
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field

from skinlite.data.splits.leaks import Leaks
from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite_benchmarks.results.device_records import Device
from skinlite_benchmarks.results.records import (
    Accuracy,
    Cost,
    Interval,
    Latency,
    Limit,
    PaperFigures,
    Peak,
    Profile,
    Record,
    SweepPoint,
)
from skinlite_export.inspect.record import Feed
from skinlite_export.manifest.decision import OperatingPoint
from skinlite_export.manifest.measured import DepthError

SCHEMA_VERSION: Final = 3
"""Rises with the fields, and where figures are no longer measured alike."""
RESULTS = "results.json"
"""Its name in a report folder."""
SETTLE_NS = 50_000_000
"""A turn begins untimed for about this time, with one invocation at least: the others have emptied
the caches, and the scheduler needs some ten milliseconds to give each thread a core of its own."""


class Host(Record):
    """The machine.

    Attributes:
        cores: that this process may use.
        governor: of the CPU frequency; None where the system doesn't tell.
        load: the 1-minute load average at start and end.
        busy: share (0-1) of the cores' time that was in use just before the start and just after
            the end, when nothing of ours ran; None where the system doesn't tell.
        roofs: one for each number of threads; empty where they were not measured.
    """

    cpu: str
    machine: str
    cores: int
    governor: str | None
    system: str
    load: tuple[float, float] | None
    busy: tuple[float, float] | None
    versions: dict[str, str]
    roofs: tuple[Peak, ...] = ()

    def peak(self, threads: int) -> Peak | None:
        """The limits with so many threads."""
        return next((peak for peak in self.roofs if peak.threads == threads), None)

    @property
    def kind(self) -> str:
        """What it is, in words; never a phone, where Python doesn't run."""
        desktop = self.machine.lower() in ("x86_64", "amd64", "i686")
        return "a desktop CPU" if desktop else f"a computer ({self.machine})"


class Settings(Record):
    """How it was measured.

    Attributes:
        rounds: turns of each fast contestant.
        slow_seconds: time that the slow ones (the reference) may take, for each thread count.
        runtimes: that were asked for, for model files.
        data: name of the data set's folder; None where none was given.
        command: the command line that made this.
    """

    threads: tuple[int, ...]
    rounds: int
    slow_seconds: float
    seed: int
    command: str
    runtimes: tuple[str, ...] = ("litert", "onnxruntime")
    data: str | None = None


class Contestant(Record):
    """One model file on one runtime.

    Attributes:
        name: unique in these results.
        bytes: with the weights, where the format keeps them in a second file.
        sha256: of the file that is loaded.
        runtime: its name in `skinlite_export.runtime.runner.RUNNERS`.
        runner: what runs it, in words: library, version, delegate.
        format: of the numbers: float32, float16, dynamic or int8; None for a bare file.
        backbone: None for a bare file.
        width: of the backbone's channels; None for a bare file.
        slim: of a slim run, the share of its teacher's cycles that was to be left.
        rejected: whether its bundle failed its gates.
        peer: made by another tool for comparison, not by skinlite.
        tool: that made a peer, in words.
        theirs: somebody else's file, of which nothing is known but what is in it.
        feed: how such a file is fed, as its user says; None: that isn't known.
        trained: False for initialised weights, whose predictions mean nothing; None if not known.
        synthetic: trained and judged on generated images; None if not known.
        network_proven: see `skinlite_export.manifest.manifest.Source`; None for a bare file.
        accuracy: None where it was not measured, or means nothing.
        cost: None where the file can't be read for it (a Keras model).
        profile: None where it was not measured, or the runtime has no profiler.
        error_by_depth: of a bundle's .tflite whose export measured it.
        error_by_depth_onnx: of the int8 .onnx beside it, likewise.
        points: operating points of a bundle's file, with that file's figures alone, of the test
            images of its export.
        points_leaks: what is known of leaks of those images.
    """

    name: str
    file: str
    bytes: int
    sha256: str
    runtime: str
    runner: str = ""
    format: str | None = None
    backbone: str | None = None
    width: float | None = None
    slim: float | None = None
    rejected: bool = False
    peer: bool = False
    tool: str = ""
    theirs: bool = False
    feed: Feed | None = None
    trained: bool | None = None
    synthetic: bool | None = None
    network_proven: bool | None = None
    accuracy: Accuracy | None = None
    cost: Cost | None = None
    profile: Profile | None = None
    error_by_depth: tuple[DepthError, ...] | None = None
    error_by_depth_onnx: tuple[DepthError, ...] | None = None
    points: dict[str, OperatingPoint] = Field(default_factory=dict)
    points_leaks: Leaks | None = None


class Measurement(Record):
    """One contestant with one number of threads.

    Attributes:
        image_shape: rows, columns, channels; empty of a file that takes no image.
        load_ms: from the file to a ready interpreter, the runtime's own import left out.
        first_ms: the first invocation.
        partitions: delegate partitions (LiteRT); None where the runtime has no such thing.
        memory_mb: peak resident memory with model and runtime, over an empty Python.
        turns_ms: timed invocations, one list a round in which it took part.
        steady: whether the warm-up came to rest.
        ratio: times faster than the reference, paired by round; None without a reference.
        limit: None where the peak or the cost isn't known.
    """

    contestant: str
    threads: int
    image_shape: tuple[int, ...]
    load_ms: float
    first_ms: float
    partitions: int | None
    memory_mb: float | None
    latency: Latency
    rounds: int
    steady: bool
    ratio: Interval | None
    turns_ms: tuple[tuple[float, ...], ...]
    limit: Limit | None = None

    @property
    def invocations(self) -> int:
        """How many were timed."""
        return sum(map(len, self.turns_ms))


class Instability(Record):
    """Why the figures may be unstable, and what to try."""

    reason: str
    advice: str


class Results(Record):
    """The whole.

    Attributes:
        reference: name of the baseline, the contestant that the ratios are relative to.
        interrupted: stopped by Ctrl-C; what was measured until then is here.
        devices: phones that ran one of the contestants' files in their browser.
        paper: for the backbones that take part.
        sweep: one for each contestant of a sweep; empty otherwise.
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    host: Host
    settings: Settings
    reference: str | None
    contestants: tuple[Contestant, ...]
    measurements: tuple[Measurement, ...]
    notices: tuple[str, ...]
    verdicts: tuple[Instability, ...]
    interrupted: bool = False
    devices: tuple[Device, ...] = ()
    paper: tuple[PaperFigures, ...] = ()
    sweep: tuple[SweepPoint, ...] = ()

    def contestant(self, name: str) -> Contestant:
        """The contestant of that name."""
        return next(contestant for contestant in self.contestants if contestant.name == name)

    def measurement(self, name: str, threads: int) -> Measurement | None:
        """One measurement; None if Ctrl-C came first."""
        matching = (m for m in self.measurements if (m.contestant, m.threads) == (name, threads))
        return next(matching, None)

    def ratio_of_minima(self, measured: Measurement) -> float | None:
        """The reference's fastest invocation over this contestant's; None for the reference itself.

        NaN where a time of 0 stands in the place of one that was measured.

        Other work on a machine only ever adds time, so the minimum is what repeats: Chen & Revels,
        "Robust benchmarking in noisy environments" (arXiv:1608.04295). Users live with the median,
        which is `Measurement.ratio`.
        """
        if self.reference in (None, measured.contestant):
            return None
        reference = self.measurement(self.reference, measured.threads)
        if reference is None:
            return None
        fastest = measured.latency.min
        return reference.latency.min / fastest if fastest else math.nan

    def times_smaller(self, name: str) -> float | None:
        """Bytes of the reference over bytes of this contestant."""
        if self.reference is None:
            return None
        return self.contestant(self.reference).bytes / self.contestant(name).bytes


class _Versioned(BaseModel):
    """What results of any version have."""

    schema_version: int


def read_results(path: Path) -> Results:
    """Read a results.json, or the one in a report folder.

    Raises:
        InputError: missing, damaged, or of another schema version; then it says which.
    """
    file = path / RESULTS if path.is_dir() else path
    version = read_json(_Versioned, file).schema_version
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{file} is of schema version {version}; this skinlite reads {SCHEMA_VERSION}. Measure "
            "again, or read it with the skinlite that wrote it: its version is in host.versions."
        )
    return read_json(Results, file)
