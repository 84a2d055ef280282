"""What number formats of weights cost a run: dense layers by tensor, .onnx weights in 7 bits.

    python measure.py RUN HAM10000 OUT

One calibration (150 images) makes every file, and 400 validation images judge them against Keras
(decisions 34 and 35). The .onnx variants share the ranges of 30 of the calibration images. Writes
the files and ``inputs.npz`` to OUT, for other runtimes and processors.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from skinlite.data.dataset import read_dataset
from skinlite.training.input.prepare import prepare_again
from skinlite.training.runs.find import open_run
from skinlite.training.trainer import predict
from skinlite_export.convert import to_onnx_int8 as onnx_int8
from skinlite_export.convert import to_tflite as convert
from skinlite_export.convert.samples import samples
from skinlite_export.convert.to_onnx import to_onnx
from skinlite_export.graph.build_keras import Twin, build_twin
from skinlite_export.graph.read_keras import read_keras
from skinlite_export.quantize.adaptive_rounding import round_kernels
from skinlite_export.quantize.calibrated_model import Calibrated, answers
from skinlite_export.quantize.calibration import calibrate
from skinlite_export.quantize.calibration_pool import training_pool
from skinlite_export.quantize.equalization import equalize
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.registry import ALL, apply_rewrites
from skinlite_export.runtime.onnx import OnnxRunner
from skinlite_export.runtime.runner import predict_all
from skinlite_export.verify.fidelity import fidelity

IMAGES, CALIBRATION, RANGES = 400, 150, 30


def measure(run: Path, folder: Path, out: Path) -> None:
    """Print a line for every file."""
    from onnxruntime import quantization

    out.mkdir(parents=True, exist_ok=True)
    opened = open_run(run)
    data, model = prepare_again(opened, read_dataset(folder)), opened.load_model()
    validation = data.examples["validation"]
    chosen = np.random.default_rng(0).permutation(len(validation))[:IMAGES]
    judges = validation.take(np.sort(chosen))
    keras = predict(model, judges)
    np.savez(out / "inputs.npz", image=judges.images[:, None], patient=judges.patients[:, None])
    recipe = Recipe(rewrites=ALL, calibration_pictures=CALIBRATION)
    graph = apply_rewrites(read_keras(model), ALL)
    pictures, _ = calibrate(
        build_twin(graph), graph, training_pool(data), recipe, lambda *progress: None
    )
    graph = equalize(Twin(graph), samples(pictures))

    def given() -> Iterator[convert.Sample]:
        return samples(pictures)

    floats = {}
    for steps in (127, 64):
        rounded = round_kernels(graph, given, (), steps)
        twin = build_twin(rounded)
        floats[steps] = to_onnx(convert.to_tflite(twin, "none"))
        if steps == 127:
            ranges = convert.measure_ranges(twin, given, ranges="mse")
            for scales, one in (("4096 scales", False), ("1 scale", True)):
                with patch.object(convert, "PER_TENSOR", one):
                    content = Calibrated(ranges, rounded, recipe).to_int8()
                (out / f"dense, {scales}.tflite").write_bytes(content)
                found = answers(content, judges)
                print(scales, fidelity(judges.labels, keras, found), len(content), flush=True)

    kinds = quantization.QuantType
    variants: dict[str, tuple[int, dict[str, Any]]] = {
        "u8s8, 8 bits": (127, {"reduce_range": False}),
        "u8s8, 7 bits, nearest": (127, {}),
        "u8s8, 7 bits": (64, {}),
        "u8u8": (127, {"reduce_range": False, "weight_qType": kinds.QUInt8}),
    }  # without decision 35's s8s8: today's graph takes the image's levels as they are, in uint8
    quantizer, ranges_of = quantization.QDQQuantizer, onnx_int8._ranges
    known: list[Any] = []
    runners = {}
    for name, (steps, options) in variants.items():

        def quantize(*taken: Any, _options: Any = options, **others: Any) -> Any:
            return quantizer(*taken, **(others | _options))

        def ranges_once(*taken: Any) -> Any:
            if not known:
                known.append(ranges_of(*taken))
            return known[0]

        with (
            patch.object(quantization, "QDQQuantizer", quantize),
            patch.object(onnx_int8, "_ranges", ranges_once),
        ):
            few = list(given())[:RANGES]
            content = onnx_int8.to_onnx_int8(floats[steps], few.__iter__)
        path = out / f"{name}.onnx"
        path.write_bytes(content)
        runners[name] = OnnxRunner(path)
        found = predict_all(runners[name], judges.images, judges.patients)
        worst = np.abs(found - keras).max()
        print(name, fidelity(judges.labels, keras, found), f"{worst:.3f}", flush=True)
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(40):
        for name, runner in runners.items():
            begin = time.thread_time()
            runner.invoke()
            seconds[name].append(time.thread_time() - begin)
    print({name: f"{np.median(each) * 1000:.2f} ms" for name, each in seconds.items()})


if __name__ == "__main__":
    measure(*map(Path, sys.argv[1:]))
