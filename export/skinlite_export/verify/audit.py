"""Look into a finished .tflite: its operators, their number formats, what stayed in float."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from skinlite.errors import SkinliteError
from skinlite_export.manifest.measured import Audit
from skinlite_export.runtime.litert import LiteRTRunner
from skinlite_export.tflite.execution_plan import executed_operators

BORDER = {"QUANTIZE", "DEQUANTIZE", "DELEGATE"}
"""Operators that only change the number format, and XNNPACK's own entries."""


def audit(path: Path) -> Audit:
    """Count a .tflite's operators by type and the number format of their output."""
    runner = LiteRTRunner(path)
    formats = {
        tensor["index"]: tensor["dtype"].__name__
        for tensor in runner.interpreter.get_tensor_details()
    }
    counts = Counter(
        (operator["op_name"], formats.get(operator["outputs"][0], "unknown"))
        for operator in executed_operators(runner.interpreter)
        if operator["op_name"] != "DELEGATE"
    )
    return Audit(
        operations={f"{name} {number}": count for (name, number), count in sorted(counts.items())},
        float_operations={
            name: count
            for (name, number), count in sorted(counts.items())
            if number.startswith("float") and name not in BORDER
        },
        partitions=runner.partitions,
    )


def check_integers(found: Audit, declared: Collection[str]) -> None:
    """Refuse an int8 file in which more computes in float than was meant to.

    Args:
        found: of the file.
        declared: operators that may: the rewrites' islands, those of layers kept in float, those
            of `Recipe.allow_float`.

    Raises:
        SkinliteError: names the operators.
    """
    left = sorted(found.float_operations.keys() - set(declared))
    if left:
        raise SkinliteError(
            f"{', '.join(left)} stayed in float in the int8 file, which makes it slow on a phone. "
            f"Accept it with `allow_float={tuple(left)}`, or use `quantize='float16'`; with "
            "skinlite's own rewrites this should not happen: please report it."
        )
