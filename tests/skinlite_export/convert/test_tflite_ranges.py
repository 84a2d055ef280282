"""Ranges in the file: a hard-swish needs no steps for what it makes 0."""

from typing import Any

import numpy as np
import pytest


def network(hard_swish: bool, weights: tuple[float, ...] = (-1, -0.5, 0.5, 1)) -> Any:
    """A convolution whose outputs reach far below -3; they matter where there is no hard-swish."""
    from skinlite_export.graph.deploy_graph import Graph, Node
    from skinlite_export.rewrites.arithmetic import fold_scales, unfuse_hard_swish

    random = np.random.default_rng(0)
    kernel = np.array(weights, np.float32).reshape(1, 1, 1, 4)
    zeros, convolution = np.zeros(7, np.float32), {"kernel_size": (1, 1)}
    mixing, last = random.normal(0, 1, (1, 1, 4, 4)), random.normal(0, 1, (6, 7))
    nodes = [
        Node("image", "Input", (), {"shape": (6, 6, 1)}),
        Node("patient", "Input", (), {"shape": (2,)}),
        Node("conv", "Conv2D", ("image",), {**convolution, "filters": 4}, (kernel, zeros[:4])),
        Node("bent", "HardSwish" if hard_swish else "LeakyReLU", ("conv",)),
        Node(
            "mixed",
            "Conv2D",
            ("bent",),
            {**convolution, "filters": 4},
            (mixing.astype(np.float32), zeros[:4]),
        ),
        Node("pooled", "GlobalAveragePooling2D", ("mixed",)),
        Node("all", "Concatenate", ("pooled", "patient"), {"axis": -1}),
        Node("end", "Dense", ("all",), {"units": 7}, (last.astype(np.float32), zeros)),
    ]
    return fold_scales(unfuse_hard_swish(Graph(tuple(nodes))))


def samples(darkest: float = 0) -> list[dict[str, Any]]:
    random = np.random.default_rng(1)
    return [
        {
            "image": random.uniform(darkest, 9, (1, 6, 6, 1)).astype(np.float32),
            "patient": np.ones((1, 2), np.float32),
        }
        for _ in range(5)
    ]


@pytest.mark.parametrize(("hard_swish", "lowest"), [(True, -3.3), (False, -9)])
def test_a_range_ends_where_hard_swish_is_0(hard_swish: bool, lowest: float) -> None:
    from skinlite_export.convert.to_tflite import measure_ranges
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.tflite.flatbuffer import has_range, unpack

    content = measure_ranges(build_twin(network(hard_swish)), lambda: iter(samples()), ranges="mse")
    tensors = [one for one in unpack(content).subgraphs[0].tensors if has_range(one)]
    (low,) = [one.quantization.min[0] for one in tensors if b"/conv/" in one.name]
    assert low == pytest.approx(lowest, rel=0.05)
    # Of the image every level counts, though these samples have none above 9.
    (image,) = [one.quantization for one in tensors if b"image" in one.name]
    assert (image.min[0], image.max[0]) == (0, 255)


def test_what_is_0_on_the_few_has_the_range_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all samples, though the converter is shown one, and the errors are measured on one."""
    from skinlite_export.convert.to_tflite import measure_ranges
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.tflite.flatbuffer import has_range, unpack

    monkeypatch.setattr("skinlite_export.convert.choose_ranges.MOST_SAMPLES", 1)
    given = [*samples(darkest=4), *samples()]  # relu6(3 - pixel) is 0 on the first
    twin = build_twin(network(True, (-1, -1, -1, -1)))
    content = measure_ranges(twin, lambda: iter(given), ranges="mse")
    (steps,) = [
        tensor.quantization
        for tensor in unpack(content).subgraphs[0].tensors
        if has_range(tensor) and b"/bent_relu6" in tensor.name
    ]
    darkest = min(sample["image"].min() for sample in given)
    assert (steps.min[0], steps.max[0]) == pytest.approx((0, 3 - darkest), abs=1e-5)
