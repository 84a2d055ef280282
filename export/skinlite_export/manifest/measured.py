"""The parts of the `Manifest` that were measured: what was kept, and how."""

from typing import Literal

from pydantic import Field

from skinlite.data.splits.leaks import Leaks
from skinlite.evaluation.evaluation import Details
from skinlite.evaluation.metrics import Metrics
from skinlite_export.runtime.signature import Record

ENOUGH = 100
"""Calibration images. With 30 a MobileNetV3Large was half as far again from Keras as with 100 or
300 (``benchmarks/results/ham10000``)."""


class Calibration(Record):
    """The images that set the ranges of the activations; none of them judges the file, and no
    lesion that is known to.

    Attributes:
        drawn: images drawn.
        screened: ids left out because they blow up an activation, with the layer that shows it.
        sha256: over the sorted ids that were used.
        source: where they were drawn from.
        leaks: what is known of lesions of theirs that judge; None where the split's says it.
    """

    drawn: int
    screened: dict[str, str]
    sha256: str
    source: str = "the training split"
    leaks: Leaks | None = None

    @property
    def used(self) -> int:
        """Images that were drawn and not left out."""
        return self.drawn - len(self.screened)


class Audit(Record):
    """What the converter made of the graph.

    Attributes:
        operations: count by operator and number format, such as ``CONV_2D int8``.
        float_operations: count of the operators that compute in float.
        partitions: delegate partitions under XNNPACK (1 is the best).
    """

    operations: dict[str, int]
    float_operations: dict[str, int]
    partitions: int


class Gate(Record):
    """One gate for one file and how it went.

    Attributes:
        name: a field of `skinlite_export.recipe.Gates`.
        critical: whose recall, or which operating point, it is about; None of other gates.
        applies: False where the data set has no critical class: then it neither holds nor fails.
        measured: ``None`` where the images could not tell, and then the gate does not hold.
        interval: paired 95 % bootstrap interval, where measured.
    """

    file: str
    name: str
    limit: float
    measured: float | None
    interval: tuple[float, float] | None
    passed: bool
    critical: str | None = None
    applies: bool = True

    @property
    def fails(self) -> bool:
        """Whether it applies and wasn't passed."""
        return self.applies and not self.passed

    @property
    def holds(self) -> bool:
        """Whether it does by its figures; ``passed`` is what was written down."""
        if self.measured is None or self.interval is None or not self.applies:
            return False
        if self.name == "agreement":
            return self.measured >= self.limit
        return self.measured <= self.limit

    def sentence(self) -> str:
        """The gate in words."""
        bound = "at least" if self.name == "agreement" else "at most"
        name = self.name.replace("_", " ").replace("auc", "AUC").replace("ece", "ECE")
        if not self.applies:
            return f"{self.file}: {name}: NOT APPLICABLE, for no class is known to be critical"
        if self.critical and self.name != "melanoma_recall_drop":
            name = f"{name} ({self.critical})"
        if self.measured is None or self.interval is None:
            return f"{self.file}: {name} can't be measured on these images"
        low, high = self.interval
        return (
            f"{self.file}: {name} {self.measured:.4f} [{low:.4f}, {high:.4f}], "
            f"{bound} {self.limit:g}"
        )


class Comparison(Record):
    """One exported file against the Keras model, on the same images.

    Attributes:
        agreement: share of images with the same top-1 answer.
        worst_difference: largest difference of one probability.
    """

    file: str
    agreement: float
    worst_difference: float
    metrics: Metrics


class Machine(Record):
    """Where the files answered as was measured; what others answer was not seen.

    Attributes:
        processor: its name.
        architecture: such as ``x86_64`` or ``aarch64``.
        int8: its instructions that sum products of int8 without saturating; ``None`` where the
            system doesn't tell.
        runtimes: by file, what ran it.
    """

    processor: str
    architecture: str
    int8: tuple[str, ...] | None
    runtimes: dict[str, str]

    def sentence(self) -> str:
        """The processor in words."""
        known = "unknown" if self.int8 is None else ", ".join(self.int8) or "none"
        return f"{self.processor} ({self.architecture}; int8 instructions: {known})"


