"""OpenVINO: float32, bfloat16, and NNCF's post-training int8, from either float file."""

from pathlib import Path

from skinlite_benchmarks.candidates.peers.tool import Peer, Sources, Tool
from skinlite_export.runtime.peers.openvino import read_named

FLOAT, FROM_TFLITE, FROM_ONNX = "float32.xml", "int8-from-tflite.xml", "int8-from-onnx.xml"


def convert(sources: Sources, folder: Path) -> None:
    """NNCF as its documentation has it: one call, its defaults, all of the calibration images."""
    import nncf
    from openvino import Core, save_model

    core = Core()
    save_model(read_named(core, sources.tflite), folder / FLOAT, compress_to_fp16=False)
    given = list(sources.samples())
    for source, target in ((sources.tflite, FROM_TFLITE), (sources.onnx, FROM_ONNX)):
        model = read_named(core, source)
        quantized = nncf.quantize(model, nncf.Dataset(given), subset_size=len(given))
        save_model(quantized, folder / target)


TOOL = Tool(
    "OpenVINO",
    ("openvino", "nncf"),
    (
        Peer(FLOAT, "float32", "OpenVINO", "openvino"),
        Peer(FLOAT, "bfloat16", "OpenVINO", "openvino-bf16"),
        Peer(FROM_TFLITE, "int8", "OpenVINO NNCF, from .tflite", "openvino"),
        Peer(FROM_ONNX, "int8", "OpenVINO NNCF, from .onnx", "openvino"),
    ),
    convert,
)
