"""The conversion path: named inputs, sizes, reproducible bytes, parity, and what int8 became."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from skinlite.data.examples import Examples
from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite.vocabulary import CLASSES, IMAGE, PATIENT, PROBABILITIES
from skinlite_export.bundle.folder import Bundle
from skinlite_export.recipe import Ranges, Scheme
from skinlite_export.runtime.runner import LiteRTRunner, OnnxRunner, predict_all
from skinlite_export.verify.audit import audit

SCHEMES = tuple(
    scheme for scheme in get_args(Scheme) if scheme != "int8-qat"
)  # that needs training


@pytest.fixture
def convert(classifier: Any, few: Examples) -> Callable[..., bytes]:
    """Makes the .tflite of `classifier` in a scheme, from a twin of its own."""

    def make(scheme: Scheme, ranges: Ranges = "mse") -> bytes:
        from skinlite_export.convert.samples import samples
        from skinlite_export.convert.to_tflite import to_int8, to_tflite
        from skinlite_export.graph.build_keras import build_twin
        from skinlite_export.graph.read_keras import read_keras
        from skinlite_export.rewrites.registry import REWRITES, apply_rewrites

        graph = apply_rewrites(read_keras(classifier), list(REWRITES))
        twin = build_twin(graph)
        if scheme != "int8":
            return to_tflite(twin, scheme)
        return to_int8(
            twin,
            lambda: samples(few),
            ranges=ranges,
            float_operators=graph.float_operators,
        )

    return make


@pytest.fixture
def expected(classifier: Any, few: Examples) -> np.ndarray:
    from skinlite.training.trainer import predict

    return predict(classifier, few)


def test_every_scheme_names_its_inputs_keeps_the_answers_and_gives_the_same_bytes_again(
    convert: Callable[..., bytes],
    classifier: Any,
    expected: np.ndarray,
    few: Examples,
    tmp_path: Path,
) -> None:
    assert np.ptp(expected, axis=0).max() > 0.05
    tolerance = {"none": 1e-5, "float16": 5e-3, "dynamic": 0.05, "int8": 0.1}
    sizes = {}
    for scheme in SCHEMES:
        path = tmp_path / f"{scheme}.tflite"
        path.write_bytes(convert(scheme))
        sizes[scheme] = path.stat().st_size
        signature = LiteRTRunner(path).interpreter.get_signature_runner("serving_default")
        inputs, outputs = signature.get_input_details(), signature.get_output_details()
        assert {name: tuple(one["shape"]) for name, one in inputs.items()} == {
            IMAGE: (1, 32, 32, 3),
            PATIENT: (1, few.patients.shape[1]),
        }
        assert {name: tuple(one["shape"]) for name, one in outputs.items()} == {
            PROBABILITIES: (1, len(CLASSES))
        }
        assert {one["dtype"] for one in (*inputs.values(), *outputs.values())} == {np.float32}
        found = predict_all(LiteRTRunner(path), few.images, few.patients)
        assert np.abs(found - expected).max() < tolerance[scheme], scheme
    assert sizes["int8"] < 0.4 * sizes["none"] and sizes["dynamic"] < 0.4 * sizes["none"]
    assert 0.45 * sizes["none"] < sizes["float16"] < 0.65 * sizes["none"]

    whole, integer = (audit(tmp_path / f"{name}.tflite") for name in ("none", "int8"))
    assert whole.float_operations["CONV_2D"] == 2
    assert whole.operations["CONV_2D float32"] == 2
    assert integer.float_operations == {"SOFTMAX": 2}  # the attention's and the last
    assert integer.operations["CONV_2D int8"] == 2

    before = {name: (tmp_path / f"{name}.tflite").read_bytes() for name in ("none", "int8")}
    assert {name: convert(name) for name in before} == before
    classifier.get_layer("soft_attention").gamma.assign(0.9)
    assert convert("none") != before["none"]


def test_a_full_disk_is_named_where_tensorflow_meets_it(
    convert: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow raises no OSError. The sweep of full disks is real; this stands for it."""
    import tensorflow as tf

    def fail(*_: object, **options: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "/x/part-0; No space left on device")

    monkeypatch.setattr("tensorflow.saved_model.save", fail)
    with pytest.raises(InputError, match=r"temporary files to .*: No space left on device\. Free"):
        convert("none")


