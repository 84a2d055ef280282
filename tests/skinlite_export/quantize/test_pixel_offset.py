"""A rescaled image in int8: its pixels are exact, and the network is what it was."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

SCALE = 1 / 127.5


def network(offset: float = -1.0, taker: str = "Conv2D") -> Any:
    """A convolution of a rescaled image, with weights whose sum is far from 0."""
    from skinlite_export.graph.deploy_graph import Graph, Node

    kernel = np.random.default_rng(0).uniform(0.5, 1, (3, 3, 3, 7)).astype(np.float32)
    settings = {"filters": 7, "kernel_size": (3, 3), "padding": "same", "use_bias": False}
    conv = Node("conv", "Conv2D", ("rescaled",), settings, (kernel,))
    if taker != "Conv2D":
        conv = Node("conv", taker, ("rescaled",), {"pool_size": (3, 3)})
    return Graph(
        (
            Node("image", "Input", (), {"shape": (9, 9, 3)}),
            Node("patient", "Input", (), {"shape": (7,)}),
            Node("rescaled", "Rescaling", ("image",), {"scale": SCALE, "offset": offset}),
            conv,
            Node("pooled", "GlobalAveragePooling2D", ("conv",)),
            Node("end", "Concatenate", ("pooled", "patient"), {"axis": -1}),
        )
    )


def samples() -> Iterator[dict[str, Any]]:
    random = np.random.default_rng(1)
    for _ in range(8):
        image = random.integers(0, 256, (1, 9, 9, 3)).astype(np.float32)
        yield {"image": image, "patient": np.zeros((1, 7), np.float32)}


def rescaled_levels(graph: Any) -> tuple[Any, Any]:
    """All levels as the int8 file's convolution gets them, in levels from the middle of them."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from skinlite_export.convert.to_tflite import to_int8
    from skinlite_export.graph.build_keras import build_twin

    interpreter = Interpreter(
        model_content=to_int8(build_twin(graph), samples, ranges="mse"),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    image = np.resize(np.arange(256, dtype=np.float32), (1, 9, 9, 3))
    interpreter.allocate_tensors()
    inputs = interpreter.get_signature_runner("serving_default").get_input_details()
    interpreter.set_tensor(inputs["image"]["index"], image)
    interpreter.invoke()
    (taken,) = (
        tensor
        for tensor in interpreter.get_tensor_details()
        if tuple(tensor["shape"]) == image.shape and -128 < tensor["quantization"][1] < 0
    )  # the one with values below 0
    scale, zero = taken["quantization"]
    values = (interpreter.get_tensor(taken["index"]).astype(float) - zero) * scale
    return values.ravel() / SCALE, image.ravel()


def test_every_pixel_is_exact_in_int8() -> None:
    """Half a level off was every one, and all in one direction."""
    from skinlite_export.quantize.pixel_offset import round_offset

    taken, levels = rescaled_levels(round_offset(network()))
    np.testing.assert_allclose(taken, levels - 127, atol=1e-3)
    taken, levels = rescaled_levels(network())
    assert np.abs(taken - (levels - 127.5)).min() > 0.4


def test_the_network_stays_the_same_but_for_the_edge() -> None:
    import tf_keras

    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.quantize.pixel_offset import round_offset

    twins = build_twin(network()), build_twin(round_offset(network()))
    images = [tf_keras.Model(twin.input, twin.get_layer("conv").output) for twin in twins]
    most = 15 * SCALE / 2  # of the 27 weights, 15 see the padding in a corner
    for one in samples():
        expected, found = (np.asarray(image(one)) for image in images)
        np.testing.assert_allclose(found[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1], atol=1e-5)
        np.testing.assert_allclose(found, expected, atol=most)


@pytest.mark.parametrize(
    ("offset", "taker"),
    [(0.0, "Conv2D"), (-128 * SCALE, "Conv2D"), (-3.0, "Conv2D"), (-1.0, "MaxPooling2D")],
)
def test_nothing_changes_where_the_zero_is_on_a_level_or_nobody_takes_the_difference(
    offset: float, taker: str
) -> None:
    from skinlite_export.quantize.pixel_offset import round_offset

    stock = network(offset, taker)
    assert round_offset(stock) == stock
