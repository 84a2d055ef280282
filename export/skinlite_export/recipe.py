"""`Recipe`: one validated, frozen object that says what to export and how.

The manifest's entry and the report's header are this object. Its errors name its fields, as in
`` `io='int8'` ``, which the command line turns into its flags.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from skinlite.data.preprocessing import FRAME
from skinlite.errors import InputError

Scheme = Literal["none", "float16", "dynamic", "int8", "int8-qat"]
"""How numbers are stored and computed in the .tflite:

* ``none``: float32 throughout.
* ``float16``: weights stored in float16, computed in float32 (or float16 on a GPU).
* ``dynamic``: weights in int8, activations quantized on the fly.
* ``int8``: weights and activations in int8, ranges from calibration images.
* ``int8-qat``: the same, fine-tuned beforehand to bear the rounding (`skinlite_export.qat`).
"""

Ranges = Literal["mse", "minmax"]
"""How calibration images become an activation's range: the one with the smallest squared error
(`skinlite_export.convert.choose_ranges`), or plain minimum and maximum."""

OnFail = Literal["stop", "search"]
"""What follows a gate that fails: the bundle is rejected, or a search for the layers that have to
stay in float for the gates to hold (`skinlite_export.quantize.float_layers`)."""


class Gates(BaseModel):
    """What the exported file must keep of the Keras model, on the same held-out images.

    Drops are Keras minus file, so that a negative drop is a gain; the rise in expected calibration
    error is file minus Keras. The critical class is melanoma where there is one, and the limit has
    a name of its own then; None: the critical class is another one, or there is none. The drop at
    an operating point is that of sensitivity, and that of specificity.

    A slim run's file is held against its teacher's Keras model, too, with the same limits; but
    its predictions may be others, as far as ``teacher_agreement`` allows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    agreement: float = Field(0.95, ge=0, le=1, description="share of equal predictions, at least")
    balanced_accuracy_drop: float = Field(0.02, ge=0, le=1, description="at most")
    melanoma_recall_drop: float | None = Field(0.05, ge=0, le=1, description="of melanoma")
    macro_auc_drop: float = Field(0.01, ge=0, le=1, description="at most")
    teacher_agreement: float = Field(0.0, ge=0, le=1, description="of a slim run, at least")
    ece_rise: float = Field(0.03, ge=0, le=1, description="at most")
    critical_recall_drop: float = Field(0.05, ge=0, le=1, description="at most")
    operating_point_drop: float = Field(0.05, ge=0, le=1, description="at most, at each point")

    @model_validator(mode="before")
    @classmethod
    def _one_limit(cls, given: Any) -> Any:
        """Either name of the limit on the critical class's recall stands for both."""
        names = ("critical_recall_drop", "melanoma_recall_drop")
        if not isinstance(given, dict):
            return given
        there = [name for name in names if given.get(name) is not None]
        if len(there) == 2 and given[there[0]] != given[there[1]]:
            raise InputError(f"`gates` has two limits for one: {' and '.join(there)}. Give one.")
        return given | {name: given[there[0]] for name in names if there and name not in given}

    def for_critical(self, critical: str | None) -> "Gates":
        """The limits that a network with this critical class has."""
        named = self.critical_recall_drop if critical == "mel" else None
        return self.model_copy(update={"melanoma_recall_drop": named})

    def against_teacher(self) -> "Gates":
        """The limits for a slim run's files beside its teacher: other answers may be as good."""
        return self.model_copy(update={"agreement": self.teacher_agreement})

    @property
    def limits(self) -> dict[str, float]:
        """By the name of the measure that is gated (`Gate.name`); without operating points, whose
        gates are in the manifest's ``decision``."""
        limits = {name: value for name, value in dict(self).items() if value is not None}
        del limits["teacher_agreement"], limits["operating_point_drop"]
        if "melanoma_recall_drop" in limits:
            del limits["critical_recall_drop"]
        return limits


