"""`Recipe`: one validated, frozen object that says what to export and how.

The command line's flags, the manifest's entry and the report's header are all this object.
"""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skinlite.errors import InputError

Scheme = Literal["none", "float16", "dynamic", "int8"]
"""How numbers are stored and computed in the .tflite:

* ``none``: float32 throughout.
* ``float16``: weights stored in float16, computed in float32 (or float16 on a GPU).
* ``dynamic``: weights in int8, activations quantized on the fly.
* ``int8``: weights and activations in int8, ranges from calibration pictures.
"""

Ranges = Literal["mse", "minmax"]
"""How calibration pictures become an activation's range: the one with the smallest squared error
(`skinlite_export.ranges`), or plain minimum and maximum."""


class Gates(BaseModel):
    """What the exported file must keep of the Keras model, on the same held-out pictures.

    Drops are Keras minus file, so that a negative drop is a gain.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    agreement: float = Field(0.95, ge=0, le=1, description="share of equal top-1 answers, at least")
    balanced_accuracy_drop: float = Field(0.02, ge=0, le=1, description="at most")
    melanoma_recall_drop: float = Field(0.05, ge=0, le=1, description="at most")
    macro_auc_drop: float = Field(0.01, ge=0, le=1, description="at most")


class Recipe(BaseModel):
    """What to export.

    Attributes:
        quantize: number format of the .tflite; the .onnx is always float32.
        rewrites: names of the deploy graph's rewrites, in the order they are applied.
        calibration_pictures: how many to draw, class-balanced, from the training split.
        screening: a calibration picture is left out when some activation's peak exceeds this
            many times that layer's 95th percentile over the pictures; ``None`` keeps them all
            (plain min/max calibration).
        ranges: see `Ranges`.
        gates: ``None`` exports without judging.
        seed: of the calibration draw.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantize: Scheme = "int8"
    rewrites: tuple[str, ...] = ()
    calibration_pictures: int = Field(300, ge=1)
    screening: float | None = Field(1.5, gt=1)
    gates: Gates | None = Gates()
    ranges: Ranges = "mse"
    seed: int = 0


def parse_gates(text: str) -> Gates | None:
    """The gates in ``on``, ``off``, a TOML file, or ``NAME=LIMIT,...`` over the defaults.

    Raises:
        InputError: an unknown gate or a limit that is none; the message lists the gates.
    """
    if text in ("on", "off"):
        return Gates() if text == "on" else None
    try:
        limits: dict[str, Any]
        if Path(text).is_file():
            limits = tomllib.loads(Path(text).read_text())
        else:
            limits = dict(pair.split("=", 1) for pair in text.replace(" ", "").split(","))
        return Gates.model_validate(limits)
    except (ValueError, ValidationError) as error:
        names = ", ".join(f"{name}={field.default}" for name, field in Gates.model_fields.items())
        raise InputError(
            f"--gates {text!r} can't be read. Use on, off, a TOML file, or limits such as: {names}."
        ) from error
