"""Dead channels become copies: the same answers, and less is lost of what was rounded worst."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

TOP = 6.0
DEAD = 3
WORST = 1


def kernel(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def network(*, norms: bool = True, dead: bool = True, top: float | None = TOP) -> Any:
    """A bottleneck: channel `DEAD` hears nothing, channel `WORST` compares its neighbours."""
    from skinlite_export.graph.deploy_graph import Graph, Node

    first = kernel(1, 1, 2, 4) * np.float32(0.1)
    if dead:
        first[..., DEAD] = 1e-12
    edges = kernel(3, 3, 4, 1, seed=1) * np.float32(0.1)
    edges[1, :2, WORST, 0] = -20, 20
    norm = tuple(np.array([value] * 4, np.float32) for value in (1, 2, 0.1, 0.9))
    relu, one = {"max_value": top}, {"kernel_size": (1, 1), "use_bias": False}

    def layer(name: str, node: Node) -> list[Node]:
        return [node, Node(name, "BatchNormalization", (node.name,), {}, norm)] if norms else [node]

    return Graph(
        (
            Node("image", "Input", (), {"shape": (6, 6, 2)}),
            *layer("first", Node("conv", "Conv2D", ("image",), {**one, "filters": 4}, (first,))),
            Node("rounded", "ReLU", ("first" if norms else "conv",), relu),
            *layer(
                "second",
                Node(
                    "depthwise",
                    "DepthwiseConv2D",
                    ("rounded",),
                    {"kernel_size": (3, 3), "strides": (1, 1), "use_bias": False},
                    (edges,),
                ),
            ),
            Node("passed", "ReLU", ("second" if norms else "depthwise",), {"max_value": TOP}),
            Node(
                "project", "Conv2D", ("passed",), {**one, "filters": 3}, (kernel(1, 1, 4, 3) + 1,)
            ),
            Node("pooled", "GlobalAveragePooling2D", ("project",)),
            Node("end", "Dense", ("pooled",), {"units": 2}, (kernel(3, 2), kernel(2))),
        )
    )


def samples() -> list[dict[str, Any]]:
    random = np.random.default_rng(1)
    return [{"image": random.uniform(2, 3, (1, 6, 6, 2)).astype(np.float32)} for _ in range(40)]


def filled(graph: Any) -> Any:
    from skinlite_export.graph.build_keras import Twin
    from skinlite_export.quantize.dead_channels import use_dead_channels

    return use_dead_channels(Twin(graph), samples())


def answers(graph: Any, *, rounded: bool = False) -> Any:
    """Of each sample, the output; with the first ReLU's output in int8, if asked for."""
    import tf_keras

    from skinlite_export.graph.build_keras import build_twin

    twin = build_twin(graph)
    inputs = {"image": np.concatenate([sample["image"] for sample in samples()])}
    relu = twin.get_layer("rounded").output
    before, after = tf_keras.Model(twin.input, relu), tf_keras.Model(relu, twin.output)
    values, step = before(inputs).numpy(), TOP / 255
    return after(np.round(values / step) * step if rounded else values).numpy()


@pytest.mark.parametrize("norms", [True, False])
def test_a_copy_changes_no_answer_and_halves_what_rounding_costs(norms: bool) -> None:
    stock = network(norms=norms)
    copied = filled(stock)
    expected = answers(stock)
    np.testing.assert_allclose(answers(copied), expected, atol=1e-4)
    lost, left = (np.std(answers(one, rounded=True) - expected) for one in (stock, copied))
    assert left < 0.65 * lost


def test_the_channel_that_is_rounded_worst_is_copied() -> None:
    stock, copied = network(), filled(network())
    before, after = (
        {node.name: node.weights for node in one.nodes if node.weights} for one in (stock, copied)
    )
    first, depthwise, project = (after[name][0] for name in ("conv", "depthwise", "project"))
    assert np.array_equal(first[..., DEAD], before["conv"][0][..., WORST])
    assert np.array_equal(depthwise[:, :, DEAD], before["depthwise"][0][:, :, WORST])
    for channel in (DEAD, WORST):
        np.testing.assert_allclose(project[0, 0, channel], before["project"][0][0, 0, WORST] / 2)
    shift = after["first"][1] - before["first"][1]
    np.testing.assert_allclose(shift, [0, 0, 0, TOP / 255 / 2], atol=1e-6)


@pytest.mark.parametrize(
    "settings", [{"dead": False}, {"top": None}], ids=["nothing dead", "steps that aren't known"]
)
def test_a_network_without_room_stays_as_it_is(settings: dict[str, Any]) -> None:
    stock = network(**settings)
    assert filled(stock) == stock


def test_a_channel_that_only_looks_dead_stays() -> None:
    """Its kernel is about 0, but what it gives is no constant: behind it, the padding shows."""
    stock = network()
    padded = replace(
        stock,
        nodes=tuple(
            replace(node, settings={**node.settings, "padding": "same"})
            if node.name == "depthwise"
            else node
            for node in stock.nodes
        ),
    )
    before, after = (
        next(node.weights[0] for node in one.nodes if node.name == "conv")
        for one in (padded, filled(padded))
    )
    assert np.array_equal(before, after)
