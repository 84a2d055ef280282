"""A convolution in blocks of pixels is the same convolution, to the bit; and only where it pays."""

import warnings
from itertools import product
from typing import Any

import numpy as np
import pytest

from skinlite_export.rewrites.row_blocks import (
    MOST_PIXELS,
    Blocked,
    Convolution,
    cheapest,
    in_blocks,
)


def convolution(
    size: int, channels: int, filters: int, kernel: int, stride: int, same: bool
) -> Convolution:
    """Of a square image."""
    made = -(-size // stride) if same else (size - kernel) // stride + 1
    return Convolution(
        (size, size, channels), (made, made, filters), (kernel, kernel), (stride, stride), same
    )


def convolve(
    x: np.ndarray, weights: np.ndarray, strides: tuple[int, int], padding: Any
) -> np.ndarray:
    """Of (H, W, C) with weights (O, H, W, C), by the book."""
    x = np.pad(x, (*padding, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, weights.shape[1:3], (0, 1))
    return np.einsum("hwcij,oijc->hwo", windows[:: strides[0], :: strides[1]], weights)


def test_every_block_gives_what_single_pixels_give() -> None:
    random = np.random.default_rng(0)
    tried = set()
    for size, kernel, stride, same in product(range(7, 26), (1, 2, 3, 5, 7), (1, 2), (True, False)):
        shape = convolution(size, 3, 2, kernel, stride, same)
        x = random.integers(-128, 128, shape.taken)
        weights = random.integers(-128, 128, (2, kernel, kernel, 3))
        expected = convolve(x, weights, shape.strides, [shape.margins(0), shape.margins(1)])
        assert expected.shape == shape.made
        for pixels in range(2, MOST_PIXELS + 1):
            blocked = in_blocks(shape, pixels)
            if blocked:
                np.testing.assert_array_equal(run(blocked, shape, x, weights), expected)
                tried.add((pixels, same, blocked.padding is None))
    for pixels in range(2, MOST_PIXELS + 1, 2):  # with TFLite's own padding and with one put first
        assert {one[1:] for one in tried if one[0] == pixels} == set(
            product((True, False), repeat=2)
        )


def run(blocked: Blocked, shape: Convolution, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The convolution in blocks, padded as TFLite pads."""
    same = shape.same and not blocked.padding
    if blocked.padding:
        x = np.pad(x, (*blocked.padding, (0, 0)))
    height, width, channels = x.shape
    x = x.reshape(height, width // blocked.pixels, blocked.pixels * channels)
    rows, columns, filters = shape.made
    seen = Convolution(
        x.shape,
        (rows, columns // blocked.outputs, blocked.outputs * filters),
        (shape.kernel[0], blocked.taps),
        (shape.strides[0], 1),
        same,
    )
    padding = [seen.margins(0), seen.margins(1)]
    made = convolve(x, blocked.kernel(weights), seen.strides, padding)
    assert made.shape == seen.made
    return made.reshape(shape.made)


@pytest.mark.parametrize(
    ("shape", "pixels"),
    [
        pytest.param((224, 3, 16, 3, 2, True), 2, id="MobileNetV3's first"),
        pytest.param((224, 3, 32, 3, 2, False), 2, id="NASNetMobile's first"),
        pytest.param((56, 11, 11, 7, 1, True), 4, id="few channels"),
        pytest.param((111, 32, 11, 7, 2, True), 2, id="an odd width"),
        pytest.param((28, 256, 256, 3, 1, True), None, id="many channels"),
        pytest.param((56, 11, 11, 1, 1, True), None, id="1x1"),
        pytest.param((53, 11, 11, 7, 1, True), None, id="a prime width"),
    ],
)
def test_blocks_are_taken_where_they_pay(shape: Any, pixels: int | None) -> None:
    found = cheapest(convolution(*shape))
    assert (found and found.pixels) == pixels


@pytest.fixture(scope="module")
def int8_file() -> bytes:
    """A convolution of an odd-sized image, and behind it one of few channels."""
    import tf_keras

    layers = tf_keras.layers
    image = layers.Input((31, 31, 32), batch_size=1, name="image")
    first = layers.Conv2D(11, 7, 2, "same", activation="relu")(image)
    return in_int8(tf_keras.Model(image, layers.Conv2D(11, 7, padding="same")(first)))


def in_int8(model: Any) -> bytes:
    """A network of one image, by the stock converter."""
    import tensorflow as tf

    random = np.random.default_rng(0)
    shape = model.input.shape
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [random.normal(size=shape).astype(np.float32)] for _ in range(4)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ranges that the calibration is yet to find
        return bytes(converter.convert())


def test_the_file_gives_the_same_bytes_and_keeps_no_old_kernel(int8_file: bytes) -> None:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from skinlite_export.rewrites.on_tflite import space_to_depth
    from skinlite_export.tflite.editor import Editor

    rewritten = space_to_depth(int8_file)
    image = np.random.default_rng(1).normal(size=(1, 31, 31, 32)).astype(np.float32)
    answers = []
    for content in (int8_file, rewritten):
        for resolver in (OpResolverType.AUTO, OpResolverType.BUILTIN_REF):
            interpreter = Interpreter(model_content=content, experimental_op_resolver_type=resolver)
            interpreter.allocate_tensors()
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
            interpreter.invoke()
            answers.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    assert len(np.unique(answers[0])) > 50
    np.testing.assert_array_equal(answers[2], answers[0])  # XNNPACK's kernels
    np.testing.assert_array_equal(answers[3], answers[1])  # the reference kernels
    editor = Editor(rewritten)
    operators = editor.graph.operators
    names = [editor.operator_name(one) for one in operators]
    assert (names.count("CONV_2D"), names.count("PAD")) == (2, 1)
    kernels = {
        editor.shape(one.inputs[1])
        for one, name in zip(operators, names, strict=True)
        if name == "CONV_2D"
    }
    assert kernels == {(11, 7, 4, 64), (44, 7, 3, 44)}
    seen = {int(index) for one in operators for index in (*one.inputs, *one.outputs)}
    assert seen == set(range(len(editor.graph.tensors))), "a tensor that nothing takes is left"


def test_convolutions_in_groups_are_left_alone() -> None:
    """Their kernels are of fewer channels than the image: in blocks they were of other groups."""
    import tf_keras

    from skinlite_export.rewrites.on_tflite import space_to_depth
    from skinlite_export.tflite.editor import Editor

    image = tf_keras.layers.Input((16, 16, 8), batch_size=1, name="image")
    grouped = tf_keras.layers.Conv2D(8, 3, 2, "same", groups=4)(image)
    content = in_int8(tf_keras.Model(image, grouped))
    before, after = Editor(content), Editor(space_to_depth(content))
    kernels = [
        [editor.shape(one.inputs[1]) for one in editor.graph.operators if len(one.inputs) == 3]
        for editor in (before, after)
    ]
    assert kernels == [[(8, 3, 3, 2)]] * 2
    assert cheapest(convolution(16, 8, 8, 3, 2, True))  # it would pay


def test_a_constant_that_two_operators_take_is_kept_for_the_other(int8_file: bytes) -> None:
    from skinlite_export.tflite.editor import Editor

    editor = Editor(int8_file)
    one, other = [op for op in editor.graph.operators if editor.operator_name(op) == "CONV_2D"][:2]
    kernel = int(one.inputs[1])
    values = editor.values(kernel)
    other.inputs = np.array([other.inputs[0], kernel, other.inputs[2]])
    new = editor.replaced(kernel, np.tile(values, (2, 1, 1, 1)), 2)
    one.inputs = np.array([one.inputs[0], new, one.inputs[2]])
    assert new == len(editor.graph.tensors) - 1
    np.testing.assert_array_equal(editor.values(kernel), values)
    assert editor.replaced(kernel, values, 1) == kernel  # the other is the only one now
