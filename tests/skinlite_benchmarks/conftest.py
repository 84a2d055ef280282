"""Tiny real models, converted once a session in a process of their own, and results without any."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skinlite.classes import HAM10000
from skinlite.data.patient import PatientEncoder
from skinlite.data.splits.leaks import Leaks
from skinlite.evaluation.metrics import evaluate
from skinlite_benchmarks.measure import statistics as figures
from skinlite_benchmarks.measure.interleave import Samples
from skinlite_benchmarks.results.accuracy import accuracy_of
from skinlite_benchmarks.results.records import Share
from skinlite_benchmarks.results.results import (
    Contestant,
    Host,
    Measurement,
    Results,
    Settings,
)
from skinlite_export.bundle.folder import ENCODING, MANIFEST, SEAL, list_files, seal
from skinlite_export.manifest.manifest import About, Geometry, Manifest, Source
from skinlite_export.manifest.measured import Audit, Comparison, Verification
from skinlite_export.recipe import Recipe

CACHE = os.environ.get("SKINLITE_CACHE")
"""The user's; the tests have another one."""

CONVERT = """
import sys
from pathlib import Path

import numpy as np
import onnx
import tensorflow as tf
from onnx import TensorProto, helper, numpy_helper

folder, random = Path(sys.argv[1]), np.random.default_rng(0)
WIDTH = 20


def tflite(size, filters):
    module = tf.Module()
    first = tf.constant(random.normal(size=(3, 3, 3, filters)), tf.float32)
    second = tf.constant(random.normal(size=(3, 3, filters, filters)), tf.float32)
    dense = tf.constant(random.normal(size=(filters + WIDTH, 7)), tf.float32)

    @tf.function(input_signature=[
        tf.TensorSpec((1, size, size, 3), tf.float32, "image"),
        tf.TensorSpec((1, WIDTH), tf.float32, "patient"),
    ])
    def serve(image, patient):
        x = tf.nn.relu(tf.nn.conv2d(image / 255, first, 1, "SAME"))
        x = tf.nn.relu(tf.nn.conv2d(x, second, 1, "SAME"))
        x = tf.concat([tf.reduce_mean(x, (1, 2)), patient], 1)
        return {"probabilities": tf.nn.softmax(x @ dense)}

    module.serve = serve
    target = folder / f"saved{size}"
    tf.saved_model.save(module, str(target), {"serving_default": serve})
    return tf.lite.TFLiteConverter.from_saved_model(str(target)).convert()


(folder / "tiny.tflite").write_bytes(tflite(16, 4))
(folder / "slow.tflite").write_bytes(tflite(128, 48))

weights = numpy_helper.from_array(random.normal(size=(WIDTH, 7)).astype("f4"), "weights")
nodes = [
    helper.make_node("GlobalAveragePool", ["image"], ["unused"]),
    helper.make_node("MatMul", ["patient", "weights"], ["logits"]),
    helper.make_node("Softmax", ["logits"], ["probabilities"]),
]


def onnx_model(batch):
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("image", TensorProto.FLOAT, (batch, 16, 16, 3)),
            helper.make_tensor_value_info("patient", TensorProto.FLOAT, (batch, WIDTH)),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, (batch, 7))],
        [weights],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)


onnx.save(onnx_model(1), folder / "tiny.onnx")
"""


@pytest.fixture(scope="session")
def models(once: Callable[..., Path]) -> Path:
    """A folder with tiny.tflite, slow.tflite (far slower) and tiny.onnx."""

    def build(folder: Path) -> None:
        folder.mkdir()
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        subprocess.run([sys.executable, "-c", CONVERT, folder], check=True, env=environment)

    return once("models", build)


