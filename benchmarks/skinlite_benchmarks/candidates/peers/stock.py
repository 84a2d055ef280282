"""The converters that skinlite builds on, as they are: without a rewrite.

TensorFlow's in float32, float16, dynamic range and int8 (minimum and maximum of as many images as
skinlite takes); tf2onnx's float32; onnxruntime's static QDQ int8.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skinlite.process.quiet import silenced
from skinlite.progress import Report
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.peers.tool import FLOAT_ONNX, FLOAT_TFLITE, STOCK, Peer
from skinlite_export.recipe import Recipe, Scheme

SCHEMES: dict[str, Scheme] = {
    FLOAT_TFLITE: "none",
    "float16.tflite": "float16",
    "dynamic.tflite": "dynamic",
    "int8.tflite": "int8",
}
"""TensorFlow's, by file."""

PEERS = (
    Peer(FLOAT_TFLITE, "float32", STOCK, "litert"),
    Peer("float16.tflite", "float16", STOCK, "litert"),
    Peer("dynamic.tflite", "dynamic", STOCK, "litert"),
    Peer("int8.tflite", "int8", STOCK, "litert"),
    Peer(FLOAT_ONNX, "float32", "tf2onnx", "onnxruntime"),
    Peer("int8.onnx", "int8", "onnxruntime QDQ", "onnxruntime"),
)


def convert_all(run: Run, data: Prepared, folder: Path, report: Report) -> None:
    """Write the peers' files.

    Raises:
        InputError: the run is damaged, calibration is impossible, or the memory won't do.
    """
    from skinlite_export.convert.memory import check_memory
    from skinlite_export.convert.to_onnx import to_onnx
    from skinlite_export.convert.to_tflite import convert_float32
    from skinlite_export.pipeline import convert

    model = run.load_model()
    check_memory(model)
    float_onnx = to_onnx(convert_float32(model))
    for number, peer in enumerate(PEERS):
        report(f"converting the peer {peer.format} ({peer.tool})", number, len(PEERS) + 1)
        if scheme := SCHEMES.get(peer.file):
            recipe = Recipe(quantize=scheme, screening=None, ranges="minmax", gates=None)
            content = convert(model, data, recipe).content
        else:
            content = float_onnx if peer.file == FLOAT_ONNX else _stock_qdq(float_onnx, data)
        (folder / peer.file).write_bytes(content)


def calibration_samples(data: Prepared) -> Iterator[dict[str, Any]]:
    """As many training images as skinlite takes, drawn likewise."""
    from skinlite_export.convert.samples import samples
    from skinlite_export.quantize.calibration import draw

    train = data.examples["train"]
    return samples(train.take(draw(train.labels, Recipe().calibration_pictures, seed=0)))


def _stock_qdq(float_onnx: bytes, data: Prepared) -> bytes:
    """onnxruntime's static quantization: minimum and maximum, weights per channel.

    Activations in uint8, which is its quickest setting on x86.
    """
    from onnxruntime.quantization import QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder, silenced():
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(float_onnx)
        quant_pre_process(source, source, skip_symbolic_shape=True)  # the shapes are fixed anyway
        quantize_static(
            source,
            target,
            _reader(calibration_samples(data)),
            per_channel=True,
            activation_type=QuantType.QUInt8,
        )
        return target.read_bytes()


def _reader(inputs: Iterator[dict[str, Any]]) -> Any:
    """The inputs as onnxruntime's calibrator asks for them."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        def get_next(self) -> dict[str, Any] | None:
            return next(inputs, None)

    return Reader()
