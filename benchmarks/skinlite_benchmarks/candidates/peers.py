"""Peers: the same weights as the stock tools convert them, for a run's bundle to stand beside.

TensorFlow's converter in float32, float16, dynamic range and int8 (minimum and maximum of as many
images as skinlite takes), without a rewrite; tf2onnx's float32; onnxruntime's static QDQ int8.
They are converted once and kept in the cache under a name that hashes what they were made from.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from skinlite import __version__
from skinlite.data.cache import kept_folder
from skinlite.files.read_write import made_once
from skinlite.process.quiet import silenced
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.find import Entry, contestant_of
from skinlite_benchmarks.measure.interleave import Report
from skinlite_benchmarks.results import naming
from skinlite_export.recipe import Recipe, Scheme
from skinlite_export.runtime.runner import runtimes_for


class Peer(NamedTuple):
    """A file that a stock tool makes; ``scheme`` is the converter's, for a .tflite."""

    file: str
    format: str
    tool: str
    scheme: Scheme | None = None


PEERS = (
    Peer("float32.tflite", "float32", "stock converter", "none"),
    Peer("float16.tflite", "float16", "stock converter", "float16"),
    Peer("dynamic.tflite", "dynamic", "stock converter", "dynamic"),
    Peer("int8.tflite", "int8", "stock converter", "int8"),
    Peer("float32.onnx", "float32", "tf2onnx"),
    Peer("int8.onnx", "int8", "onnxruntime QDQ"),
)


def make_peers(run: Run, data: Prepared, runtimes: Sequence[str], report: Report) -> list[Entry]:
    """The peers of a run's model, on the runtimes that were asked for.

    Args:
        run: whose model is converted.
        data: its data set under its split, which calibrates.
        runtimes: that model files run on.
        report: progress.

    Raises:
        InputError: the run is damaged, calibration is impossible, or the memory won't do.
    """
    model_sha256 = run.model_sha256()
    folder = kept_folder("peers", _identity(run, data, model_sha256))
    with made_once(folder) as staging:
        if staging:
            _convert(run, data, staging, report)
    config = run.info.network
    entries = []
    for peer in PEERS:
        path = folder / peer.file
        runtime = runtimes_for(path)[0]
        if runtime not in runtimes:
            continue
        network = naming.network(config.backbone, config.width, config.slim)
        update = {
            "name": f"{network} {peer.format} ({peer.tool})",
            "file": f"peers/{peer.file}",
            "format": peer.format,
            "backbone": config.backbone,
            "peer": True,
            "trained": run.info.status != "untrained",
            "synthetic": run.info.synthetic,
            "network_proven": run.info.names_network,
        }
        contestant = contestant_of(path, runtime).model_copy(update=update)
        entries.append(Entry(path, contestant, data.encoder, model_sha256, shaping=data.shaping))
    return entries


def _identity(run: Run, data: Prepared, model_sha256: str) -> str:
    from skinlite_export.manifest.origin import versions

    train = data.split.loc[data.split["split"] == "train", "image_id"]
    made_with = map(str, (*PEERS, *sorted(versions().items())))
    parts = (__version__, model_sha256, *sorted(train), *made_with)
    return "\n".join(parts)


def _convert(run: Run, data: Prepared, folder: Path, report: Report) -> None:
    from skinlite_export.convert.memory import check_memory
    from skinlite_export.convert.to_onnx import to_onnx
    from skinlite_export.convert.to_tflite import convert_float32
    from skinlite_export.pipeline import convert

    model = run.load_model()
    check_memory(model)
    float_onnx = to_onnx(convert_float32(model))
    for number, peer in enumerate(PEERS):
        report(f"converting the peer {peer.format} ({peer.tool})", number, len(PEERS) + 1)
        if peer.scheme:
            recipe = Recipe(quantize=peer.scheme, screening=None, ranges="minmax", gates=None)
            content = convert(model, data, recipe).content
        else:
            content = float_onnx if peer.format == "float32" else _stock_qdq(float_onnx, data)
        (folder / peer.file).write_bytes(content)


def _stock_qdq(float_onnx: bytes, data: Prepared) -> bytes:
    """onnxruntime's static quantization: minimum and maximum, weights per channel.

    Activations in uint8, which is its quickest setting on x86.
    """
    from onnxruntime.quantization import QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    from skinlite_export.convert.samples import samples
    from skinlite_export.quantize.calibration import draw

    train = data.examples["train"]
    images = train.take(draw(train.labels, Recipe().calibration_pictures, seed=0))
    with tempfile.TemporaryDirectory() as folder, silenced():
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(float_onnx)
        quant_pre_process(source, source, skip_symbolic_shape=True)  # the shapes are fixed anyway
        quantize_static(
            source,
            target,
            _reader(samples(images)),
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
