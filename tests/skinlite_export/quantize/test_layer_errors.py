"""What int8 costs each layer, the names of the layers, and the search that goes by them."""

from typing import Any

import numpy as np
import pytest

from skinlite.data.examples import Examples
from skinlite.errors import InputError
from skinlite_export.recipe import Gates, Recipe
from skinlite_export.rewrites.registry import ALL

LOOSE = Gates(
    agreement=0,
    balanced_accuracy_drop=1,
    melanoma_recall_drop=1,
    macro_auc_drop=1,
    ece_rise=1,
)


@pytest.fixture
def calibrated(classifier: Any, few: Examples) -> Any:
    """`classifier` with ranges of `few`."""
    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_tflite import measure_ranges
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.quantize.calibrated_model import Calibrated
    from skinlite_export.rewrites.registry import apply_rewrites

    graph = apply_rewrites(read_keras(classifier), ALL)
    content = measure_ranges(build_twin(graph), lambda: samples(few), ranges="minmax")
    return Calibrated(content, graph, Recipe(rewrites=ALL))


def test_operators_carry_the_names_of_their_layers(calibrated: Any) -> None:
    from skinlite_export.quantize.operators import find_layers

    names = [node.name for node in calibrated.graph.nodes]
    assert all(one.layer in names for one in calibrated.operations)
    (attention,) = find_layers(calibrated.operations, ["soft_attention_conv"])
    assert attention.operator == "CONV_2D"
    # The classifier's layer is a product and a softmax.
    last = [one.operator for one in find_layers(calibrated.operations, ["probabilities"])]
    assert last == ["FULLY_CONNECTED", "SOFTMAX"]
    # A layer that was fused into a convolution names the convolution too.
    fused = next(one for one in calibrated.operations if len(one.layers) > 1)
    for name in fused.layers:
        assert fused in find_layers(calibrated.operations, [name])
    with pytest.raises(InputError, match=r"'soft_atention_conv'.*soft_attention_conv"):
        find_layers(calibrated.operations, ["soft_atention_conv"])


