"""Look into a finished .tflite: its operators, their number formats, what stayed in float."""

from collections import Counter
from pathlib import Path

from skinlite_export.manifest import Audit
from skinlite_export.runtime import LiteRTRunner

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
        (node["op_name"], formats.get(node["outputs"][0], "unknown"))
        for node in runner.interpreter._get_ops_details()
        if node["op_name"] != "DELEGATE"
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
