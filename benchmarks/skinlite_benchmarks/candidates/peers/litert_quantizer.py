"""litert-quantizer (once ai-edge-quantizer): static int8 of a float .tflite."""

from pathlib import Path

from skinlite_benchmarks.candidates.peers.tool import Peer, Sources, Tool
from skinlite_export.runtime.litert import SIGNATURE

FILE = "int8.tflite"


def convert(sources: Sources, folder: Path) -> None:
    """Its recipe for weights and activations in int8, with its default ranges."""
    from litert_quantizer import Quantizer, recipe

    quantizer = Quantizer(str(sources.tflite), recipe.static_wi8_ai8())
    ranges = quantizer.calibrate({SIGNATURE: list(sources.samples())})
    quantizer.quantize(ranges).export_model(str(folder / FILE))


TOOL = Tool(
    "litert-quantizer",
    ("litert-quantizer",),
    (Peer(FILE, "int8", "litert-quantizer", "litert"),),
    convert,
)