def spoil(calibrated: Any) -> tuple[str, Any]:
    """A convolution, and the same network with a tenth of the range of its output."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    from skinlite_export.quantize.calibrated_model import Calibrated

    layer, tensor = next(
        (one.layer, one.tensor) for one in calibrated.operations if one.operator == "CONV_2D"
    )
    model = schema.ModelT.InitFromPackedBuf(calibrated.content, 0)
    for one in model.subgraphs[0].tensors:
        if one.name.decode() == tensor:
            one.quantization.max = [0.1 * one.quantization.max[0]]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return layer, Calibrated(bytes(builder.Output()), calibrated.graph, calibrated.recipe)


def test_a_range_that_is_too_small_is_found(calibrated: Any, few: Examples) -> None:
    """It clips, loses its signal, and costs more."""
    from skinlite_export.quantize.layer_errors import explain

    before = {one.layer: one for one in explain(calibrated, few)}
    layer, spoiled = spoil(calibrated)
    assert before[layer].clipped < 0.01
    assert before[layer].sqnr > 25
    told: list[tuple[int, int]] = []
    errors = explain(spoiled, few, report=lambda what, done, total: told.append((done, total)))
    (found,) = (one for one in errors if one.layer == layer)
    assert found.operator == "CONV_2D"
    assert found.clipped > 0.2
    assert found.shift < -1  # what is clipped is less than it was
    assert found.sqnr < 15
    assert found.cost > 5 * before[layer].cost
    assert [error.cost for error in errors] == sorted((e.cost for e in errors), reverse=True)
    assert told[-1] == (len(errors), len(errors))
    # In float it is not measured.
    assert layer not in {one.layer for one in explain(spoiled, few, [layer])}


def test_the_curve_falls_where_a_range_is_too_small(calibrated: Any, few: Examples) -> None:
    from skinlite_export.quantize.error_by_depth import error_by_depth

    layer, spoiled = spoil(calibrated)
    before = error_by_depth(calibrated, calibrated.to_int8(), few)
    after = error_by_depth(spoiled, spoiled.to_int8(), few)
    names = [one.layer for one in before]
    assert names == [one.layer for one in after] and len(names) > 8
    place = names.index(layer)
    for one, other in zip(before[:place], after[:place], strict=True):
        assert one.sqnr == pytest.approx(other.sqnr, abs=0.1)
    assert before[place].sqnr > 25 > 15 > after[place].sqnr
    # The error is carried on to what comes behind.
    assert after[place + 1].sqnr < before[place + 1].sqnr - 5
    assert not before[place].in_float
    kept = error_by_depth(spoiled, spoiled.to_int8([layer]), few)
    (alone,) = (one for one in kept if one.layer == layer)
    assert alone.in_float and alone.sqnr > 25


def test_divergence() -> None:
    from skinlite_export.quantize.layer_errors import divergence

    p = np.array([[0.5, 0.5], [1.0, 0.0]], np.float32)
    q = np.array([[0.25, 0.75], [1.0, 0.0]], np.float32)
    assert divergence(p, p) == pytest.approx(0, abs=1e-6)
    by_hand = 0.5 * np.log(2) + 0.5 * np.log(2 / 3)
    assert divergence(p, q) == pytest.approx([by_hand, 0], abs=1e-6)


def test_a_search_that_has_nothing_to_do(calibrated: Any, few: Examples) -> None:
    from skinlite_export.quantize.calibrated_model import answers
    from skinlite_export.quantize.float_layers import search

    keras = answers(calibrated.content, few)
    found, errors = search(calibrated, LOOSE, few, keras, np.arange(len(few)))
    assert (found.found, found.kept, len(found.steps), errors) == (True, (), 1, None)


@pytest.mark.parametrize("passing", [2, 99])
def test_a_search_stops_where_the_gates_hold_or_gives_up(
    calibrated: Any, few: Examples, monkeypatch: pytest.MonkeyPatch, passing: int
) -> None:
    """With a gate that holds from the second layer on, or never."""
    from skinlite_export.quantize import float_layers as module
    from skinlite_export.quantize.calibrated_model import answers

    judged: list[str] = []

    def judge(*arguments: Any) -> Any:
        judged.append("")
        gates = LOOSE if len(judged) > passing else LOOSE.model_copy(update={"agreement": 1.1})
        return original(*arguments[:5], gates)

    original = module.judge
    monkeypatch.setattr(module, "judge", judge)
    monkeypatch.setattr(module, "MOST_FLOAT", 0.25)
    keras, lesions = answers(calibrated.content, few), np.arange(len(few))
    found, errors = module.search(calibrated, LOOSE, few, keras, lesions)
    assert errors is not None
    ranked = list(dict.fromkeys(one.layer for one in errors))
    for count, step in enumerate(found.steps):
        assert step.kept == tuple(ranked[:count])
    if passing == 2:
        assert found.found and found.kept == tuple(ranked[:2])
        assert [bool(step.failed) for step in found.steps] == [True, True, False]
    else:
        assert not found.found and found.kept == ()
        assert len(found.steps) == 1 + round(0.25 * len(ranked))
        assert set(found.steps[-1].failed) == {"agreement"}


@pytest.mark.parametrize(
    ("name", "measured", "interval", "holds"),
    [
        ("agreement", 0.96, (0.950, 0.970), True),
        ("agreement", 0.952, (0.942, 0.962), False),  # above the limit by less than an error
        ("melanoma_recall_drop", 0.01, (-0.03, 0.05), True),
        ("melanoma_recall_drop", 0.04, (0.00, 0.08), False),
        ("melanoma_recall_drop", None, None, False),
    ],
)
def test_a_search_wants_a_standard_error_more(
    name: str, measured: float | None, interval: tuple[float, float] | None, holds: bool
) -> None:
    from skinlite_export.manifest.measured import Gate
    from skinlite_export.quantize.float_layers import _holds_elsewhere

    limit = {"agreement": 0.95, "melanoma_recall_drop": 0.05}[name]
    gate = Gate(file="x", name=name, limit=limit, measured=measured, interval=interval, passed=True)
    assert _holds_elsewhere(gate) == holds