def test_unfused_hard_swish_leaves_few_partitions(
    tiny_bundle: Bundle, tiny_run: Run, tiny_prepared: Prepared, tmp_path: Path
) -> None:
    """MobileNetV3Large in int8: with the rewrites, and as the stock converter makes it."""
    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_tflite import to_int8
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras

    ours = audit(tiny_bundle.path / "model.tflite")
    assert not [name for name in ours.operations if name.startswith("HARD_SWISH")]
    assert ours.partitions <= 4
    assert ours == tiny_bundle.manifest.audit
    path = tmp_path / "stock.tflite"
    twin = build_twin(read_keras(tiny_run.load_model()))
    few = tiny_prepared.examples["train"].take(np.arange(10))
    path.write_bytes(to_int8(twin, lambda: samples(few), ranges="minmax"))
    stock = audit(path)
    assert stock.operations["HARD_SWISH int8"] > 10
    assert stock.partitions > 4 * ours.partitions


def test_calibration_is_fed_by_name(classifier: Any, few: Examples) -> None:
    """Every sample is asked for, as images and patients under their names."""
    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_tflite import to_int8
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras

    seen = []

    def feed() -> Iterator[dict[str, np.ndarray]]:
        for sample in samples(few):
            seen.append({name: value.shape for name, value in sample.items()})
            yield sample

    to_int8(build_twin(read_keras(classifier)), feed, ranges="minmax")
    assert len(seen) >= len(few)
    assert seen[0] == {IMAGE: (1, 32, 32, 3), PATIENT: (1, few.patients.shape[1])}


def test_onnx_has_our_names_order_and_answers(
    classifier: Any, expected: np.ndarray, few: Examples, tmp_path: Path
) -> None:
    from skinlite_export.convert.to_onnx import to_onnx
    from skinlite_export.convert.to_tflite import convert_float32

    content = to_onnx(convert_float32(classifier))
    (tmp_path / "model.onnx").write_bytes(content)
    runner = OnnxRunner(tmp_path / "model.onnx")
    assert [(value.name, value.shape) for value in runner.session.get_inputs()] == [
        (IMAGE, [1, 32, 32, 3]),
        (PATIENT, [1, few.patients.shape[1]]),
    ]
    assert [(value.name, value.shape) for value in runner.session.get_outputs()] == [
        (PROBABILITIES, [1, 7])
    ]
    np.testing.assert_allclose(predict_all(runner, few.images, few.patients), expected, atol=1e-5)


def test_an_activation_that_brings_its_gradient_is_converted(tmp_path: Path) -> None:
    """silu, so every EfficientNet: TensorFlow can't save that gradient."""
    from keras import Input, Model, layers, utils

    from skinlite_export.convert.to_tflite import convert_float32

    utils.set_random_seed(0)
    image = Input((32, 32, 3), name=IMAGE)
    x = layers.Conv2D(4, 3, activation="silu")(layers.Rescaling(1 / 255)(image))
    x = layers.Flatten()(layers.AveragePooling2D(6)(x))
    model = Model(image, layers.Dense(7, "softmax")(x))
    path = tmp_path / "model.tflite"
    path.write_bytes(convert_float32(model))
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    found = predict_all(LiteRTRunner(path), images, np.zeros((2, 0), np.float32))
    expected = model.predict_on_batch(images.astype(np.float32))
    assert np.ptp(expected, axis=0).max() > 0.005
    assert np.abs(found - expected).max() < 1e-6


def test_a_relu_of_its_own_becomes_a_quantize(
    classifier: Any, few: Examples, tmp_path: Path
) -> None:
    """The rewrite of the finished file, against the file as the converter left it."""
    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_tflite import to_int8
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.rewrites.on_tflite import relu_as_quantize
    from skinlite_export.rewrites.registry import apply_rewrites

    graph = apply_rewrites(read_keras(classifier), ["unfuse-hard-swish"])
    before, after = tmp_path / "before.tflite", tmp_path / "after.tflite"
    before.write_bytes(to_int8(build_twin(graph), lambda: samples(few), ranges="mse"))
    after.write_bytes(relu_as_quantize(before.read_bytes()))
    assert audit(before).operations["RELU int8"] >= 1
    assert "RELU int8" not in audit(after).operations
    answers = [
        predict_all(LiteRTRunner(path), few.images, few.patients) for path in (before, after)
    ]
    assert np.ptp(answers[0], axis=0).max() > 0.05
    # XNNPACK rounds a few halves otherwise than the reference ReLU: one step of the output.
    np.testing.assert_allclose(*answers, atol=1.01 / 256)
    assert (answers[0] == answers[1]).mean() > 0.9
