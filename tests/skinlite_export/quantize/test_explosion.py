"""One image in a hundred blows a late activation up a hundred times; int8 has to survive it.

A gate like squeeze-excite's that opens on very red images, as networks trained on HAM10000 have
(docs/decisions/0008).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from skinlite.data.examples import Examples

SIZE, MAPS, ORDINARY = 8, 12, 99


@pytest.fixture(scope="module")
def gated() -> tuple[Any, Examples]:
    """A twin with such a gate, and 100 images, of which the last is the red one."""
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.deploy_graph import Graph, Node

    random = np.random.default_rng(0)
    images = random.integers(0, 180, (100, 2, 2, 3), dtype=np.uint8)
    images[ORDINARY:] = (255, 0, 0)
    images = images.repeat(SIZE // 2, axis=1).repeat(SIZE // 2, axis=2)
    patients = random.normal(size=(100, 4)).astype(np.float32)
    examples = Examples(images, np.arange(100), patients, np.arange(100) % 7)

    def normal(*shape: int) -> NDArray[np.float32]:
        return (random.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))).astype(np.float32)

    # 0 up to a red of 0.8 (in the mean over an image), 100 at pure red.
    opens = np.zeros((1, 1, 3, MAPS), np.float32)
    opens[0, 0, 0] = 500
    never = np.full(MAPS, -400, np.float32)
    conv = {"filters": MAPS, "padding": "same", "activation": "relu"}
    flat = SIZE * SIZE * MAPS
    nodes = (
        Node("image", "Input", (), {"shape": (SIZE, SIZE, 3)}),
        Node("patient", "Input", (), {"shape": (4,)}),
        Node("pixels", "Rescaling", ("image",), {"scale": 1 / 255}),
        Node(
            "early",
            "Conv2D",
            ("pixels",),
            {**conv, "kernel_size": 3},
            (normal(3, 3, 3, MAPS), np.full(MAPS, 0.1, np.float32)),
        ),
        Node("mean", "GlobalAveragePooling2D", ("pixels",), {"keepdims": True}),
        Node("red", "Conv2D", ("mean",), {**conv, "kernel_size": 1}, (opens, never)),
        Node("gate", "AddConstant", ("red",), {"value": 1.0}),
        Node("late", "Multiply", ("early", "gate")),
        Node("flat", "Flatten", ("late",)),
        Node("evidence", "Concatenate", ("flat", "patient"), {"axis": -1}),
        Node(
            "probabilities",
            "Dense",
            ("evidence",),
            {"units": 7, "activation": "softmax"},
            (8 * normal(flat + 4, 7), np.zeros(7, np.float32)),
        ),
    )
    # Shifted so that no class is the answer by itself.
    logits = np.log(_answers(build_twin(Graph(nodes)), examples)[:ORDINARY])
    kernel, _ = nodes[-1].weights
    last = replace(nodes[-1], weights=(kernel, -logits.mean(axis=0)))
    return build_twin(Graph((*nodes[:-1], last))), examples


def _answers(twin: Any, examples: Examples) -> NDArray[np.float32]:
    inputs = {"image": examples.images.astype(np.float32), "patient": examples.patients}
    return np.asarray(twin(inputs))


def _agreement(gated: tuple[Any, Examples], ranges: Any) -> tuple[float, int]:
    """Share of equal answers on the ordinary images, and how many classes int8 answers."""
    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_tflite import to_int8
    from skinlite_export.quantize.calibrated_model import answers

    twin, examples = gated

    def every() -> Iterator[Any]:
        return samples(examples)

    content = to_int8(twin, every, ranges=ranges, float_operators={"SOFTMAX"})
    ordinary = examples.take(np.arange(ORDINARY))
    found = answers(content, ordinary).argmax(axis=1)
    expected = _answers(twin, ordinary).argmax(axis=1)
    assert len(set(expected)) == 7
    return float((found == expected).mean()), len(set(found))


def test_the_red_picture_blows_up(gated: tuple[Any, Examples]) -> None:
    import tf_keras

    twin, examples = gated
    inputs = {"image": examples.images.astype(np.float32), "patient": examples.patients}
    late = tf_keras.Model(twin.input, twin.get_layer("late").output)(inputs).numpy()
    peaks = late.reshape(100, -1).max(axis=1)
    assert peaks[ORDINARY] > 50 * np.percentile(peaks, 95)


def test_minimum_and_maximum_collapse(gated: tuple[Any, Examples]) -> None:
    """What the stock converter does: this test is here so that the next one means something."""
    agreement, _ = _agreement(gated, "minmax")
    assert agreement < 0.6


def test_least_squares_does_not(gated: tuple[Any, Examples]) -> None:
    """Even with the image among those that calibrate: screening is a second lock."""
    agreement, classes = _agreement(gated, "mse")
    assert agreement > 0.95
    assert classes == 7