def write_bundle(
    folder: Path, models: Path, *, quantize: str = "int8", trained: bool = True, **source: bool
) -> Path:
    """A bundle of the tiny models, with a manifest that says what the test wants."""
    folder.mkdir(parents=True)
    shutil.copy(models / "tiny.tflite", folder / "model.tflite")
    shutil.copy(models / "tiny.onnx", folder / "model.onnx")
    encoder = PatientEncoder(age_mean=50, age_std=15)
    (folder / ENCODING).write_text(encoder.model_dump_json())
    names = ("model.tflite", "model.onnx")
    keras, exported = some_metrics(0), some_metrics(1)
    manifest = Manifest(
        status="ungated",
        notice="",
        about=About(name="tiny", version="0", description="", author="", license=""),
        source=Source(
            **{
                "backbone": "tiny_net",
                "topology": "paper",
                "image_size": 16,
                "trained": trained,
                "synthetic": True,
                "epochs": 1,
                "parameters": 1,
                "model_sha256": "0",
            }
            | source
        ),
        recipe=Recipe(quantize=quantize, gates=None),
        signatures={},
        classes=HAM10000.names,
        geometry=Geometry(),
        calibration=None,
        audit=Audit(operations={}, float_operations={}, partitions=1),
        verification=Verification(
            split="test",
            sha256="0",
            keras=keras,
            files=[
                Comparison(file=name, agreement=0.97, worst_difference=0.1, metrics=exported)
                for name in names
            ],
            gates=[],
        ),
        versions={},
        files=list_files(folder),
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    (folder / SEAL).write_text(seal(folder))
    return folder


def some_metrics(seed: int):
    """Metrics of seeded guesses on 700 images."""
    random = np.random.default_rng(seed)
    return evaluate(np.repeat(np.arange(7), 100), random.dirichlet(np.ones(7), 700))


def samples(milliseconds: list[float], steady: bool = True) -> Samples:
    """One invocation a round."""
    return Samples({n: [int(ms * 1e6)] for n, ms in enumerate(milliseconds)}, steady)


def measurement(name: str, milliseconds: list[float], **changes: object) -> Measurement:
    """A measurement of these times, one a round, without a reference."""
    timed = samples(milliseconds)
    values = {
        "contestant": name,
        "threads": 1,
        "image_shape": (16, 16, 3),
        "load_ms": 5.0,
        "first_ms": 6.0,
        "partitions": 1,
        "memory_mb": 20.0,
        "latency": figures.latency(timed),
        "rounds": len(milliseconds),
        "steady": True,
        "ratio": None,
        "turns_ms": [[ms] for ms in milliseconds],
    }
    return Measurement.model_validate(values | changes)


@pytest.fixture
def host() -> Host:
    return Host(
        cpu="A CPU",
        machine="x86_64",
        cores=2,
        governor=None,
        system="Linux",
        load=(0.1, 0.9),
        busy=(0.01, 0.02),
        versions={"skinlite": "0.1.0"},
    )


@pytest.fixture
def results(host: Host) -> Results:
    """Two contestants, one with a name that attacks the page, and the reference at 50 ms."""
    baseline = [50.0, 51.0, 49.0] * 40
    quick, plain = [1.0, 1.02, 0.98] * 40, [5.0, 5.1, 4.9] * 40
    accuracy = accuracy_of(
        some_metrics(1),
        source="bundle",
        images="test",
        leaks=Leaks(state="none found", reason="as far as known"),
        keras=some_metrics(0),
        agreement=Share(value=0.97, low=0.957, high=0.981, n=700),
    )

    def contestant(name: str, size: int, **known: object) -> Contestant:
        values = {"name": name, "file": f"{name}.tflite", "bytes": size, "sha256": name}
        return Contestant.model_validate(values | {"runtime": "litert"} | known)

    def timed(name: str, times: list[float]) -> Measurement:
        pair = figures.ratio(samples(baseline), samples(times), seed=0)
        return measurement(name, times, ratio=pair)

    return Results(
        host=host,
        settings=Settings(
            threads=(1,), rounds=120, slow_seconds=30, seed=0, command="skinlite benchmark 'a b'"
        ),
        reference="Big float32",
        contestants=(
            contestant(
                "quick int8",
                4_000_000,
                format="int8",
                trained=True,
                synthetic=True,
                accuracy=accuracy,
            ),
            contestant("<script>alert(1)</script>|_x_", 8_000_000),
            contestant("Big float32", 200_000_000, format="float32", trained=False),
        ),
        measurements=(
            timed("quick int8", quick),
            timed("<script>alert(1)</script>|_x_", plain),
            measurement("Big float32", baseline),
        ),
        notices=("Synthetic: trained on generated images.",),
        verdicts=(),
    )


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The emulated machine, of the user's cache."""
    from skinlite_benchmarks.arm64 import emulated_root as root

    if CACHE is None:
        monkeypatch.delenv("SKINLITE_CACHE")
    else:
        monkeypatch.setenv("SKINLITE_CACHE", CACHE)
    if not (shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")):
        pytest.skip("qemu-user-static is not installed")
    if not root.root_path().is_dir() and os.environ.get("SKINLITE_ARM64") != "1":
        pytest.skip("the emulated machine isn't made; SKINLITE_ARM64=1 makes it (100 MB)")
    return root.emulated_root()
