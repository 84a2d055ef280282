"""The parts that `Results` are made of: latency, accuracy, cost, profile, the host's limits.

`skinlite_benchmarks.results.results` puts them together; units are those that stand there.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from skinlite.data.splits.leaks import MayLeak
from skinlite.evaluation.intervals import with_critical_recall
from skinlite.evaluation.metrics import Metrics
from skinlite_export.recipe import Gates

Source = Literal["bundle", "run", "data"]
Images = Literal["test", "all", "unknown"]


class Record(BaseModel):
    """Base of the parts: immutable, and no field that we don't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Share(Record):
    """A share (0-1) of images with its 95 % bootstrap interval.

    Attributes:
        n: images that it is a share of; for a mean of recalls, all of them.
    """

    value: float
    low: float
    high: float
    n: int


class Accuracy(Record, MayLeak):
    """One set of predictions of a contestant, and its float model's on the same images.

    Attributes:
        source: ``bundle``: measured at export, read from the manifest; ``run``: the same for a
            run folder; ``data``: measured here, on ``--data``.
        pictures: which they are: ``test``, the run's held-out split, or ``all`` of a data set;
            ``unknown``: they may have trained it, which is somebody else's file.
        leaky: the run trained on other images of their lesions: an upper bound.
        leaks: what is known of that.
        exported: this contestant's.
        keras: the float model's; None where it is not known.
        balanced_accuracy: the mean of the recalls.
        melanoma_recall: None without a melanoma.
        critical_recall: of the class that ``exported`` names critical; what was written before it
            was noted has only melanoma's.
        agreement: with the float model's top-1 predictions; None where that is not known.
        agreement_with: the baseline's name, where the agreement is with that; else None.
        error: mean difference of a probability (0-1) from the float model's; None where that is
            not known.
    """

    source: Source
    pictures: Images
    exported: Metrics
    keras: Metrics | None
    accuracy: Share
    balanced_accuracy: Share
    melanoma_recall: Share | None
    agreement: Share | None
    agreement_with: str | None = None
    critical_recall: Share | None = None
    error: float | None = None

    @property
    def wrong(self) -> tuple[int, int] | None:
        """On how many of how many images the top-1 prediction isn't the float model's, of a file
        that fails the agreement gate which skinlite's own files have to pass; else None.
        """
        if self.agreement is None or self.agreement_with is not None:
            return None
        fails = self.agreement.value < Gates().agreement
        images = self.agreement.n
        return (round((1 - self.agreement.value) * images), images) if fails else None

    @model_validator(mode="before")
    @classmethod
    def _noted(cls, given: Any) -> Any:
        return with_critical_recall(given)


class OperatorTime(Record):
    """All executions of one kind of operator within one inference.

    Attributes:
        operator: as the runtime names it.
        count: executions in one inference.
        share: of the time of all operators (0-1).
    """

    operator: str
    count: int
    ms: float
    share: float


class Profile(Record):
    """Where the time of one inference goes, one thread; measured apart from the latency.

    Attributes:
        tool: that measured it.
        operators: the most expensive first, at most ten.
        total_ms: of all operators, the others too.
    """

    tool: str
    operators: tuple[OperatorTime, ...]
    total_ms: float


class Cost(Record):
    """What one inference has to do, read from the file itself.

    Attributes:
        macs: multiply-accumulates of convolutions and matrix products.
        integer_macs: those of them whose weights and activations are int8.
        parameters: numbers stored as weights and biases.
        weight_bytes: that they take in the file.
        activation_bytes: of every tensor that an operator writes, once.
        uncounted: operators that multiply matrices in a way that isn't counted.
    """

    macs: int
    integer_macs: int
    parameters: int
    weight_bytes: int
    activation_bytes: int
    uncounted: tuple[str, ...] = ()


class Peak(Record):
    """The most that this host does with so many threads, measured beside the models.

    Attributes:
        float32_gmacs: 10^9 multiply-accumulates a second of a large float32 matrix product.
        int8_gmacs: the same for uint8 by int8.
        copy_gbs: 10^9 bytes a second read and written by a copy beyond the caches.
        cached_copy_gbs: the same by a copy within the last cache.
        cache_bytes: of the last cache; None where the system doesn't tell.
    """

    threads: int
    float32_gmacs: float
    int8_gmacs: float
    copy_gbs: float
    cached_copy_gbs: float
    cache_bytes: int | None


class Limit(Record):
    """The roofline's least time for a contestant, and how near it comes.

    Source: Williams, Waterman, Patterson, "Roofline" (2009).

    Attributes:
        ms: the larger of the time for its arithmetic and for moving weights and activations once,
            within the last cache where they fit into it.
        bound: which of the two that is.
        share: ``ms`` over the measured median (0-1): 1 is as fast as the host can.
    """

    ms: float
    bound: Literal["arithmetic", "memory"]
    share: float


class PaperFigures(Record):
    """What the paper says of a backbone; its test images show lesions that were trained on too.

    Source: Do and Nguyen (2022), tables 4, 6, 7, A4 and A5. None where it says nothing.

    Attributes:
        parameters: of the backbone alone.
        mean_recall: over the seven classes; our balanced accuracy.
        balanced_accuracy: the paper's own: (sensitivity + specificity) / 2.
        epoch_seconds: "time prediction", seconds for an epoch.
    """

    backbone: str
    accuracy: float
    mean_recall: float
    balanced_accuracy: float | None
    melanoma_recall: float
    parameters: float
    epoch_seconds: float | None


class SweepPoint(Record):
    """Which network of a sweep a contestant is.

    Attributes:
        width: of the backbone's channels.
        slim: of a slim run, the share of its teacher's cycles that was to be left.
        pareto: nothing else in the sweep is faster and no less accurate, or as fast and more
            accurate; None where accuracy wasn't measured.
    """

    contestant: str
    backbone: str
    image_size: int
    width: float
    slim: float | None = None
    pareto: bool | None
