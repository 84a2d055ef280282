"""`Results`: everything one benchmark found, immutable, versioned, written as results.json.

Format history: 1 (0.1.0) first.

Units: milliseconds, bytes, and megabytes of 10^6 bytes.
"""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

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


class Verdict(Record):
    """Why the figures may be unstable, and what to try."""

    reason: str
    advice: str


class Results(Record):
    """The whole.

    Attributes:
        reference: name of the contestant that the ratios are relative to.
        interrupted: stopped by Ctrl-C; what was measured until then is here.
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
