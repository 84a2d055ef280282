"""Post-training quantization: what a recipe asks for is done, once, on the network it is for."""

from typing import Any

import numpy as np
import pytest

from skinlite.errors import SkinliteError
from skinlite.training.input.prepare import Prepared
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.registry import OF_THE_IMAGES

SMALL = Recipe(calibration_pictures=20, screening=None, gates=None)


@pytest.fixture(scope="module")
def twin(kept_run: Any) -> Any:
    from skinlite_export.graph.build_keras import Twin
    from skinlite_export.graph.read_keras import read_keras

    return Twin(read_keras(kept_run.load_model()))


def fit(twin: Any, data: Prepared, **settings: Any) -> Any:
    from skinlite_export.quantize.calibration_pool import training_pool
    from skinlite_export.quantize.post_training import fit

    recipe = SMALL.model_copy(update=settings)
    return fit(twin, training_pool(data), recipe, data.examples["test"])


def same(graph: Any, other: Any) -> bool:
    """Whether two graphs have the same weights."""
    return all(
        np.array_equal(weight, its)
        for node, twin in zip(graph.nodes, other.nodes, strict=True)
        for weight, its in zip(node.weights, twin.weights, strict=True)
    )


def test_a_twin_is_built_once_and_only_when_asked_for(twin: Any) -> None:
    from skinlite_export.graph.build_keras import Twin

    lazy = Twin(twin.graph)
    assert "model" not in vars(lazy)
    assert lazy.model is lazy.model


def test_a_model_goes_on_to_a_twin_of_other_weights_alone(
    twin: Any, conv_prepared: Prepared
) -> None:
    """And whoever gave it away builds another, with its own weights."""
    from dataclasses import replace

    from skinlite_export.graph.build_keras import Twin, few_probabilities

    def answers(one: Any) -> Any:
        return few_probabilities(one.model, conv_prepared.examples["test"])

    *nodes, last = twin.graph.nodes
    kernel, bias = last.weights
    moved = replace(last, weights=(kernel, bias + 3 * np.eye(7)[0].astype(np.float32)))
    other = replace(twin.graph, nodes=(*nodes, moved))
    first = Twin(twin.graph)
    expected, model = answers(first), first.model
    second = first.become(other)
    assert second.model is model and second.graph is other
    np.testing.assert_array_equal(answers(second), answers(Twin(other)))
    assert first.model is not model and np.abs(answers(second) - expected).max() > 0.1
    np.testing.assert_array_equal(answers(first), expected)

    renamed = replace(other, nodes=(*nodes, replace(last, name="another")))
    model = second.model
    third = second.become(renamed)
    assert third.model is not model and second.model is model


def test_kernels_change_as_far_as_the_recipe_asks(twin: Any, conv_prepared: Prepared) -> None:
    plain = fit(twin, conv_prepared)
    assert plain.exact is plain.rounded is twin.graph
    assert len(plain.images) == plain.calibration.drawn == 20
    # Clusters have weights of their own, which neither rewrite may change.
    clustered = fit(twin, conv_prepared, rewrites=OF_THE_IMAGES, cluster=16)
    assert clustered.exact is clustered.rounded is twin.graph
    both = fit(twin, conv_prepared, rewrites=OF_THE_IMAGES)
    assert both.exact is not twin.graph and not same(both.rounded, both.exact)
    assert both.content != plain.content


def test_an_equalization_that_changes_the_network_is_refused(
    twin: Any, conv_prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from skinlite_export.quantize import post_training

    def broken(twin: Any, samples: Any) -> Any:
        *nodes, last = twin.graph.nodes
        kernel, bias = last.weights
        changed = replace(last, weights=(kernel, bias + np.eye(7)[0]))
        return replace(twin.graph, nodes=(*nodes, changed))

    monkeypatch.setattr(post_training, "equalize", broken)
    with pytest.raises(SkinliteError, match="deploy graph differs"):
        fit(twin, conv_prepared, rewrites=OF_THE_IMAGES)
