"""Quantization-aware training: the same graph, the same operators, and other weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.data.examples import Examples
from skinlite.errors import InputError
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.runtime.runner import LiteRTRunner, predict_all
from skinlite_export.verify.audit import audit


@pytest.fixture
def ready(classifier: Any) -> Graph:
    """`classifier`, rewritten, as training wants it."""
    return make_ready(classifier)


def make_ready(classifier: Any) -> Graph:
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.qat.prepare_graph import ready_for_training
    from skinlite_export.rewrites.registry import REWRITES, apply_rewrites

    return ready_for_training(apply_rewrites(read_keras(classifier), list(REWRITES)))


def calibrated(graph: Graph, few: Examples) -> bytes:
    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_tflite import measure_ranges
    from skinlite_export.graph.build_keras import build_twin

    return measure_ranges(build_twin(graph), lambda: samples(few), ranges="minmax")


def tune(graph: Graph, teacher: Any, few: Examples, *, rounding: bytes | None, **how: Any) -> Graph:
    from skinlite_export.qat.fine_tune import fine_tune
    from skinlite_export.qat.recorded_ranges import ranges_in
    from skinlite_export.recipe import FineTuning

    report = how.pop("report", lambda what, done, total: None)
    settings = FineTuning(**{"epochs": 2, "batch_size": 7, "learning_rate": 1e-3, **how})
    ranges = None if rounding is None else ranges_in(rounding, graph)
    return fine_tune(graph, ranges, teacher, few, settings, report)


def to_int8(graph: Graph, noted: bytes) -> bytes:
    from skinlite_export.quantize.calibrated_model import Calibrated
    from skinlite_export.recipe import Recipe

    return Calibrated(noted, graph, Recipe()).to_int8()


def to_trained_int8(graph: Graph, before: bytes, few: Examples) -> bytes:
    from skinlite_export.qat.recorded_ranges import with_ranges_of

    return to_int8(graph, with_ranges_of(calibrated(graph, few), before))


def test_made_ready_it_computes_the_same(ready: Graph, classifier: Any, few: Examples) -> None:
    from skinlite.training.trainer import predict
    from skinlite_export.graph.build_keras import build_twin

    kinds = {node.kind for node in ready.nodes}
    assert "BatchNormalization" not in kinds
    assert ("Softmax" in kinds) != ("probabilities" in ready.float_nodes)
    assert np.abs(predict(build_twin(ready), few) - predict(classifier, few)).max() < 1e-5


def test_separable_convolutions_are_taken_apart() -> None:
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.deploy_graph import Node
    from skinlite_export.qat.prepare_graph import ready_for_training

    random = np.random.default_rng(0)
    kernels = [
        random.normal(size=shape).astype(np.float32) for shape in ((5, 5, 3, 1), (1, 1, 3, 4))
    ]
    norm = [random.uniform(0.5, 2, 4).astype(np.float32) for _ in range(4)]
    settings = {"kernel_size": 5, "strides": 2, "padding": "same", "use_bias": False, "filters": 4}
    graph = Graph(
        (
            Node("image", "Input", (), {"shape": (8, 8, 3)}),
            Node("both", "SeparableConv2D", ("image",), settings, tuple(kernels)),
            Node(
                "norm",
                "BatchNormalization",
                ("both",),
                {"epsilon": 1e-3, "scale": True, "center": True},
                tuple(norm),
            ),
        )
    )
    ready = ready_for_training(graph)
    assert [node.kind for node in ready.nodes] == ["Input", "DepthwiseConv2D", "Conv2D"]
    image = {"image": random.normal(size=(2, 8, 8, 3)).astype(np.float32)}
    before, after = (build_twin(one).predict_on_batch(image) for one in (graph, ready))
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_ranges_are_where_the_file_rounds(ready: Graph, few: Examples) -> None:
    from skinlite_export.qat.recorded_ranges import ranges_in

    found = ranges_in(calibrated(ready, few), ready)
    fused = {
        node.name
        for node in ready.nodes
        if node.kind in ("Conv2D", "AddConstant", "DepthwiseConv2D")
        and [one.kind for one in ready.consumers(node.name)] == ["ReLU"]
    }
    assert fused and not fused & found.keys()
    assert {node.name for node in ready.nodes if node.kind == "ReLU"} <= found.keys()
    assert "probabilities" not in found
    assert all(low <= 0 < high for low, high in found.values())


def test_rounds_as_the_file_does(ready: Graph, few: Examples, tmp_path: Path) -> None:
    """The model that is trained is nearer to its file than the float one is."""
    # Its answers are yes and no, as a real patient's: the file rounds its inputs too, training not.
    few = replace(few, patients=(few.patients > 0).astype(np.float32))
    from skinlite.training.trainer import predict
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.qat.fake_quantize import fake_quantize
    from skinlite_export.qat.recorded_ranges import ranges_in

    noted = calibrated(ready, few)
    exact = predict(build_twin(ready), few)
    rounding = predict(
        fake_quantize(build_twin(ready), ranges_in(noted, ready), ready.float_nodes), few
    )
    path = tmp_path / "model.tflite"
    path.write_bytes(to_int8(ready, noted))
    file = predict_all(LiteRTRunner(path), few.images, few.patients)
    assert np.abs(rounding - file).mean() < 0.8 * np.abs(exact - file).mean()


def test_trained_file_has_the_operators_of_the_other_and_the_same_bytes_again(
    ready: Graph, classifier: Any, few: Examples, tmp_path: Path
) -> None:
    from skinlite.training.trainer import predict

    taught = [weight.copy() for weight in classifier.get_weights()]
    noted = calibrated(ready, few)

    def made(seed: int) -> Graph:
        return tune(ready, classifier, few, rounding=noted, learning_rate=1e-4, seed=seed)

    tuned = made(0)
    contents = {
        "before": to_int8(ready, noted),
        "after": to_trained_int8(tuned, noted, few),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    before, after = (audit(tmp_path / name) for name in contents)
    assert after == before
    assert after.operations["CONV_2D int8"] == 2 and "CONV_2D" not in after.float_operations
    found = predict_all(LiteRTRunner(tmp_path / "after"), few.images, few.patients)
    expected = predict(classifier, few)
    assert np.abs(found - expected).max() < 0.1
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.9

    assert to_trained_int8(made(0), noted, few) == contents["after"]
    weights, others = (
        np.concatenate([weight.ravel() for node in graph.nodes for weight in node.weights])
        for graph in (tuned, made(1))
    )
    assert not np.array_equal(weights, others)
    assert all(map(np.array_equal, taught, classifier.get_weights()))


def test_learns_from_its_teacher_and_so_does_the_control(
    ready: Graph, classifier: Any, few: Examples
) -> None:
    """From a disturbed bias both come back, in as many steps; every kernel and bias is trained."""
    from skinlite.training.trainer import predict
    from skinlite_export.graph.build_keras import build_twin

    last = next(node for node in ready.nodes if node.name.startswith("probabilities"))
    kernel, bias = last.weights
    moved = replace(last, weights=(kernel, bias + np.linspace(-1, 1, 7, dtype=np.float32)))
    nodes = tuple(moved if node is last else node for node in ready.nodes)
    disturbed = replace(ready, nodes=nodes)
    expected = predict(classifier, few)

    def distance(graph: Graph) -> float:
        return float(np.abs(predict(build_twin(graph), few) - expected).mean())

    steps: dict[str, list[tuple[int, int]]] = {}

    def report(what: str, done: int, total: int) -> None:
        steps.setdefault(what, []).append((done, total))

    epochs, start = 20, distance(disturbed)
    for rounding in (calibrated(ready, few), None):
        tuned = tune(
            disturbed,
            classifier,
            few,
            rounding=rounding,
            epochs=epochs,
            learning_rate=3e-3,
            report=report,
        )
        assert distance(tuned) < 0.5 * start
        for before, after in zip(disturbed.nodes, tuned.nodes, strict=True):
            for old, new in zip(before.weights, after.weights, strict=True):
                assert old.shape == new.shape and not np.array_equal(old, new), before.name
    rounded, control = steps.values()
    assert rounded == control == [(step, 3 * epochs) for step in range(1, 3 * epochs + 1)]


def test_says_so_when_it_goes_astray(ready: Graph, classifier: Any, few: Examples) -> None:
    with pytest.raises(InputError, match="Lower the learning rate"):
        tune(ready, classifier, few, rounding=None, learning_rate=1e30)