class Verification(Record):
    """Keras, .tflite and .onnx on the same held-out images.

    Attributes:
        split: which images. What lesions they share with training or calibration, as far as
            that is known, the manifest's ``data.split.leaks`` says.
        sha256: over their sorted ids.
        details: of each file: intervals, calibration and subgroups.
        control: of ``int8-qat``, the float network after the same steps of training without
            rounding: what the file owes to them alone.
        teacher: where the run learned from another one.
        machine: ``None`` in manifests that were written before it was noted.
    """

    split: Literal["test"]
    sha256: str
    keras: Metrics
    files: list[Comparison]
    gates: list[Gate]
    details: dict[str, Details] = Field(default_factory=dict)
    control: Comparison | None = None
    teacher: "TeacherProof | None" = None
    machine: Machine | None = None

    @property
    def every_gate(self) -> list[Gate]:
        """Those against the run's own Keras model, and those against its teacher's."""
        return [*self.gates, *(self.teacher.gates if self.teacher else ())]

    def is_against_teacher(self, gate: Gate) -> bool:
        """Whether it is one of the teacher's gates; one of its own may have the same figures."""
        return self.teacher is not None and any(gate is one for one in self.teacher.gates)


class TeacherProof(Record):
    """A slim or taught run's files against the Keras model of its teacher, on the same test images.

    Attributes:
        name: of the teacher's run folder.
        model_sha256: of its Keras model.
        keras: the teacher's scores.
        files: each file beside it.
        gates: of a slim run, whose channels were the teacher's; empty where it only learned.
    """

    name: str
    model_sha256: str
    keras: Metrics
    files: list[Comparison]
    gates: list[Gate]


Verification.model_rebuild()


class LayerError(Record):
    """What int8 costs one layer, on validation images; see `quantize.layer_errors`.

    Attributes:
        layer: of the deploy graph, as `Recipe.keep_float` takes it.
        operator: TFLite's.
        cost: Kullback-Leibler divergence of the answers when it alone is int8, in nats.
        scale: one int8 step of its output.
        sqnr: signal to quantization noise, in dB.
        shift: mean error, in steps.
        clipped: share of values beyond the int8 range.
    """

    layer: str
    operator: str
    cost: float
    scale: float
    sqnr: float
    shift: float
    clipped: float


class DepthError(Record):
    """Signal to noise behind a layer of an int8 file; see `quantize.error_by_depth`.

    Attributes:
        layer: of the deploy graph.
        operator: TFLite's or ONNX's.
        sqnr: signal to quantization noise of its output, against the float network, in dB.
        in_float: whether its output is float32 in the int8 file.
    """

    layer: str
    operator: str
    sqnr: float
    in_float: bool


class SearchStep(Record):
    """One set of layers in float, and how its file did on the validation split.

    Attributes:
        kept: the layers in float.
        bytes: of the file.
        failed: the gates that did not hold by a standard error.
    """

    kept: tuple[str, ...]
    bytes: int
    agreement: float
    failed: tuple[str, ...]


class Search(Record):
    """The search for the layers that have to stay in float; see `quantize.float_layers`.

    Attributes:
        found: whether the last step's gates hold; if not, the file is the first step's.
    """

    split: Literal["validation"] = "validation"
    found: bool
    steps: tuple[SearchStep, ...]

    @property
    def kept(self) -> tuple[str, ...]:
        """The layers in float in the file."""
        return self.steps[-1 if self.found else 0].kept


class Temperature(Record):
    """How to make the .tflite's probabilities p fit how often they are right.

    It is not in the file. Apply it as ``meaning`` says where confidences are shown; the answer
    stays the same.

    Attributes:
        value: fitted on ``split``, on the file's own answers.
        ece_before: expected calibration error on the test split, as the file answers.
        ece_after: with the temperature applied.
    """

    value: float
    split: Literal["validation"]
    ece_before: float
    ece_after: float
    meaning: str = (
        "not applied in the file; calibrated = softmax(log(max(p, 1e-6)) / value) over the classes"
    )
