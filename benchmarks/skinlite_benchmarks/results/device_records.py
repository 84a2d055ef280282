"""What a phone's browser measured of a model file: written there, taken in by `skinlite serve`."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from skinlite_benchmarks.results.records import Latency, Record

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
    """The golden vectors on a device, stage by stage.

    Attributes:
        decoding: of the JPEG, in levels; None where the bundle has none.
        decision: of how many images another one is made; None where the bundle makes none.
    """

    vectors: int = Field(ge=1, le=1000)
    decoding: Stage | None = None
    pixels: Stage
    encoding: Stage
    probabilities: Stage
    decision: Stage | None = None

    @property
    def failed(self) -> list[str]:
        """The stages that gave other numbers than the bundle."""
        stages = {
            "decoding": self.decoding,
            "pixels": self.pixels,
            "encoding": self.encoding,
            "probabilities": self.probabilities,
            "decision": self.decision,
        }
        return [name for name, stage in stages.items() if stage and not stage.passed]


class DeviceTiming(Record):
    """One model file timed in a browser, batch 1, inputs set beforehand.

    Attributes:
        load_ms: to compile the file, download left out.
        timer_ms: the smallest step of the browser's clock.
        batch: inferences in each sample, more than one where the clock is coarse.
        samples_ms: milliseconds of one inference, the mean of a batch.
    """

    threads: int = Field(ge=1, le=64)
    load_ms: Milliseconds
    first_ms: Milliseconds
    timer_ms: Milliseconds
    batch: int = Field(1, ge=1, le=100_000)
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
