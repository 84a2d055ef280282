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


def network(
    *,
    norms: bool = True,
    dead: bool = True,
    top: float | None = TOP,
    level: float = 2,
    shown: float = 0,
) -> Any:
    """A bottleneck: channel `DEAD` hears nothing, channel `WORST` compares its neighbours.

    Args:
        norms: with batch norms in place of biases.
        dead: whether there is a dead channel.
        top: of the first ReLU.
        level: what its input is about.
        shown: what is added to what comes into the second ReLU in channel `DEAD`.
    """
    from skinlite_export.graph.deploy_graph import Graph, Node

    first = kernel(1, 1, 2, 4) * np.float32(0.1)
    if dead:
        first[..., DEAD] = 1e-12
    edges = kernel(3, 3, 4, 1, seed=1) * np.float32(0.1)
    edges[1, :2, WORST, 0] = -20, 20
    relu, one = {"max_value": top}, {"kernel_size": (1, 1), "use_bias": False}

    def layer(name: str, node: Node, *more: float) -> list[Node]:
        beta = np.array(more, np.float32)
        if not norms:
            settings = {**node.settings, "use_bias": True}
            return [replace(node, settings=settings, weights=(*node.weights, beta))]
        gamma, mean, variance = (np.full(4, value, np.float32) for value in (1, 0.1, 0.9))
        norm = gamma, beta, mean, variance
        return [node, Node(name, "BatchNormalization", (node.name,), {}, norm)]

    return Graph(
        (
            Node("image", "Input", (), {"shape": (6, 6, 2)}),
            *layer(
                "first",
                Node("conv", "Conv2D", ("image",), {**one, "filters": 4}, (first,)),
                *[level] * 4,
            ),
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
                *(2, 2, 2, 2 + shown),
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
    values = before(inputs).numpy()
    step = values.max() / 255
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
    assert np.array_equal(shift[[0, 2]], [0, 0])
    assert shift[DEAD] == pytest.approx(-shift[WORST], rel=1e-3)
    assert 0.4 * 2 / 255 < 2 * shift[DEAD] < 0.8 * 2 / 255, "half a step of a range of 2 to 3"


@pytest.mark.parametrize(
    "settings",
    [{"dead": False}, {"top": None}, {"level": 0}, {"level": 8}],
    ids=["nothing dead", "no ReLU6", "at 0 in places", "at 6"],
)
def test_a_network_in_which_nothing_can_be_copied_keeps_its_kernels(
    settings: dict[str, Any],
) -> None:
    """At the ends of a ReLU int8 is exact, and a shifted copy would not be."""
    stock = network(**settings)
    assert filled(stock) == stock


@pytest.mark.parametrize("blurs", [False, True])
def test_at_the_edges_a_copy_costs_less_than_it_gains(blurs: bool) -> None:
    """The padding isn't shifted as the copies are; a kernel that adds up feels that most."""
    stock = network(shown=-9)  # what the dead channel gives is 0 at the edges, too
    node = next(node for node in stock.nodes if node.name == "depthwise")
    kernels = np.array(node.weights[0])
    if blurs:
        kernels[..., WORST, 0] = 0.3
    padded = replace(node, settings={**node.settings, "padding": "same"}, weights=(kernels,))
    stock = replace(stock, nodes=tuple(padded if one is node else one for one in stock.nodes))
    copied, expected = filled(stock), answers(stock)
    assert (copied.nodes[1].weights[0] != stock.nodes[1].weights[0]).any()
    lost, left = (
        np.sqrt(np.mean((answers(one, rounded=True) - expected) ** 2)) for one in (stock, copied)
    )
    assert left < lost


@pytest.mark.parametrize("shown", [1, 7], ids=["passed", "cut at 6"])
def test_what_a_dead_channel_gave_goes_into_the_bias(shown: float) -> None:
    stock = network(shown=shown)
    np.testing.assert_allclose(answers(filled(stock)), answers(stock), atol=1e-4)


def test_a_projection_may_be_the_first_layer_of_the_next_bottleneck() -> None:
    """As in the first MobileNet: what is done to both of them has to stay."""
    stock = network()
    names = {"image": "project", "first": "first2", "second": "second2"}
    own = [node for node in stock.nodes if node.name not in ("image", "pooled", "end")]
    second = [
        replace(
            node,
            name=f"{node.name}2",
            inputs=tuple(names.get(name, f"{name}2") for name in node.inputs),
        )
        for node in own[own.index(next(node for node in own if node.name == "rounded")) :]
    ]
    project = next(node for node in own if node.name == "project")
    wide = np.float32(0.1) * kernel(1, 1, 4, 4, seed=3)
    wide[..., DEAD] = 1e-12
    widened = replace(
        project,
        settings={**project.settings, "filters": 4, "use_bias": True},
        weights=(wide, np.full(4, 2, np.float32)),
    )
    second[0] = replace(second[0], inputs=("project",))
    one = {node.name: node for node in second}["depthwise2"]
    second[second.index(one)] = replace(one, settings={**one.settings, "kernel_size": (3, 3)})
    ends = [node for node in stock.nodes if node.name in ("pooled", "end")]
    chain = replace(
        stock,
        nodes=(
            stock.nodes[0],
            *(widened if node is project else node for node in own),
            *second,
            replace(ends[0], inputs=("project2",)),
            ends[1],
        ),
    )
    copied = filled(chain)
    changed = {
        before.name
        for before, after in zip(chain.nodes, copied.nodes, strict=True)
        if any(map(lambda one, two: not np.array_equal(one, two), before.weights, after.weights))
    }
    assert {"conv", "project", "depthwise2", "project2"} <= changed
    np.testing.assert_allclose(answers(copied), answers(chain), atol=1e-3)


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
