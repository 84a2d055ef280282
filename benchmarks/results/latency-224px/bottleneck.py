"""What one 1x1 convolution in the place of a bottleneck's two gains or costs.

Prints a table: a bottleneck between two depthwise convolutions, as the network has it at 224 px,
and with the product of its kernels; int8 and float32; medians of one thread, milliseconds.
"""

import time

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from skinlite.process.quiet import silenced

BOTTLENECKS = {  # picture, channels taken, between and made, whether the input is added between
    "MobileNetV3Large": (112, 16, 16, 64, True),
    "MobileNetV2": (112, 32, 16, 96, False),
    "MobileNetV3Small": (56, 16, 16, 72, False),
}


def build(
    size: int, taken: int, between: int, made: int, added: bool, *, composed: bool, int8: bool
) -> bytes:
    """A .tflite of a depthwise convolution, the bottleneck, and the next depthwise one."""
    random = np.random.default_rng(0)

    def kernel(*shape: int) -> tf.Tensor:
        return tf.constant(random.normal(0, 0.3, shape).astype(np.float32))

    first, last = kernel(3, 3, taken, 1), kernel(3, 3, made, 1)
    narrow, wide = kernel(1, 1, taken, between), kernel(1, 1, between, made)
    product = narrow @ wide

    @tf.function(input_signature=[tf.TensorSpec((1, size, size, taken))])
    def network(picture: tf.Tensor) -> tf.Tensor:
        x = tf.nn.relu(picture + 0.1)
        d = tf.nn.relu(tf.nn.depthwise_conv2d(x, first, (1, 1, 1, 1), "SAME"))
        if composed and added:
            y = tf.nn.conv2d(tf.concat([x, d], -1), tf.concat([wide, product], 2), 1, "SAME")
        elif composed:
            y = tf.nn.conv2d(d, product, 1, "SAME")
        else:
            y = tf.nn.conv2d(d, narrow, 1, "SAME") + (x if added else 0)
            y = tf.nn.conv2d(y, wide, 1, "SAME")
        return tf.nn.depthwise_conv2d(tf.nn.relu(y), last, (1, 2, 2, 1), "SAME")

    converter = tf.lite.TFLiteConverter.from_concrete_functions([network.get_concrete_function()])
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [random.normal(size=(1, size, size, taken)).astype(np.float32)] for _ in range(3)
        )
    with silenced():
        return bytes(converter.convert())


def milliseconds(files: list[bytes]) -> list[float]:
    """Medians of turns that settle for 20 ms."""
    runners, times = [], [list[float]() for _ in files]
    for content in files:
        runners.append(Interpreter(model_content=content, num_threads=1))
        runners[-1].allocate_tensors()
    for _ in range(60):
        for runner, found in zip(runners, times, strict=True):
            settled = time.perf_counter() + 0.02
            while time.perf_counter() < settled:
                runner.invoke()
            for _ in range(3):
                start = time.perf_counter()
                runner.invoke()
                found.append(1e3 * (time.perf_counter() - start))
    return [float(np.median(found)) for found in times]


if __name__ == "__main__":
    for network, shape in BOTTLENECKS.items():
        for int8 in (True, False):
            pair = [build(*shape, composed=composed, int8=int8) for composed in (False, True)]
            two, one = milliseconds(pair)
            print(f"| {network} {'int8' if int8 else 'float32'} | {two:.3f} | {one:.3f} |")
