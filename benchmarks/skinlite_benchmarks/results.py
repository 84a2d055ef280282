"""`Results`: everything one benchmark found, immutable, versioned, written as results.json.

Format history: 1 (0.1.0) first.

Units: milliseconds, bytes, and megabytes of 10^6 bytes.
"""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from skinlite.evaluation.metrics import Metrics

SCHEMA_VERSION: Final = 1


class Record(BaseModel):
    """Base of the parts: immutable, and no field that we don't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Host(Record):
    """The machine.

    Attributes:
        cores: that this process may use.
        governor: of the CPU frequency; None where the system doesn't tell.
        load: the 1-minute load average at start and end.
        busy: share (0-1) of the cores' time that was in use just before the start and just after
            the end, when nothing of ours ran; None where the system doesn't tell.
    """

    cpu: str
    machine: str
    cores: int
    governor: str | None
    system: str
    load: tuple[float, float] | None
    busy: tuple[float, float] | None
    versions: dict[str, str]

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
        command: the command line that made this.
    """

    threads: tuple[int, ...]
    rounds: int
    slow_seconds: float
    seed: int
    command: str


class Accuracy(Record):
    """The exported file and its Keras model on the same held-out pictures, from the manifest.

    Attributes:
        agreement: share of pictures with the same top-1 answer.
    """

    keras: Metrics
    exported: Metrics
    agreement: float


class Contestant(Record):
    """One model file.

    Attributes:
        name: unique in these results.
        format: of the numbers: float32, float16, dynamic or int8; None for a bare file.
        trained: False for initialised weights, whose answers mean nothing; None if not known.
        synthetic: trained and judged on generated pictures; None if not known.
        accuracy: None where it was not measured, or means nothing.
    """

    name: str
    file: str
    bytes: int
    sha256: str
    runtime: Literal["litert", "onnxruntime"]
    format: str | None = None
    trained: bool | None = None
    synthetic: bool | None = None
    accuracy: Accuracy | None = None


class Latency(Record):
    """Milliseconds of one invocation, batch 1; ``iqr`` is the interquartile range."""

    p50: float
    p90: float
    p99: float
    min: float
    iqr: float


class Interval(Record):
    """A median with its 95 % bootstrap interval."""

    median: float
    low: float
    high: float


class Measurement(Record):
    """One contestant with one number of threads.

    Attributes:
        load_ms: from the file to a ready interpreter, the runtime's own import left out.
        first_ms: the first invocation.
        partitions: delegate partitions (LiteRT); None where the runtime has no such thing.
        memory_mb: peak resident memory with model and runtime, over an empty Python.
        turns_ms: timed invocations, one list a round in which it took part.
        steady: whether the warm-up came to rest.
        ratio: times faster than the reference, paired by round; None without a reference.
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

    @property
    def invocations(self) -> int:
        """How many were timed."""
        return sum(map(len, self.turns_ms))


Text = Annotated[str, Field(max_length=400, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""What a stranger wrote: one line, no control characters."""
Milliseconds = Annotated[float, Field(ge=0, le=600_000, allow_inf_nan=False)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Stage(Record):
    """How one stage of the golden vectors went on a device.

    Attributes:
        worst: largest difference from the bundle: in levels, in the patient's units, or of a
            probability.
    """

    passed: bool
    worst: float = Field(ge=0, allow_inf_nan=False)


class DeviceCheck(Record):
    """The golden vectors on a device, stage by stage."""

    vectors: int = Field(ge=1, le=1000)
    pixels: Stage
    encoding: Stage
    probabilities: Stage

    @property
    def failed(self) -> list[str]:
        """The stages that gave other numbers than the bundle."""
        stages = {"pixels": self.pixels, "encoding": self.encoding}
        stages["probabilities"] = self.probabilities
        return [name for name, stage in stages.items() if not stage.passed]


class DeviceTiming(Record):
    """One model file timed in a browser, batch 1, inputs set beforehand.

    Attributes:
        load_ms: to compile the file, download left out.
        timer_ms: the smallest step of the browser's clock.
        samples_ms: every timed inference.
    """

    threads: int = Field(ge=1, le=64)
    load_ms: Milliseconds
    first_ms: Milliseconds
    timer_ms: Milliseconds
    samples_ms: tuple[Milliseconds, ...] = Field(min_length=50, max_length=1000)


class DeviceReport(Record):
    """What a phone's browser says of itself: measured there, not here, and not proven.

    Attributes:
        model_sha256: of the .tflite that was run; links it to a contestant.
        name: what its owner calls the device; empty if not told.
        cores: that the browser tells.
        runtime: such as ``LiteRT.js 2.5.3, relaxed SIMD``.
        check: None where the golden vectors were not run.
    """

    schema_version: Literal[1] = 1
    model_sha256: Sha256
    name: Text = ""
    user_agent: Text
    cores: int | None = Field(None, ge=1, le=1024)
    runtime: Text
    image_shape: tuple[int, int, int]
    check: DeviceCheck | None
    timings: tuple[DeviceTiming, ...] = Field(min_length=1, max_length=8)


class Device(Record):
    """A device's report as it is kept, with the percentiles of each of its timings.

    Attributes:
        latencies: in the order of the report's timings.
    """

    received: AwareDatetime
    report: DeviceReport
    latencies: tuple[Latency, ...]

    @property
    def title(self) -> str:
        """What to call the device."""
        return self.report.name or self.report.user_agent


class Verdict(Record):
    """Why the figures may be unstable, and what to try."""

    reason: str
    advice: str


class Results(Record):
    """The whole.

    Attributes:
        reference: name of the contestant that the ratios are relative to.
        interrupted: stopped by Ctrl-C; what was measured until then is here.
        devices: phones that ran one of the contestants' files in their browser.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    host: Host
    settings: Settings
    reference: str | None
    contestants: tuple[Contestant, ...]
    measurements: tuple[Measurement, ...]
    notices: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    interrupted: bool = False
    devices: tuple[Device, ...] = ()

    def contestant(self, name: str) -> Contestant:
        """The contestant of that name."""
        return next(one for one in self.contestants if one.name == name)

    def measurement(self, name: str, threads: int) -> Measurement | None:
        """One measurement; None if Ctrl-C came first."""
        found = (m for m in self.measurements if (m.contestant, m.threads) == (name, threads))
        return next(found, None)

    def times_smaller(self, name: str) -> float | None:
        """Bytes of the reference over bytes of this contestant."""
        if self.reference is None:
            return None
        return self.contestant(self.reference).bytes / self.contestant(name).bytes
