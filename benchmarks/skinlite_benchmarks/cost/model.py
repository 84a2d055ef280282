"""`cost_of`: multiply-accumulates, weights and activations, read from the model file itself."""

from pathlib import Path

from skinlite_benchmarks.cost.onnx import onnx_cost
from skinlite_benchmarks.cost.tflite import tflite_cost
from skinlite_benchmarks.results.records import Cost

READERS = {".tflite": tflite_cost, ".onnx": onnx_cost}


def cost_of(path: Path) -> Cost | None:
    """The cost of a .tflite or .onnx.

    None for anything else, and for an .onnx where the ``onnx`` package (the extra ``export``)
    isn't installed. The file has been loaded by its runtime before: it is no longer doubted.
    """
    reader = READERS.get(path.suffix)
    return None if reader is None else reader(path)
