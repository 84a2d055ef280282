"""Adaptive rounding: less error than the nearest step, and weights that conversion leaves alone."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

STEPS = 127


def kernel(*shape: int) -> Any:
    return np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)


def network(float_nodes: frozenset[str] = frozenset()) -> Any:
    """A dense convolution, a separable one, batch norm between."""
    from skinlite_export.graph.deploy_graph import Graph, Node

    norm = tuple(np.array([1, -2, 3, 0.5], np.float32) + shift for shift in (0, 1, 2, 5))
    stem = {"filters": 4, "kernel_size": (3, 3), "strides": (2, 2), "padding": "valid"}
    separable = {**stem, "filters": 5, "strides": (1, 1), "padding": "same", "use_bias": True}
    return Graph(
        (
            Node("image", "Input", (), {"shape": (9, 9, 3)}),
            Node("patient", "Input", (), {"shape": (2,)}),
            Node("stem", "Conv2D", ("image",), {**stem, "use_bias": False}, (kernel(3, 3, 3, 4),)),
            Node("norm", "BatchNormalization", ("stem",), {}, norm),
            Node("relu", "ReLU", ("norm",)),
            Node(
                "separable",
                "SeparableConv2D",
                ("relu",),
                separable,
                (kernel(3, 3, 4, 1), kernel(1, 1, 4, 5), kernel(5)),
            ),
            Node("pooled", "GlobalAveragePooling2D", ("separable",)),
            Node("both", "Concatenate", ("pooled", "patient"), {"axis": -1}),
            Node("end", "Dense", ("both",), {"units": 7}, (kernel(7, 7), kernel(7))),
        ),
        float_nodes=float_nodes,
    )


def samples() -> Iterator[dict[str, Any]]:
    random = np.random.default_rng(1)
    for _ in range(5):
        # As in an image, neighbours are nearly equal.
        image = random.uniform(1, 3) + random.uniform(0, 0.1, (1, 9, 9, 3))
        yield {"image": image.astype(np.float32), "patient": np.ones((1, 2), np.float32)}


def convolutions(graph: Any) -> dict[str, Any]:
    return {node.name: node for node in graph.nodes if "Conv2D" in node.kind}


def on_steps(weights: Any, axes: tuple[int, ...], count: int = STEPS) -> bool:
    steps = weights / (np.abs(weights).max(axis=axes, keepdims=True) / count)
    return bool(np.abs(steps - np.round(steps)).max() < 1e-3)


def test_errors_cancel_where_inputs_go_together() -> None:
    from skinlite_export.quantize.adaptive_rounding import round_together

    random = np.random.default_rng(2)
    weights = random.normal(0, 1, (2, 27, 6))
    weights[0, 3] = 0
    seen = 1 + random.normal(0, 0.05, (2, 500, 27))
    rounded = round_together(weights, np.swapaxes(seen, 1, 2) @ seen)
    step = np.abs(weights).max(axis=1, keepdims=True) / STEPS
    nearest = np.round(weights / step) * step

    def off(found: Any) -> float:
        return float(np.square(seen @ (weights - found)).mean())

    assert on_steps(rounded, (1,))
    assert off(rounded) < off(nearest) / 5
    assert np.abs(rounded - weights).max() <= 2 * step.max()
    assert (np.abs(rounded).max(axis=1) == np.abs(weights).max(axis=1)).all()
    assert (rounded[0, 3] == 0).all()


def test_what_is_0_stays_0_however_much_a_step_would_cancel() -> None:
    """Pruned weights, before others that are all rounded down by 0.4 of a step."""
    from skinlite_export.quantize.adaptive_rounding import round_together

    others = (np.array([20, -35, 60, 71]) + 0.4) / STEPS
    weights = np.array([0, 0, 1, *others])[None, :, None]
    rounded = round_together(weights, np.ones((1, 7, 7)))[0, :, 0]
    assert (rounded[:2] == 0).all()
    assert abs((rounded - weights[0, :, 0]).sum()) < 0.6 / STEPS  # the others cancel


def test_sweeps_go_on_until_no_weight_alone_makes_it_better() -> None:
    """Inputs that wander together, on which one sweep leaves twice the error of four."""
    from skinlite_export.quantize.adaptive_rounding import round_together

    random = np.random.default_rng(0)
    weights = random.normal(0, 1, (1, 27, 6))
    seen = 1 + random.normal(0, 1, (1, 400, 27)).cumsum(axis=2)
    moments = np.swapaxes(seen, 1, 2) @ seen
    error = (weights - round_together(weights, moments))[0]
    step = np.abs(weights[0]).max(axis=0) / STEPS
    least = np.einsum("kc,kl,lc->c", error, moments[0], error)
    for weight in range(27):
        for sign in (-1, 1):
            other = error.copy()
            other[weight] += sign * step
            worse = np.einsum("kc,kl,lc->c", other, moments[0], other) >= least * (1 - 1e-9)
            largest = np.abs(weights[0, weight]) == np.abs(weights[0]).max(axis=0)
            assert (worse | largest).all()


def test_steps_of_7_bits() -> None:
    from skinlite_export.quantize.adaptive_rounding import round_kernels

    rounded = convolutions(round_kernels(network(), samples, steps=64))
    assert on_steps(rounded["stem"].weights[0], (0, 1, 2), 64)
    assert not on_steps(rounded["stem"].weights[0], (0, 1, 2))


def test_what_is_off_on_average_goes_into_the_biases() -> None:
    """Inputs far from 0, as behind a ReLU6: the mean of every channel stays what it was."""
    import tf_keras

    from skinlite_export.graph.build_keras import Twin
    from skinlite_export.quantize.adaptive_rounding import round_kernels

    twins = (Twin(network()).apart().model, Twin(round_kernels(network(), samples)).model)
    for name in ("stem", "separable_depthwise", "separable"):
        before, after = (
            np.concatenate(
                [tf_keras.Model(twin.input, twin.get_layer(name).output)(one) for one in samples()]
            )
            for twin in twins
        )
        off = np.abs((after - before).mean(axis=(0, 1, 2))).max()
        assert off < 0.1 * np.abs(after - before).max(), name
        assert off < 2e-5 * np.abs(before).max(), name


def test_each_layer_is_rounded_by_what_it_sees() -> None:
    """Its outputs vary less about their mean than with the nearest steps."""
    import tf_keras

    from skinlite_export.graph.build_keras import Twin
    from skinlite_export.quantize.adaptive_rounding import input_moments, round_kernels

    graph = Twin(network()).apart().graph
    nodes, rounded = convolutions(graph), convolutions(round_kernels(network(), samples))
    model = Twin(graph).model
    for node, seen in input_moments(model, list(nodes.values()), samples):
        watched = tf_keras.Model(model.input, model.get_layer(node.inputs[0]).output)
        values = np.concatenate([watched(one) for one in samples()])
        channels = (0, 1, 2)
        about = values - values.mean(axis=channels)
        if node.name == "separable":  # 1x1: what it sees are the channels themselves
            np.testing.assert_allclose(seen.mean[0], values.mean(axis=channels), rtol=1e-5)
            expected = np.einsum("nhwc,nhwd->cd", about, about)
            np.testing.assert_allclose(seen.moments[0], expected, atol=1e-4 * expected.max())
        weights = node.weights[0]
        axes = (0, 1) if node.kind == "DepthwiseConv2D" else channels
        step = np.abs(weights).max(axis=axes, keepdims=True) / STEPS
        errors = weights - rounded[node.name].weights[0], weights - np.round(weights / step) * step
        groups, k = seen.mean.shape
        if groups == 1:
            adapted, nearest = (error.reshape(1, k, -1) for error in errors)
        else:
            adapted, nearest = (error.reshape(k, groups, 1).swapaxes(0, 1) for error in errors)
        lost = [
            np.einsum("gkc,gkl,glc->", error, seen.moments, error) for error in (adapted, nearest)
        ]
        # Of the separable one's four channels the nearest steps are the best already.
        assert lost[0] < {"separable": 1.001}.get(node.name, 0.8) * lost[1], node.name


@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2D"])
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [
        (7, 3, 1, "same"),
        (8, 5, 2, "same"),
        (7, 2, 2, "same"),
        (9, 3, 2, "valid"),
        (5, 5, 1, "valid"),
    ],
)
def test_patches_are_those_of_the_convolution(
    kind: str, size: int, kernel: int, stride: int, padding: str
) -> None:
    import tensorflow as tf

    from skinlite_export.graph.deploy_graph import Node
    from skinlite_export.quantize.adaptive_rounding import _grouped, _patches, _windows

    random = np.random.default_rng(0)
    pixels = random.normal(size=(1, size, size + 1, 4)).astype(np.float32)
    outputs = 5 if kind == "Conv2D" else 1
    weights = random.normal(size=(kernel, kernel, 4, outputs)).astype(np.float32)
    node = Node("it", kind, ("x",), {"strides": stride, "padding": padding}, (weights,))
    convolution = tf.nn.conv2d if kind == "Conv2D" else tf.nn.depthwise_conv2d
    strides = (1, stride, stride, 1)
    expected = convolution(pixels, weights, strides, padding.upper()).numpy()
    grouped = _grouped(node, weights)
    patches = _patches(node, _windows(node, tf.constant(pixels))).numpy()
    found = (patches @ grouped).transpose(1, 0, 2).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_inputs_that_are_always_0_keep_the_nearest_step() -> None:
    from skinlite_export.quantize.adaptive_rounding import round_together

    weights = np.array([[[1.0], [0.3001], [-0.7002]]])
    nearest = np.round(weights * STEPS) / STEPS
    assert np.allclose(round_together(weights, np.zeros((1, 3, 3))), nearest, atol=1e-12)


def test_conversion_changes_the_weights_no_more() -> None:
    from ai_edge_litert.interpreter import Interpreter

    from skinlite_export.convert.to_tflite import to_int8
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.quantize.adaptive_rounding import round_kernels

    rounded = round_kernels(network(), samples)
    found = convolutions(rounded)
    assert list(found) == ["stem", "separable_depthwise", "separable"]
    norm = next(node for node in rounded.nodes if node.name == "norm")
    gamma, _, _, variance = norm.weights
    factor = gamma / np.sqrt(variance + 1e-3)
    expected = {
        (4, 3, 3, 3): np.moveaxis(found["stem"].weights[0] * factor, -1, 0),
        (1, 3, 3, 4): np.moveaxis(found["separable_depthwise"].weights[0], -1, 0),
        (5, 1, 1, 4): np.moveaxis(found["separable"].weights[0], -1, 0),
    }
    content = to_int8(build_twin(rounded), samples, ranges="mse")
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    for tensor in interpreter.get_tensor_details():
        wanted = expected.pop(tuple(tensor["shape"]), None)
        if wanted is not None:
            quantized = tensor["quantization_parameters"]
            shape = np.ones(4, int)
            shape[quantized["quantized_dimension"]] = -1
            scale = quantized["scales"].reshape(shape)
            stored = interpreter.get_tensor(tensor["index"]) * scale
            assert tensor["dtype"] == np.int8
            assert np.abs(stored - wanted).max() < 1e-3 * scale.min()
    assert not expected


def test_what_stays_in_float_keeps_its_weights() -> None:
    from skinlite_export.quantize.adaptive_rounding import round_kernels

    before = convolutions(network())
    after = convolutions(round_kernels(network(frozenset({"stem"})), samples, ["separable"]))
    assert (after["stem"].weights[0] == before["stem"].weights[0]).all()
    assert (after["separable"].weights[0] == before["separable"].weights[1]).all()
    assert on_steps(after["separable_depthwise"].weights[0], (0, 1))