class FineTuning(BaseModel):
    """Settings of a quantization-aware training.

    Every epoch draws ``pictures`` new images from the training split.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(2, ge=1)
    pictures: int = Field(7500, ge=1, description="images per epoch, at most")
    batch_size: int = Field(32, ge=1)
    learning_rate: float = Field(1e-5, gt=0, description="of Adam; decreases to 0 along a cosine")
    seed: int = Field(0, ge=0, lt=2**32)


class Recipe(BaseModel):
    """What to export.

    Attributes:
        quantize: number format of the .tflite.
        onnx: number format of the .onnx; int8 uses the calibration of the int8 .tflite.
        rewrites: names of the deploy graph's rewrites, in the order they are applied.
        calibration_pictures: how many to draw, class-balanced, from the training split.
        screening: a calibration image is left out when some activation's peak exceeds this
            many times that layer's 95th percentile over the images; ``None`` keeps them all
            (plain min/max calibration).
        ranges: see `Ranges`.
        gates: ``None`` exports without gates.
        seed: random seed of the calibration images.
        keep_float: layers of the deploy graph that an int8 file computes in float.
        allow_float: TFLite operators that may be left in float in an int8 file.
        integer_only: no float operator at all, for accelerators without float; then softmax is
            int8 too, with any rewrites.
        on_fail: see `OnFail`.
        prune: share of the weights of each large kernel that is set to 0.
        cluster: number of different weights in each large kernel.
        fine_tuning: what ``int8-qat`` does before the conversion.
        io: number format of the .tflite's inputs and outputs. ``uint8`` takes unchanged pixels and
            leaves everything else in float32; ``int8`` is int8 for everything.
        resize_in_graph: height and width (pixels) of a larger image that the .tflite takes instead
            of one of the network's size; it crops and resizes inside.
        patient_input: ``encoded``, or ``raw``: age, sex and site are encoded inside the .tflite.
        with_attention: the .tflite has the attention map as a second output.
        operating_points: sensitivity by point, which is a class, several (``mel+bcc``) or
            ``malignant``; ``None``: 0.90 of the critical class and of the malignant ones.
        author: of the model, for the files' metadata; ``None`` if it isn't stated.
        license: of the model, likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantize: Scheme = "int8"
    onnx: Literal["float32", "int8"] = "float32"
    rewrites: tuple[str, ...] = ()
    calibration_pictures: int = Field(300, ge=1)
    screening: float | None = Field(3.0, gt=1)
    gates: Gates | None = Gates()
    ranges: Ranges = "mse"
    seed: int = Field(0, ge=0, lt=2**32)
    keep_float: tuple[str, ...] = ()
    allow_float: tuple[str, ...] = ()
    integer_only: bool = False
    on_fail: OnFail = "stop"
    prune: float | None = Field(None, gt=0, lt=1)
    cluster: int | None = Field(None, ge=2, le=256)
    fine_tuning: FineTuning | None = None
    io: Literal["float32", "uint8", "int8"] = "float32"
    resize_in_graph: tuple[int, int] | None = None
    patient_input: Literal["encoded", "raw"] = "encoded"
    with_attention: bool = False
    operating_points: dict[str, Annotated[float, Field(gt=0, lt=1)]] | None = None
    author: str | None = Field(None, pattern="^.+$", max_length=200)
    license: str | None = Field(None, pattern="^.+$", max_length=200)

    @property
    def in_int8(self) -> bool:
        """Whether the .tflite computes in int8."""
        return self.quantize in ("int8", "int8-qat")

    @property
    def changes_interface(self) -> bool:
        """Whether the .tflite has other inputs or outputs than the network."""
        return self.io != "float32" or self.patient_input == "raw" or self.with_attention

    @field_validator("quantize", mode="before")
    @classmethod
    def _no_int16x8(cls, scheme: Any) -> Any:
        """Refuse what could be converted and would be of no use."""
        if scheme == "int16x8":
            raise InputError(
                "`quantize='int16x8'` isn't offered: XNNPACK has no kernel for 16-bit activations, "
                "and such a file is many times slower than float32 (docs/decisions/0009). Use "
                "int8, or float16 for the predictions of float32 at half its size."
            )
        return scheme

    @model_validator(mode="after")
    def _no_contradictions(self) -> Self:
        """Refuse settings that undo each other (as an `InputError`, which names the fields)."""
        given = {
            "`keep_float`": self.keep_float,
            "`allow_float`": self.allow_float,
            "`on_fail='search'`": self.on_fail == "search",
        }
        if (self.quantize == "int8-qat") != (self.fine_tuning is not None):
            raise InputError(
                "Only `quantize='int8-qat'` does fine-tuning. Give `fine_tuning` with it, or "
                "leave it out."
            )
        if self.fine_tuning and (self.prune or self.cluster):
            raise InputError(
                "`quantize='int8-qat'` would undo what `prune` and `cluster` do to the weights. "
                "Leave them out, or use `quantize='int8'`."
            )
        if self.onnx == "int8" and not self.in_int8:
            raise InputError(
                f"`onnx='int8'` needs calibration images, but `quantize={self.quantize!r}` uses "
                f"none. Use `onnx='float32'`, or `quantize='int8'`."
            )
        floats = [field for field, there in given.items() if there]
        if not self.in_int8 and (floats or self.integer_only):
            raise InputError(
                f"{', '.join(floats) or '`integer_only=True`'} is about int8, and `quantize` is "
                f"{self.quantize}. Leave it out, or use `quantize='int8'`."
            )
        if self.integer_only and floats:
            raise InputError(
                f"`integer_only=True` leaves nothing in float, but {', '.join(floats)} does. "
                f"Leave one out."
            )
        if self.on_fail == "search" and self.gates is None:
            raise InputError(
                "`on_fail='search'` needs gates. Leave it out, or leave out `gates=None`."
            )
        return self

    @model_validator(mode="after")
    def _interface_that_works(self) -> Self:
        """Refuse inputs and outputs that can't be had together."""
        if self.io == "int8" and not self.in_int8:
            raise InputError(
                f"`io='int8'` is for int8 files, and `quantize` is {self.quantize}. Use "
                "`io='uint8'`, which takes unchanged pixels in any file, or `quantize='int8'`."
            )
        if self.io != "float32" and self.in_int8 and self.ranges == "minmax":
            raise InputError(
                f"`io={self.io!r}` takes unchanged pixels, 0-255, but with `ranges='minmax'` the "
                "range of the image is that of the calibration images. Use `ranges='mse'`."
            )
        if self.patient_input == "raw" and (self.io == "int8" or self.integer_only):
            all_int8 = "`io='int8'`" if self.io == "int8" else "`integer_only=True`"
            raise InputError(
                f"`patient_input='raw'` computes with the age in float32, but {all_int8} has no "
                f"float. Leave one out; `io='uint8'` works with it."
            )
        if self.resize_in_graph:
            if self.io == "float32":
                raise InputError(
                    "`resize_in_graph` needs whole levels. Leave out `io`, or use `io='uint8'`."
                )
            _check_frame(*self.resize_in_graph)
        return self


SMALLEST_FRAME = 32
"""Rows and columns: less is no image of a lesion."""


def _check_frame(height: int, width: int) -> None:
    """Refuse a frame from which the network would not see what it sees in training."""
    if min(height, width) < SMALLEST_FRAME:
        raise InputError(
            f"`resize_in_graph={height, width}` is less than {SMALLEST_FRAME} pixels. Give "
            "height x width, such as 450x600."
        )
    if min(height, width) > FRAME[0]:
        raise InputError(
            f"`resize_in_graph={height, width}` is larger than {FRAME[0]}x{FRAME[1]}: images were "
            f"reduced to that size before training, and the file can't do this. Let the app pass "
            f"{FRAME[0]}x{FRAME[1]}."
        )
